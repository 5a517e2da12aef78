#include "tokenizer/list_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/file.h"
#include "tokenizer/bpe_trainer.h"
#include "tokenizer/test_support.h"
#include "tokenizer/trained_json.h"

namespace hermes::tokenizer {
namespace {

using testing::HasSubstr;

constexpr std::string_view kAdded = R"([
  {"id": 320, "content": "<s>", "special": true},
  {"id": 322, "content": "<tool>", "special": false, "normalized": false}])";
constexpr std::string_view kPutBefore = R"({"type": "TemplateProcessing",
  "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
  "special_tokens": {"<s>": {"id": "<s>", "ids": [320], "tokens": ["<s>"]}}})";

std::string words() { return to_json_text(pre_tokenizer_fields(kWordsPattern)); }

Result<Tokenizer> built(const ExportedLists& exported) {
  const std::vector<std::string_view> tokens(exported.tokens.begin(), exported.tokens.end());
  const std::vector<std::string_view> merges(exported.merges.begin(), exported.merges.end());
  return Tokenizer::from_lists({.tokens = tokens,
                                .kinds = exported.kinds,
                                .merges = merges,
                                .pre_tokenizer = exported.pre_tokenizer,
                                .bos = exported.bos,
                                .eos = exported.eos,
                                .add_bos = exported.add_bos,
                                .add_eos = exported.add_eos},
                               "exported");
}

void expect_same_ids(const Tokenizer& a, const Tokenizer& b, uint64_t seed, int n_texts) {
  Rng rng(seed);
  for (int i = 0; i < n_texts; ++i) {
    const std::string text = random_text(rng, 40) + (i % 3 == 0 ? "<tool>x<s>" : "");
    for (const EncodeOptions options : {EncodeOptions{}, EncodeOptions{.add_special = false, .parse_special = false}}) {
      ASSERT_EQ(a.encode(text, options).value(), b.encode(text, options).value()) << text;
    }
  }
}

TEST(ListExport, GivesTheSameIds) {
  const std::string json =
      fixture_json("byte", {{"pre_tokenizer", words()}, {"added_tokens", kAdded}, {"post_processor", kPutBefore}});
  const auto lists = export_lists(json, "t.json");
  ASSERT_TRUE(lists.ok()) << lists.error().message();
  EXPECT_EQ(lists->pre_tokenizer, "hermes-words");
  EXPECT_EQ(lists->bos, 320);
  EXPECT_TRUE(lists->add_bos);
  EXPECT_FALSE(lists->add_eos);
  EXPECT_EQ(lists->tokens.size(), 323U);
  EXPECT_EQ(lists->tokens[321], "[PAD321]");
  EXPECT_EQ(lists->kinds[320], TokenKind::kControl);
  EXPECT_EQ(lists->kinds[321], TokenKind::kUnused);
  EXPECT_EQ(lists->kinds[322], TokenKind::kUserDefined);
  const auto again = built(*lists);
  ASSERT_TRUE(again.ok()) << again.error().message();
  expect_same_ids(Tokenizer::parse(json, "t.json").value(), *again, 1, 200);
}

TEST(ListExport, RefusesWhatListsCannotSay) {
  const auto refusal = [](std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    const auto lists = export_lists(fixture_json("byte", fields), "t.json");
    return lists.ok() ? std::string() : lists.error().message();
  };
  EXPECT_THAT(refusal({{"pre_tokenizer", R"({"type": "Digits", "individual_digits": true})"}}),
              HasSubstr("t.json: pre_tokenizer: GGUF has names for some only"));
  EXPECT_THAT(refusal({{"pre_tokenizer", "null"}}), HasSubstr("pre_tokenizer"));
  // The pattern has a name, but not with NFC.
  EXPECT_THAT(refusal({{"pre_tokenizer", words()}, {"normalizer", R"({"type": "NFC"})"}}), HasSubstr("pre_tokenizer"));
  const std::string twice = R"({"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"SpecialToken": {"id": "<s>", "type_id": 0}},
               {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [320], "tokens": ["<s>"]}}})";
  EXPECT_THAT(refusal({{"pre_tokenizer", words()}, {"added_tokens", kAdded}, {"post_processor", twice}}),
              HasSubstr("2 tokens before a text"));
}

class RealVocabulary : public testing::TestWithParam<std::pair<std::string_view, std::string_view>> {};

TEST_P(RealVocabulary, GivesTheSameIds) {
  const auto [folder, name] = GetParam();
  const auto shared = shared_folder();
  const auto path = shared ? *shared / "data/tokenizers" / folder / "tokenizer.json" : std::filesystem::path();
  if (!shared || !std::filesystem::exists(path))
    GTEST_SKIP() << "no data/tokenizers/" << folder << " in " HERMES_SHARED;
  const std::string json = read_text_file(path, size_t{1} << 28).value();
  const auto lists = export_lists(json, path.string());
  ASSERT_TRUE(lists.ok()) << lists.error().message();
  EXPECT_EQ(lists->pre_tokenizer, name);
  const auto again = built(*lists);
  ASSERT_TRUE(again.ok()) << again.error().message();
  expect_same_ids(Tokenizer::parse(json, path.string()).value(), *again, 2, 300);
}
INSTANTIATE_TEST_SUITE_P(ListExport, RealVocabulary,
                         testing::Values(std::pair("llama3", "llama-bpe"), std::pair("qwen3", "qwen2")));

}  // namespace
}  // namespace hermes::tokenizer
