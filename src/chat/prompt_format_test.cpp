#include "chat/prompt_format.h"

#include <gtest/gtest.h>

namespace hermes::chat {
namespace {

TEST(AddedSentences, FindsWhatOneTextHasMore) {
  EXPECT_EQ(added_sentences("<h>\n\nYou are H.<e>", "<h>\n\nYou are H. Think first.<e>"), "Think first.");
  EXPECT_EQ(added_sentences("<h>\n\nYou are H, by N.<e>", "<h>\n\nYou are a deep AI. You think.<e>"),
            "You are a deep AI. You think.");
  EXPECT_EQ(added_sentences("same", "same"), "");
  EXPECT_EQ(added_sentences("", ""), "");
}

constexpr std::string_view kTemplate =
    "{{ bos_token }}{% if messages[0].role != 'system' %}<s>You are H.{% if thinking %} Think first.{% endif %}</s>"
    "{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}";

PromptFormat format() {
  return PromptFormat::make(ChatTemplate::parse(kTemplate, "t").value(), {{"bos_token", "<b>"}}).value();
}

TEST(PromptFormat, AsksForReasoningAlsoUnderASystemMessageOfTheUsers) {
  const PromptFormat f = format();
  EXPECT_EQ(f.reasoning_prompt(), "Think first.");
  const Conversation plain{.messages = {{.role = "user", .content = "hi"}}, .tools = {}};
  EXPECT_EQ(*f.render(plain, {}), "<b><s>You are H.</s><user>hi</s><assistant>");
  EXPECT_EQ(*f.render(plain, {.thinking = true}), "<b><s>You are H. Think first.</s><user>hi</s><assistant>");
  Conversation own = plain;
  own.messages.insert(own.messages.begin(), {.role = "system", .content = "Be brief."});
  EXPECT_EQ(*f.render(own, {}), "<b><system>Be brief.</s><user>hi</s><assistant>");
  const std::string asked = "<b><system>Be brief.\n\nThink first.</s><user>hi</s><assistant>";
  EXPECT_EQ(*f.render(own, {.thinking = true}), asked);
  EXPECT_EQ(*f.render(own, {.thinking = true, .add_reasoning_prompt = false}),
            "<b><system>Be brief.</s><user>hi</s><assistant>");
  own.messages.front().content = "Be brief.\n\nThink first.";
  EXPECT_EQ(*f.render(own, {.thinking = true}), asked);
}

TEST(PromptFormat, RefusesATemplateThatCannotRenderAQuestion) {
  EXPECT_FALSE(PromptFormat::make(ChatTemplate::parse("{{ raise_exception('no') }}", "t").value(), {}).ok());
}

}  // namespace
}  // namespace hermes::chat
