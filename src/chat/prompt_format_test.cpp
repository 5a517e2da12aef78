#include "chat/prompt_format.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/file.h"

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
  EXPECT_EQ(f.render(plain, {})->text, "<b><s>You are H.</s><user>hi</s><assistant>");
  EXPECT_EQ(f.render(plain, {.thinking = true})->text, "<b><s>You are H. Think first.</s><user>hi</s><assistant>");
  Conversation own = plain;
  own.messages.insert(own.messages.begin(), {.role = "system", .content = "Be brief."});
  EXPECT_EQ(f.render(own, {})->text, "<b><system>Be brief.</s><user>hi</s><assistant>");
  const std::string asked = "<b><system>Be brief.\n\nThink first.</s><user>hi</s><assistant>";
  EXPECT_EQ(f.render(own, {.thinking = true})->text, asked);
  EXPECT_EQ(f.render(own, {.thinking = true, .add_reasoning_prompt = false})->text,
            "<b><system>Be brief.</s><user>hi</s><assistant>");
  own.messages.front().content = "Be brief.\n\nThink first.";
  EXPECT_EQ(f.render(own, {.thinking = true})->text, asked);
}

TEST(PromptFormat, SaysWhetherItAddedTheReasoningPrompt) {
  const PromptFormat f = format();
  Conversation own{.messages = {{.role = "system", .content = "Be brief."}, {.role = "user", .content = "hi"}},
                   .tools = {}};
  EXPECT_TRUE(f.render(own, {.thinking = true})->reasoning_prompt_added);
  EXPECT_FALSE(f.render(own, {.thinking = true, .add_reasoning_prompt = false})->reasoning_prompt_added);
  EXPECT_FALSE(f.render(own, {})->reasoning_prompt_added);
  own.messages.erase(own.messages.begin());
  EXPECT_FALSE(f.render(own, {.thinking = true})->reasoning_prompt_added);
}

// The two defects of the templates that Hermes 4 ships: history without </think>, and no bos_token.
TEST(PromptFormat, GuardsKnownDefects) {
  constexpr std::string_view kHermes =
      "{{ bos_token + '<s>' }}{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' and thinking and not "
      "keep_cots %}{{ '<think> </think>' + m.content.split('</think>', 1)[1] }}{% else %}{{ m.content }}{% endif %}</s>"
      "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
  const PromptFormat f = PromptFormat::make(ChatTemplate::parse(kHermes, "t").value(), {}).value();
  const Conversation history{.messages = {{.role = "user", .content = "a"},
                                          {.role = "assistant", .content = "b"},
                                          {.role = "assistant", .content = "<think>x</think>c"},
                                          {.role = "user", .content = "d"}},
                             .tools = {}};
  EXPECT_EQ(f.render(history, {.thinking = true})->text,
            "<s><user>a</s><assistant><think> </think>b</s><assistant><think> </think>c</s><user>d</s><assistant>");
  EXPECT_EQ(f.render(history, {})->text,
            "<s><user>a</s><assistant>b</s><assistant><think>x</think>c</s><user>d</s><assistant>");
  EXPECT_EQ(f.render(history, {.thinking = true, .keep_cots = true})->text, f.render(history, {})->text);
}

TEST(PromptFormat, TheAssistantCanBeCalledOtherwise) {
  const PromptFormat f =
      PromptFormat::make(
          ChatTemplate::parse("{% for m in messages %}<h>{{ m.role }}</h>\n{{ m.content }}</s>{% endfor %}"
                              "{% if add_generation_prompt %}<h>assistant</h>\n{% endif %}",
                              "t")
              .value(),
          {})
          .value();
  const Conversation talk{.messages = {{.role = "user", .content = "your assistant?"},
                                       {.role = "assistant", .content = "yes"},
                                       {.role = "user", .content = "ok"}},
                          .tools = {}};
  EXPECT_EQ(f.render(talk, {.assistant_role = "me"})->text,
            "<h>user</h>\nyour assistant?</s><h>me</h>\nyes</s><h>user</h>\nok</s><h>me</h>\n");
  EXPECT_FALSE(f.render(talk, {.assistant_role = "me<|eot|>"}).ok());
  const PromptFormat none =
      PromptFormat::make(ChatTemplate::parse("{{ messages[0].content }}", "t").value(), {}).value();
  EXPECT_FALSE(none.render(talk, {.assistant_role = "me"}).ok());
}

