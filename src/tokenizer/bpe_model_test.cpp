#include "tokenizer/bpe_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tokenizer/byte_alphabet.h"
#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

// The definition: again and again, the leftmost of the pairs with the smallest rank.
std::vector<TokenId> merge_naively(const std::vector<Merge>& merges, std::vector<TokenId> word) {
  std::map<std::pair<TokenId, TokenId>, size_t> ranks;
  for (size_t rank = 0; rank < merges.size(); ++rank) ranks[{merges[rank].left, merges[rank].right}] = rank;
  while (true) {
    size_t best = merges.size(), at = 0;
    for (size_t i = 0; i + 1 < word.size(); ++i) {
      const auto found = ranks.find({word[i], word[i + 1]});
      if (found != ranks.end() && found->second < best) {
        best = found->second;
        at = i;
      }
    }
    if (best == merges.size()) return word;
    word[at] = merges[best].made;
    word.erase(word.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

// A vocabulary over few letters with random merges: pairs of any two tokens, in any order of rank, several ways to one
// token. Real vocabularies are tamer.
struct RandomModel {
  TokenStrings texts;
  std::vector<Merge> merges;

  RandomModel(Rng& rng, size_t n_letters, size_t n_merges) {
    std::vector<std::string> all;
    std::map<std::string, TokenId> ids;
    const auto add = [&](const std::string& text) {
      const auto [it, is_first] = ids.emplace(text, static_cast<TokenId>(all.size()));
      if (is_first) all.push_back(text);
      return it->second;
    };
    for (size_t i = 0; i < n_letters; ++i) add(std::string(1, static_cast<char>('a' + i)));
    while (merges.size() < n_merges) {
      const auto left = static_cast<TokenId>(rng.below(all.size()));
      const auto right = static_cast<TokenId>(rng.below(all.size()));
      const std::string text = all[static_cast<size_t>(left)] + all[static_cast<size_t>(right)];
      if (text.size() <= 12) merges.push_back({left, right, add(text)});
    }
    for (size_t i = merges.size(); i > 1; --i) std::swap(merges[i - 1], merges[rng.below(i)]);
    for (const std::string& text : all) texts.push_back(text);
  }
};

TEST(BpeModel, MergesAsDefined) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    const RandomModel random(rng, 2 + rng.below(4), 1 + rng.below(60));
    BpeOptions options;
    options.byte_level = true;
    const BpeModel model(options, random.texts, random.merges);
    EncodeScratch scratch;
    for (int i = 0; i < 30; ++i) {
      // Short, cached, long, and long with repetition (which is merged in passes).
      std::string word;
      const size_t period = 1 + rng.below(i % 3 == 0 ? 4 : 1000);
      for (size_t k = 1 + rng.below(i % 2 == 0 ? 40 : 400); k > 0; --k) {
        word += word.size() < period ? static_cast<char>('a' + rng.below(random.texts.size() > 3 ? 3 : 2))
                                     : word[word.size() - period];
      }
      std::vector<TokenId> symbols, ids;
      for (const char letter : word) symbols.push_back(letter - 'a');
      if (*std::max_element(symbols.begin(), symbols.end()) >= 2 && random.texts[2].size() > 1) continue;
      ASSERT_TRUE(model.encode_word(word, scratch, ids).ok());
      ASSERT_EQ(ids, merge_naively(random.merges, symbols)) << "seed " << seed << ", word " << word;
    }
  }
}

TEST(BpeModel, LongWordsAreMergedLikeShortOnes) {
  Rng rng(5);
  for (int i = 0; i < 300; ++i) {
    const RandomModel random(rng, 3, 1 + rng.below(80));
    const MergeTable table(random.merges);
    std::vector<TokenId> word(1 + rng.below(300));
    for (TokenId& id : word) id = static_cast<TokenId>(rng.below(3));
    std::vector<TokenId> merged = word;
    LongWordMerger merger;
    merger.merge(table, merged);
    ASSERT_EQ(merged, merge_naively(random.merges, word)) << i;
    merged = word;
    merger.merge(table, merged);  // its lists must be empty again
    ASSERT_EQ(merged, merge_naively(random.merges, word)) << i;
  }
}

TEST(MergeTable, FindsWhatIsThereAndNothingElse) {
  Rng rng(3);
  std::vector<Merge> merges;
  std::map<std::pair<TokenId, TokenId>, uint32_t> expected;
  for (uint32_t rank = 0; rank < 20000; ++rank) {
    const auto left = static_cast<TokenId>(rng.below(MergeTable::kMaxId)), right = static_cast<TokenId>(rng.below(300));
    merges.push_back({left, right, static_cast<TokenId>(rank)});
    expected[{left, right}] = rank;  // the later rank of a pair counts
  }
  const MergeTable table(merges);
  for (const auto& [pair, rank] : expected) EXPECT_EQ(table.rank(pair.first, pair.second), rank);
  for (int i = 0; i < 20000; ++i) {
    const auto left = static_cast<TokenId>(rng.below(MergeTable::kMaxId)), right = static_cast<TokenId>(rng.below(300));
    EXPECT_EQ(table.rank(left, right) != MergeTable::kNoRank, expected.contains({left, right}));
  }
  EXPECT_EQ(MergeTable().rank(0, 0), MergeTable::kNoRank);
}

TEST(BpeModel, SaysWhichCharacterHasNoToken) {
  TokenStrings texts;
  texts.push_back("a");
  const BpeModel model({}, texts, {});
  EncodeScratch scratch;
  std::vector<TokenId> ids;
  EXPECT_TRUE(model.encode_word("aa", scratch, ids).ok());
  const Status status = model.encode_word("a\u00e9", scratch, ids);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message().find("\u00e9"), std::string::npos);
}

TEST(ByteAlphabet, IsThatOfGpt2) {
  EXPECT_EQ(to_alphabet(" a\n\xFF"), "\u0120a\u010a\u00ff");
  EXPECT_EQ(alphabet_order()[0], '!');
  EXPECT_EQ(alphabet_order()[255], 0xAD);
  std::string all, back;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  ASSERT_TRUE(append_alphabet_bytes(to_alphabet(all), back));
  EXPECT_EQ(back, all);
  EXPECT_FALSE(append_alphabet_bytes("a b", back));
  EXPECT_FALSE(append_alphabet_bytes("\u0144", back));
  EXPECT_EQ(back, all);
}

TEST(TokenStrings, AreFoundByTextAndId) {
  TokenStrings strings;
  Rng rng(1);
  std::map<std::string, TokenId> expected;
  for (TokenId id = 0; id < 3000; ++id) {
    std::string text = random_bytes(rng, 20);
    if (!expected.emplace(text, id).second) text = fmt::format("again{}", id);
    expected.emplace(text, id);
    strings.push_back(text);
  }
  StringIndex index(strings.size());
  for (TokenId id = 0; id < 3000; ++id) EXPECT_FALSE(index.insert(strings, id).has_value());
  EXPECT_EQ(index.insert(strings, 5), 5);
  for (const auto& [text, id] : expected) EXPECT_EQ(index.find(strings, text), id);
  EXPECT_FALSE(index.find(strings, "not there").has_value());
  EXPECT_FALSE(StringIndex().find(strings, "x").has_value());
}

}  // namespace
}  // namespace hermes::tokenizer
