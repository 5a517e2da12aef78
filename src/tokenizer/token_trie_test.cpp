#include "tokenizer/token_trie.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

// Every token is at the node of its bytes, every node lies on the way to a token, and nothing else is there.
void expect_holds(const TokenTrie& trie, const std::map<std::string, std::set<TokenId>>& expected) {
  std::set<std::string> prefixes;
  for (const auto& [bytes, ids] : expected) {
    const std::optional<TokenTrie::Node> node = trie.find(bytes);
    ASSERT_TRUE(node.has_value()) << testing::PrintToString(bytes);
    const std::span<const TokenId> tokens = trie.tokens(*node);
    EXPECT_EQ(std::set<TokenId>(tokens.begin(), tokens.end()), ids);
    EXPECT_TRUE(std::is_sorted(tokens.begin(), tokens.end()));
    for (size_t n = 0; n <= bytes.size(); ++n) prefixes.insert(bytes.substr(0, n));
  }
  prefixes.insert("");
  EXPECT_EQ(trie.size(), prefixes.size());

  // The walk in pre-order meets every prefix once, with child() and subtree_end() agreeing about the shape.
  std::vector<std::pair<TokenTrie::Node, std::string>> open = {{TokenTrie::kRoot, ""}};
  size_t n_nodes = 0;
  while (!open.empty()) {
    const auto [node, path] = open.back();
    open.pop_back();
    ++n_nodes;
    EXPECT_TRUE(prefixes.contains(path));
    EXPECT_EQ(trie.tokens(node).size(), expected.contains(path) ? expected.at(path).size() : 0);
    size_t n_children = 0, by_walk = 0;
    for (int byte = 0; byte < 256; ++byte) {
      const auto child = trie.child(node, static_cast<uint8_t>(byte));
      if (!child) continue;
      ++n_children;
      EXPECT_EQ(trie.byte(*child), byte);
      open.emplace_back(*child, path + static_cast<char>(byte));
    }
    for (TokenTrie::Node n = node + 1; n < trie.subtree_end(node); n = trie.subtree_end(n)) ++by_walk;
    EXPECT_EQ(n_children, by_walk);
  }
  EXPECT_EQ(n_nodes, trie.size());
}

TEST(TokenTrie, HoldsRandomTokens) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    std::map<std::string, std::set<TokenId>> expected;
    std::vector<std::string> bytes(rng.below(200));
    std::vector<TokenTrie::Entry> entries;
    for (size_t i = 0; i < bytes.size(); ++i) {
      for (uint64_t n = rng.below(6); n > 0; --n) bytes[i] += static_cast<char>(rng.below(8) * 36);
      entries.emplace_back(bytes[i], static_cast<TokenId>(i));
      if (!bytes[i].empty()) expected[bytes[i]].insert(static_cast<TokenId>(i));
    }
    expect_holds(TokenTrie(entries), expected);
  }
}

TEST(TokenTrie, OfATokenizerLeavesSpecialTokensOut) {
  const Tokenizer tokenizer = fixture("byte", {{"added_tokens", R"([{"id": 320, "content": "<s>", "special": true},
                                                                    {"id": 330, "content": "<tool>", "special": false}])"}});
  const TokenTrie trie = TokenTrie::of(tokenizer);
  std::map<std::string, std::set<TokenId>> expected;
  for (TokenId id = 0; id < static_cast<TokenId>(tokenizer.vocab_size()); ++id) {
    const std::string bytes(tokenizer.token_bytes(id));
    if (id != 320 && !bytes.empty()) expected[bytes].insert(id);
  }
  EXPECT_EQ(expected.size(), 321U);
  size_t expected_depth = 0;
  for (const auto& [bytes, ids] : expected) expected_depth = std::max(expected_depth, bytes.size());
  expect_holds(trie, expected);
  EXPECT_FALSE(trie.find("<s>").has_value());
  EXPECT_EQ(trie.max_depth(), expected_depth);
}

}  // namespace
}  // namespace hermes::tokenizer
