#include "formats/gguf_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/gguf_bytes_for_test.h"
#include "formats/gguf_header.h"

namespace hermes::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Keeps the bytes that the metadata views.
struct Parsed {
  std::string bytes;
  GgufHeader header;
  explicit Parsed(std::vector<std::string> entries) : bytes(GgufForTest{.entries = std::move(entries)}.bytes()) {
    header = parse_gguf_header(bytes_of_text(bytes), "m.gguf").value();
  }
  const GgufMetadata& operator*() const { return header.metadata; }
};

std::vector<std::string> vocabulary(std::vector<std::string> more = {}) {
  std::vector<std::string> entries = {
      gguf_text("tokenizer.ggml.model", "gpt2"), gguf_text("tokenizer.ggml.pre", "qwen2"),
      gguf_texts("tokenizer.ggml.tokens", {"a", "b", "<s>", "</s>", "<|eot|>"}),
      gguf_i32s("tokenizer.ggml.token_type", {1, 1, 3, 3, 3}), gguf_texts("tokenizer.ggml.merges", {"a b"})};
  entries.insert(entries.end(), more.begin(), more.end());
  return entries;
}

TEST(GgufTokenizer, ReadsVocabularyAndRoles) {
  const Parsed file(
      vocabulary({gguf_u32("tokenizer.ggml.bos_token_id", 2), gguf_u32("tokenizer.ggml.eos_token_id", 3),
                  gguf_u32("tokenizer.ggml.eot_token_id", 4), gguf_u32("tokenizer.ggml.eom_token_id", 4),
                  gguf_u32("tokenizer.ggml.padding_token_id", 3), gguf_bool("tokenizer.ggml.add_bos_token", 1)}));
  const GgufVocab vocab = read_gguf_vocab(*file).value();
  EXPECT_EQ(vocab.model, "gpt2");
  EXPECT_EQ(vocab.pre, "qwen2");
  EXPECT_EQ(vocab.tokens.size(), 5U);
  EXPECT_EQ(vocab.types[2], 3);
  EXPECT_THAT(std::vector<std::string_view>(vocab.merges.begin(), vocab.merges.end()), ElementsAre("a b"));
  EXPECT_EQ(vocab.add_bos, true);
  EXPECT_EQ(vocab.add_eos, std::nullopt);

  const TokenizerConfig config = read_gguf_tokenizer_config(*file).value();
  EXPECT_EQ(config.bos_token, "<s>");
  EXPECT_EQ(config.eos_token, "</s>");
  EXPECT_EQ(config.pad_token, "</s>");
  EXPECT_EQ(config.unk_token, std::nullopt);
  const GenerationConfig generation = read_gguf_generation_config(*file).value();
  EXPECT_THAT(generation.eos_token_ids, ElementsAre(3, 4));
  EXPECT_EQ(generation.bos_token_id, 2);
  EXPECT_EQ(generation.do_sample, std::nullopt);
}

TEST(GgufTokenizer, SaysNothingWhereThereIsNothing) {
  const Parsed file({gguf_text("general.architecture", "llama")});
  EXPECT_FALSE(has_gguf_vocab(*file));
  EXPECT_EQ(read_gguf_tokenizer_config(*file).value().bos_token, std::nullopt);
  EXPECT_THAT(read_gguf_generation_config(*file).value().eos_token_ids, IsEmpty());
  EXPECT_THAT(read_gguf_chat_templates(*file).value(), IsEmpty());
  EXPECT_THAT(read_gguf_vocab(*file).error().message(), HasSubstr("key \"tokenizer.ggml.model\" is missing"));
}

TEST(GgufTokenizer, RefusesIdsOutsideTheVocabulary) {
  const auto refusal = [](std::string entry) {
    const Parsed file(vocabulary({std::move(entry)}));
    const auto vocab = read_gguf_vocab(*file);
    return vocab.ok() ? std::string() : vocab.error().message();
  };
  for (const char* role : {"bos", "eos", "eot", "eom"}) {
    const std::string key = fmt::format("tokenizer.ggml.{}_token_id", role);
    EXPECT_THAT(refusal(gguf_u32(key, 5)), HasSubstr("is 5, but the vocabulary has 5 tokens")) << role;
    EXPECT_THAT(refusal(gguf_u32(key, 0xFFFFFFFF)), HasSubstr("is 4294967295, but the vocabulary")) << role;
    EXPECT_THAT(refusal(gguf_entry(key, GgufValueType::kI32, little_endian(int32_t{-1}))), HasSubstr("is -1, but"));
    EXPECT_THAT(refusal(gguf_text(key, "1")), HasSubstr("must be an integer"));
  }
  // Padding is asked for by templates only; files in the wild have one beyond the vocabulary.
  EXPECT_EQ(refusal(gguf_u32("tokenizer.ggml.padding_token_id", 5)), "");
}

