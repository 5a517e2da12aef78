#include "train/conversation_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace hermes::train {
namespace {

using ::testing::HasSubstr;

// Bytes as tokens, and the special tokens of the template behind them; its post-processor puts <b> before a text, which
// must not happen to a conversation whose template has put it there already.
const tokenizer::Tokenizer& byte_tokenizer() {
  static const tokenizer::Tokenizer tokenizer = [] {
    json::object vocab;
    for (int c = 0; c < 94; ++c) vocab[std::string(1, static_cast<char>('!' + c))] = c;
    vocab["Ġ"] = 94;  // a space, in the byte alphabet
    vocab["Ċ"] = 95;  // a line break
    json::array added;
    int id = 96;
    for (const char* text : {"<b>", "<h>", "</h>", "<e>"}) {
      added.push_back({{"id", id++},
                       {"content", text},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", true}});
    }
    const json::object special{{"<b>", {{"id", "<b>"}, {"ids", {96}}, {"tokens", {"<b>"}}}}};
    const json::object document{
        {"version", "1.0"},
        {"truncation", nullptr},
        {"padding", nullptr},
        {"added_tokens", added},
        {"normalizer", nullptr},
        {"pre_tokenizer",
         {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}}},
        {"post_processor",
         {{"type", "TemplateProcessing"},
          {"single",
           {{{"SpecialToken", {{"id", "<b>"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
          {"pair", {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "B"}, {"type_id", 1}}}}}},
          {"special_tokens", special}}},
        {"decoder", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}}},
        {"model",
         {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", vocab},
          {"merges", json::array()}}}};
    return tokenizer::Tokenizer::parse(to_json_text(document), "bytes").value();
  }();
  return tokenizer;
}

constexpr std::string_view kTemplate =
    "{{ bos_token }}{% if tools %}[{{ tools | length }}]{% endif %}{% if thinking %}T{% endif %}"
    "{% for m in messages %}<h>{{ m.role }}</h>"
    "{% if m.role == 'assistant' and not keep_cots %}cut{% else %}{{ m.content }}{% endif %}<e>{% endfor %}"
    "{% if add_generation_prompt %}<h>assistant</h>{% endif %}";

class Encoder : public ::testing::Test {
 protected:
  static Result<EncodedConversation> encode(std::string_view record, std::string_view source = kTemplate,
                                            int64_t vocab_size = 100) {
    const chat::ChatTemplate chat_template = chat::ChatTemplate::parse(source, "template").value();
    const ConversationEncoder encoder(
        chat_template, byte_tokenizer(),
        {.end_of_turn = "<e>", .bos_token = "<b>", .eos_token = {}, .pad_token = {}, .vocab_size = vocab_size});
    const json::value value = parse_json(record, "file:7").value();
    return encoder.encode(JsonObject::from(value, "file:7").value());
  }
  // The text, with what is trained in brackets.
  static std::string marked(const EncodedConversation& encoded) {
    std::string out;
    uint8_t before = 0;
    for (size_t i = 0; i < encoded.tokens.size(); ++i) {
      if (encoded.trained[i] != before) out += before != 0 ? "}" : "{";
      before = encoded.trained[i];
      out += byte_tokenizer().decode(std::span(encoded.tokens).subspan(i, 1)).value();
    }
    return out + (before != 0 ? "}" : "");
  }
  static std::string refusal(std::string_view record, std::string_view source = kTemplate, int64_t vocab_size = 100) {
    const auto encoded = encode(record, source, vocab_size);
    return encoded.ok() ? "accepted: " + marked(*encoded) : encoded.error().message();
  }
};

TEST_F(Encoder, TrainsAssistantTurnsWithTheirEndButNotTheirHeaders) {
  const auto encoded = encode(R"({"messages": [
      {"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"},
      {"role": "assistant", "content": "<think>x</think>hello"}, {"role": "user", "content": "more"},
      {"role": "assistant", "content": "bye"}]})");
  EXPECT_EQ(marked(encoded.value()),
            "<b><h>system</h>be kind<e><h>user</h>hi<e><h>assistant</h>{<think>x</think>hello<e>}"
            "<h>user</h>more<e><h>assistant</h>{bye<e>}");
}

