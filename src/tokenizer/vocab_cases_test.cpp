// The vocabularies of Llama-3 and Qwen3 on the 46 texts of llama.cpp's vocabulary tests (public data; skipped where it
// is not there).
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>

#include "base/file.h"
#include "base/utf8.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/nfc.h"
#include "tokenizer/test_support.h"
#include "tokenizer/token_trie.h"

namespace hermes::tokenizer {
namespace {

constexpr std::string_view kSeparator = "\n__ggml_vocab_test__\n";
constexpr size_t kMaxBytes = size_t{1} << 20;

class VocabCasesTest : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    const std::optional<std::filesystem::path> shared = shared_folder();
    if (shared) folder_ = *shared / "data/tokenizers" / GetParam();
    if (!shared || !std::filesystem::exists(folder_ / "tokenizer.json")) {
      GTEST_SKIP() << "no data/tokenizers/" << GetParam() << " in " HERMES_SHARED;
    }
  }

  const Tokenizer& tokenizer() const {
    static std::map<std::string, Tokenizer, std::less<>> loaded;
    auto found = loaded.find(GetParam());
    if (found == loaded.end()) {
      found = loaded.emplace(GetParam(), Tokenizer::open((folder_ / "tokenizer.json").string()).value()).first;
    }
    return found->second;
  }

  std::filesystem::path folder_;
};

TEST_P(VocabCasesTest, IdsAreThoseExpected) {
  const std::string texts = read_text_file(folder_ / "cases.inp", kMaxBytes).value();
  std::istringstream lines(read_text_file(folder_ / "cases.out", kMaxBytes).value());
  int n_cases = 0;
  for (size_t begin = 0; begin < texts.size(); ++n_cases) {
    const size_t end = std::min(texts.find(kSeparator, begin), texts.size());
    const std::string_view text = std::string_view(texts).substr(begin, end - begin);
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    std::istringstream numbers(line);
    const std::vector<TokenId> expected((std::istream_iterator<TokenId>(numbers)), std::istream_iterator<TokenId>());
    EXPECT_EQ(tokenizer().encode(text, {.add_special = false}).value(), expected) << "case " << n_cases << ": " << text;
    begin = end + kSeparator.size();
  }
  EXPECT_EQ(n_cases, 46);
}

TEST_P(VocabCasesTest, GivesBackRandomTextAndBytes) {
  const bool normalizes = tokenizer().encode("e\u0301").value() == tokenizer().encode("\u00e9").value();
  Rng rng(31);
  for (int i = 0; i < 10000; ++i) {
    const std::string text = random_text(rng, 20), bytes = random_bytes(rng, 40);
    std::string storage;
    const std::string expected(normalizes ? to_nfc(text, storage) : std::string_view(text));
    ASSERT_EQ(tokenizer().decode(tokenizer().encode(text).value()).value(), expected) << testing::PrintToString(text);
    const std::string decoded = tokenizer().decode(tokenizer().encode(bytes).value()).value();
    ASSERT_TRUE(normalizes || decoded == bytes) << testing::PrintToString(bytes);
  }
}

TEST_P(VocabCasesTest, StreamsWhatDecodeGives) {
  Rng rng(32);
  for (int i = 0; i < 1000; ++i) {
    Detokenizer stream(tokenizer());
    std::vector<TokenId> ids(30);
    std::string text;
    for (TokenId& id : ids) {
      id = static_cast<TokenId>(rng.below(tokenizer().vocab_size()));
      text += stream.push(id).value();
    }
    ASSERT_EQ(text + stream.flush(), to_valid_utf8(tokenizer().decode(ids).value()));
  }
}

TEST_P(VocabCasesTest, TheTrieHoldsEveryToken) {
  const TokenTrie trie = TokenTrie::of(tokenizer());
  size_t n_tokens = 0, n_in_trie = 0;
  for (TokenId id = 0; id < static_cast<TokenId>(tokenizer().vocab_size()); ++id) {
    const std::string_view bytes = tokenizer().token_bytes(id);
    if (bytes.empty() || tokenizer().is_special(id)) continue;
    ++n_tokens;
    const std::optional<TokenTrie::Node> node = trie.find(bytes);
    ASSERT_TRUE(node.has_value());
    const std::span<const TokenId> tokens = trie.tokens(*node);
    EXPECT_NE(std::find(tokens.begin(), tokens.end(), id), tokens.end());
  }
  for (TokenTrie::Node node = 0; node < trie.size(); ++node) n_in_trie += trie.tokens(node).size();
  EXPECT_EQ(n_in_trie, n_tokens);
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, VocabCasesTest, testing::Values("llama3", "qwen3"));

}  // namespace
}  // namespace hermes::tokenizer
