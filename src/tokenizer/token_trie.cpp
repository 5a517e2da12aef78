#include "tokenizer/token_trie.h"

#include <algorithm>

#include "tokenizer/tokenizer.h"

namespace hermes::tokenizer {

TokenTrie::TokenTrie(std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& entry) { return entry.first.empty(); });
  std::sort(entries.begin(), entries.end());
  nodes_.push_back({0, 0, 0});
  std::vector<Node> path = {kRoot};  // from the root to the node of the entry before
  std::string_view before;
  const auto close = [&](size_t depth) {  // ends the subtrees below `depth`
    for (; path.size() > depth + 1; path.pop_back()) nodes_[path.back()].end = static_cast<Node>(nodes_.size());
  };
  for (const auto& [bytes, id] : entries) {
    const auto common = static_cast<size_t>(
        std::mismatch(bytes.begin(), bytes.end(), before.begin(), before.end()).first - bytes.begin());
    close(common);
    for (size_t i = common; i < bytes.size(); ++i) {
      const auto byte = static_cast<uint8_t>(bytes[i]);
      const auto node = static_cast<Node>(nodes_.size());
      if (i == 0) root_child_[byte] = node;
      path.push_back(node);
      nodes_.push_back({0, static_cast<uint32_t>(tokens_.size()), byte});
    }
    tokens_.push_back(id);
    before = bytes;
    max_depth_ = std::max(max_depth_, bytes.size());
  }
  close(0);
  nodes_[kRoot].end = static_cast<Node>(nodes_.size());
}

TokenTrie TokenTrie::of(const Tokenizer& tokenizer) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < tokenizer.vocab_size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!tokenizer.is_special(id)) entries.emplace_back(tokenizer.token_bytes(id), id);
  }
  return TokenTrie(std::move(entries));
}

std::optional<TokenTrie::Node> TokenTrie::find(std::string_view bytes) const {
  Node node = kRoot;
  for (const char byte : bytes) {
    const std::optional<Node> next = child(node, static_cast<uint8_t>(byte));
    if (!next) return std::nullopt;
    node = *next;
  }
  return node;
}

}  // namespace hermes::tokenizer