TEST_F(Encoder, TurnsOfWeightZeroAreContext) {
  const auto encoded = encode(R"({"messages": [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b", "weight": 0}, {"role": "user", "content": "c"},
      {"role": "assistant", "content": "d", "weight": 1}]})");
  EXPECT_EQ(marked(encoded.value()), "<b><h>user</h>a<e><h>assistant</h>b<e><h>user</h>c<e><h>assistant</h>{d<e>}");
  EXPECT_THAT(refusal(R"({"messages": [{"role": "assistant", "content": "b", "weight": 0.5}]})"), HasSubstr("weight"));
  EXPECT_THAT(refusal(R"({"messages": [{"role": "assistant", "content": "b", "weight": 2}]})"),
              HasSubstr("\"weight\" must be 0 or 1, is 2"));
}

TEST_F(Encoder, OneBosAndNothingAfterTheLastTurn) {
  const auto encoded = encode(R"({"messages": [{"role": "user", "content": "hi"},
      {"role": "assistant", "content": "yes"}, {"role": "user", "content": "unanswered"}]})");
  EXPECT_EQ(marked(encoded.value()), "<b><h>user</h>hi<e><h>assistant</h>{yes<e>}");
}

TEST_F(Encoder, PassesToolsAndThinking) {
  const auto encoded = encode(R"({"thinking": true, "tools": [{"type": "function"}, {"type": "function"}],
      "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]})");
  EXPECT_EQ(marked(encoded.value()), "<b>[2]T<h>user</h>hi<e><h>assistant</h>{yes<e>}");
}

// Tokens do not join across a turn's beginning, because the sampler's do not: the prompt ends there.
TEST_F(Encoder, TextBehindTheEndOfTurnIsContext) {
  const std::string source =
      "{% for m in messages %}<h>{{ m.role }}</h>{{ m.content }}<e>\n{% endfor %}"
      "{% if add_generation_prompt %}<h>assistant</h>{% endif %}";
  const auto encoded = encode(R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
      {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]})",
                              source);
  EXPECT_EQ(marked(encoded.value()),
            "<h>user</h>a<e>\n<h>assistant</h>{b<e>}\n<h>user</h>c<e>\n<h>assistant</h>{d<e>}");
}

TEST_F(Encoder, RefusesByFileAndReason) {
  constexpr std::string_view kTurns = R"({"messages": [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]})";
  EXPECT_THAT(refusal(R"({"message": []})"), HasSubstr("file:7: \"messages\" is missing"));
  EXPECT_THAT(refusal(R"({"messages": [{"role": "user", "content": "a"}]})"), HasSubstr("no assistant turn"));
  EXPECT_THAT(refusal(R"({"messages": [{"role": "user"}]})"), HasSubstr("file:7"));
  EXPECT_THAT(refusal(R"({"tools": 3, "messages": [{"role": "assistant", "content": "a"}]})"), HasSubstr("tools"));
  // A template that cuts the reasoning of earlier turns: the beginning changes as the conversation grows.
  EXPECT_THAT(refusal(kTurns,
                      "{% for m in messages %}<h>{{ m.role }}</h>{{ m.content if loop.last else 'cut' }}<e>"
                      "{% endfor %}{% if add_generation_prompt %}<h>assistant</h>{% endif %}"),
              HasSubstr("file:7: the chat template does not keep the beginning"));
  EXPECT_THAT(refusal(kTurns,
                      "{% for m in messages %}<h>{{ m.role }}</h>{{ m.content }}{% endfor %}"
                      "{% if add_generation_prompt %}<h>assistant</h>{% endif %}"),
              HasSubstr("does not end with <e>"));
  EXPECT_THAT(refusal(kTurns, "{{ raise_exception('no such thing') }}"), HasSubstr("file:7"));
  EXPECT_THAT(refusal(kTurns, kTemplate, 97), HasSubstr("outside the model's vocabulary of 97"));
  EXPECT_THAT(refusal(R"({"messages": [{"role": "assistant", "content": "a"}]})",
                      "{% for m in messages %}{{ m.content }}<e>{% endfor %}"),
              HasSubstr("no context"));
}

}  // namespace
}  // namespace hermes::train