TEST(GgufTokenizer, RefusesListsThatDoNotFit) {
  const auto message = [](std::vector<std::string> entries) {
    const Parsed file(std::move(entries));
    const auto vocab = read_gguf_vocab(*file);
    return vocab.ok() ? std::string() : vocab.error().message();
  };
  EXPECT_THAT(message({gguf_text("tokenizer.ggml.model", "gpt2"), gguf_texts("tokenizer.ggml.tokens", {"a", "b"}),
                       gguf_i32s("tokenizer.ggml.token_type", {1})}),
              HasSubstr("has 1 elements, tokenizer.ggml.tokens has 2"));
  EXPECT_THAT(message({gguf_text("tokenizer.ggml.model", "gpt2"), gguf_i32s("tokenizer.ggml.tokens", {1})}),
              HasSubstr("must be an array of strings"));
  EXPECT_THAT(message({gguf_text("tokenizer.ggml.model", "gpt2"), gguf_texts("tokenizer.ggml.tokens", {"a"}),
                       gguf_texts("tokenizer.ggml.token_type", {"1"})}),
              HasSubstr("must be an array of integers"));
  EXPECT_THAT(message({gguf_u32("tokenizer.ggml.model", 1)}), HasSubstr("must be a string"));
  EXPECT_THAT(message({gguf_text("tokenizer.ggml.model", "\xff")}), HasSubstr("is not UTF-8 at byte 0 of its text"));
  const Parsed bad(vocabulary({gguf_u32("tokenizer.ggml.bos_token_id", 0)}));
  EXPECT_TRUE(read_gguf_tokenizer_config(*bad).ok());
}

TEST(GgufTokenizer, ReadsTemplatesByName) {
  const Parsed file(
      vocabulary({gguf_text("tokenizer.chat_template.tool_use", "T"), gguf_text("tokenizer.chat_template", "D"),
                  gguf_texts("tokenizer.chat_templates", {"tool_use"})}));
  const auto templates = read_gguf_chat_templates(*file).value();
  ASSERT_EQ(templates.size(), 2U);
  EXPECT_EQ(templates[0].name, "default");
  EXPECT_EQ(templates[0].text, "D");
  EXPECT_EQ(templates[0].source, "m.gguf: tokenizer.chat_template");
  EXPECT_EQ(templates[1].name, "tool_use");
  const Parsed twice({gguf_text("tokenizer.chat_template.default", "T"), gguf_text("tokenizer.chat_template", "D")});
  EXPECT_THAT(read_gguf_chat_templates(*twice).error().message(), HasSubstr("is the default template already"));
  const Parsed number({gguf_u32("tokenizer.chat_template", 1)});
  EXPECT_THAT(read_gguf_chat_templates(*number).error().message(), HasSubstr("must be a string"));
}

TEST(GgufTokenizer, ReadsRecommendedSampling) {
  const auto i32 = [](std::string_view key, int32_t value) {
    return gguf_entry(key, GgufValueType::kI32, little_endian(value));
  };
  const Parsed file({gguf_f32("general.sampling.temp", 0.5F), gguf_f32("general.sampling.top_p", 0.75F),
                     gguf_f32("general.sampling.min_p", 0.125F), i32("general.sampling.top_k", 20),
                     gguf_f32("general.sampling.penalty_repeat", 1.25F)});
  const GenerationConfig config = read_gguf_generation_config(*file).value();
  EXPECT_EQ(config.do_sample, true);
  EXPECT_EQ(config.temperature, 0.5);
  EXPECT_EQ(config.top_p, 0.75);
  EXPECT_EQ(config.min_p, 0.125);
  EXPECT_EQ(config.top_k, 20);
  EXPECT_EQ(config.repetition_penalty, 1.25);
  const auto refusal = [](std::string entry) {
    const Parsed parsed({std::move(entry)});
    return read_gguf_generation_config(*parsed).error().message();
  };
  EXPECT_THAT(refusal(gguf_f32("general.sampling.temp", -1)), HasSubstr("is -1, must be at least 0"));
  EXPECT_THAT(refusal(gguf_f32("general.sampling.temp", __builtin_inff())), HasSubstr("is inf, must be finite"));
  EXPECT_THAT(refusal(gguf_f32("general.sampling.top_p", 1.5F)), HasSubstr("is 1.5, must be 0 to 1"));
  EXPECT_THAT(refusal(i32("general.sampling.top_k", -1)), HasSubstr("is -1, must be at least 0"));
  EXPECT_THAT(refusal(gguf_f32("general.sampling.penalty_repeat", 0)), HasSubstr("is 0, must be above 0"));
}

}  // namespace
}  // namespace hermes::formats