TEST(PromptFormat, ReasoningThatIsLeftOpen) {
  const PromptFormat f =
      PromptFormat::make(
          ChatTemplate::parse("{{ messages[0].content }}{% if thinking %}<think>\n{% endif %}", "t").value(), {})
          .value();
  const Conversation plain{.messages = {{.role = "user", .content = "a"}}, .tools = {}};
  EXPECT_TRUE(f.render(plain, {.thinking = true})->think_left_open);
  EXPECT_FALSE(f.render(plain, {})->think_left_open);

  // A call from inside reasoning: what comes after its result is reasoning still.
  Conversation call{.messages = {{.role = "user", .content = "a"},
                                 {.role = "assistant", .content = "<think>b<tool_call>{}</tool_call>"},
                                 {.role = "tool", .content = "1"}},
                    .tools = {}};
  EXPECT_TRUE(think_is_open(call, ReplyFormat::kHermes));
  call.messages.push_back({.role = "assistant", .content = "c<tool_call>{}</tool_call>"});
  EXPECT_FALSE(think_is_open(call, ReplyFormat::kHermes));
  call.messages.push_back({.role = "tool", .content = "2"});
  EXPECT_TRUE(think_is_open(call, ReplyFormat::kHermes));
  call.messages[3].content = "c</think>d<tool_call>{}</tool_call>";
  EXPECT_FALSE(think_is_open(call, ReplyFormat::kHermes));
  call.messages.push_back({.role = "user", .content = "e"});
  EXPECT_FALSE(think_is_open(call, ReplyFormat::kHermes));
}

TEST(PromptFormat, TheReplyFormatIsTheTemplates) {
  const auto format_of = [](std::string_view text) {
    return PromptFormat::make(ChatTemplate::parse(text, "t").value(), {}).value().reply_format();
  };
  constexpr std::string_view kPlain = "{% for m in messages %}{{ m.content }}{% endfor %}";
  EXPECT_EQ(format_of(kPlain), ReplyFormat::kHermes);
  const auto calls = [](std::string_view one) {
    return "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}" + std::string(one) +
           "{% endfor %}{% endfor %}";
  };
  EXPECT_EQ(format_of(calls("<tool_call>{{ c.function | tojson }}</tool_call>")), ReplyFormat::kHermes);
  EXPECT_EQ(format_of(calls("{\"name\": \"{{ c.function.name }}\", \"parameters\": {}}")), ReplyFormat::kLlama3Json);
  EXPECT_EQ(format_of(calls("<tool_call><function={{ c.function.name }}></function></tool_call>")),
            ReplyFormat::kQwen3Coder);
  EXPECT_EQ(format_of(calls("<seed:tool_call><function={{ c.function.name }}></function></seed:tool_call>")),
            ReplyFormat::kSeedOss);
}

TEST(PromptFormat, TemplatesInTheWild) {
  const std::string folder = HERMES_SHARED "/data/templates/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  const struct {
    const char* file;
    ReplyFormat format;
  } templates[] = {{"NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja", ReplyFormat::kHermes},
                   {"Qwen-Qwen3-0.6B.jinja", ReplyFormat::kHermes},
                   {"ByteDance-Seed-OSS.jinja", ReplyFormat::kSeedOss}};
  for (const auto& t : templates) {
    const std::string text = read_text_file(folder + t.file, size_t{1} << 20).value();
    const auto f =
        PromptFormat::make(ChatTemplate::parse(text, t.file).value(), {{"bos_token", "<b>"}, {"eos_token", "<e>"}});
    ASSERT_TRUE(f.ok()) << t.file << ": " << f.error().message();
    EXPECT_EQ(f->reply_format(), t.format) << t.file;
    EXPECT_EQ(f->reasoning_prompt(), "") << t.file;
    const Conversation plain{.messages = {{.role = "user", .content = "a"}},
                             .tools = json::parse(R"([{"type": "function", "function": {"name": "f", "description": "",
                                 "parameters": {"type": "object", "properties": {}}}}])")
                                          .get_array()};
    for (const bool thinking : {false, true}) {
      const auto prompt = f->render(plain, {.thinking = thinking});
      ASSERT_TRUE(prompt.ok()) << prompt.error().message();
      EXPECT_FALSE(prompt->think_left_open) << t.file << prompt->text;
    }
  }
}

TEST(PromptFormat, RefusesATemplateThatCannotRenderAQuestion) {
  EXPECT_FALSE(PromptFormat::make(ChatTemplate::parse("{{ raise_exception('no') }}", "t").value(), {}).ok());
}

}  // namespace
}  // namespace hermes::chat
