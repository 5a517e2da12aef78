// The vocabularies of Llama-3 and Qwen3 in a GGUF file: the ids of their tokenizer.json. (Public data; skipped where it
// is not there.)
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <iterator>
#include <sstream>

#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/temp_folder_for_test.h"
#include "base/utf8.h"
#include "formats/gguf_writer.h"
#include "model_files/model_files.h"

namespace hermes {
namespace {

namespace fs = std::filesystem;
using tokenizer::TokenId;
using tokenizer::Tokenizer;

constexpr std::string_view kSeparator = "\n__ggml_vocab_test__\n";

struct Vocabulary {
  const char* folder;  // under data/tokenizers
  const char* pre;
};
void PrintTo(const Vocabulary& v, std::ostream* out) { *out << v.folder; }

class GgufTokenizerTest : public testing::TestWithParam<Vocabulary> {
 protected:
  void SetUp() override {
    folder_ = fs::path(HERMES_SHARED) / "data/tokenizers" / GetParam().folder;
    if (!fs::exists(folder_ / "tokenizer.json")) GTEST_SKIP() << "no " << folder_;
    expected_.emplace(Tokenizer::open((folder_ / "tokenizer.json").string()).value());
    write_gguf();
    const auto start = std::chrono::steady_clock::now();
    const auto files = model_files::ModelFiles::open(temp_.path() / "v.gguf").value();
    auto opened = files->open_tokenizer();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    RecordProperty("milliseconds_to_open", std::to_string(took.count()));
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    tokenizer_.emplace(std::move(*opened));
  }

  // As convert_hf_to_gguf does: added tokens at their ids, holes filled up.
  void write_gguf() {
    const json::value file = read_json_file((folder_ / "tokenizer.json").string(), size_t{64} << 20).value();
    std::vector<std::string> tokens(expected_->vocab_size() + 3), merges;
    std::vector<int32_t> types(tokens.size(), 5);
    for (const auto& member : file.at("model").at("vocab").as_object()) {
      const auto id = member.value().to_number<size_t>();
      tokens[id] = std::string(member.key());
      types[id] = 1;
    }
    for (const json::value& added : file.at("added_tokens").as_array()) {
      const auto id = added.at("id").to_number<size_t>();
      tokens[id] = std::string(added.at("content").as_string());
      types[id] = added.at("special").as_bool() ? 3 : 4;
    }
    for (size_t id = 0; id < tokens.size(); ++id) {
      if (types[id] == 5) tokens[id] = fmt::format("[PAD{}]", id);
    }
    for (const json::value& merge : file.at("model").at("merges").as_array()) {
      merges.push_back(merge.is_string()
                           ? std::string(merge.as_string())
                           : std::string(merge.at(0).as_string()) + " " + std::string(merge.at(1).as_string()));
    }
    formats::GgufFields fields;
    fields.set_string("tokenizer.ggml.model", "gpt2");
    fields.set_string("tokenizer.ggml.pre", GetParam().pre);
    fields.set_strings("tokenizer.ggml.tokens", std::vector<std::string_view>(tokens.begin(), tokens.end()));
    fields.set_i32s("tokenizer.ggml.token_type", types);
    fields.set_strings("tokenizer.ggml.merges", std::vector<std::string_view>(merges.begin(), merges.end()));
    if (const auto bos = expected_->encode("").value(); !bos.empty()) {
      fields.set_u32("tokenizer.ggml.bos_token_id", static_cast<uint32_t>(bos[0]));
      fields.set_bool("tokenizer.ggml.add_bos_token", true);
    }
    ASSERT_TRUE(formats::GgufWriter::create(temp_.path() / "v.gguf", fields, {}).value().commit().ok());
  }

  fs::path folder_;
  TempFolder temp_;
  std::optional<Tokenizer> expected_, tokenizer_;
};

TEST_P(GgufTokenizerTest, GivesTheExpectedIdsOfThePublicCases) {
  const std::string texts = read_text_file(folder_ / "cases.inp", 1 << 20).value();
  std::istringstream lines(read_text_file(folder_ / "cases.out", 1 << 20).value());
  int n_cases = 0;
  for (size_t begin = 0; begin < texts.size(); ++n_cases) {
    const size_t end = std::min(texts.find(kSeparator, begin), texts.size());
    const std::string_view text = std::string_view(texts).substr(begin, end - begin);
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    std::istringstream numbers(line);
    const std::vector<TokenId> expected((std::istream_iterator<TokenId>(numbers)), std::istream_iterator<TokenId>());
    EXPECT_EQ(tokenizer_->encode(text, {.add_special = false}).value(), expected) << "case " << n_cases << ": " << text;
    begin = end + kSeparator.size();
  }
  EXPECT_EQ(n_cases, 46);
}

// Pieces of the public cases, added tokens and any characters, put together by chance.
std::string random_text(Rng& rng, std::string_view cases, const Tokenizer& vocabulary) {
  std::string text;
  for (uint64_t n = rng.below(12); n > 0; --n) {
    const uint64_t kind = rng.below(4);
    if (kind < 2) {
      text += cases.substr(rng.below(cases.size()), rng.below(30));  // may cut characters apart
    } else if (kind == 2) {
      text += vocabulary.token_text(static_cast<TokenId>(vocabulary.vocab_size() - 1 - rng.below(280)));
    } else {
      append_utf8(text, static_cast<uint32_t>(rng.below(0xD800)));
    }
  }
  return text;
}

TEST_P(GgufTokenizerTest, IsTheTokenizerJson) {
  const std::string cases = read_text_file(folder_ / "cases.inp", 1 << 20).value();
  Rng rng(77);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = random_text(rng, cases, *expected_);
    const tokenizer::EncodeOptions options{.add_special = rng.below(2) == 0, .parse_special = rng.below(4) != 0};
    ASSERT_EQ(tokenizer_->encode(text, options).value(), expected_->encode(text, options).value())
        << testing::PrintToString(text);
  }
  for (TokenId id = 0; id < static_cast<TokenId>(expected_->vocab_size()); ++id) {
    ASSERT_EQ(tokenizer_->token_bytes(id), expected_->token_bytes(id));
    ASSERT_EQ(tokenizer_->token_text(id), expected_->token_text(id));
    ASSERT_EQ(tokenizer_->is_special(id), expected_->is_special(id));
    ASSERT_EQ(tokenizer_->is_added(id), expected_->is_added(id));
  }
  EXPECT_EQ(tokenizer_->token_bytes(static_cast<TokenId>(tokenizer_->vocab_size()) - 1), "");
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, GgufTokenizerTest,
                         testing::Values(Vocabulary{"llama3", "llama-bpe"}, Vocabulary{"qwen3", "qwen2"}),
                         [](const auto& param) { return std::string(param.param.folder); });

}  // namespace
}  // namespace hermes
