// A trie over the bytes of tokens: which tokens begin with these bytes? For constrained decoding, which walks it in
// step with a grammar, and for finding added tokens in text.
//
// Nodes lie in one array in pre-order (a node, then its subtree), so that visiting every token is one pass through
// memory, and skipping a subtree is one addition. Immutable once built; nodes are indices.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/token_id.h"

namespace hermes::tokenizer {

class Tokenizer;

class TokenTrie {
 public:
  using Node = uint32_t;
  static constexpr Node kRoot = 0;

  using Entry = std::pair<std::string_view, TokenId>;  // bytes, not empty, and the token they are of
  // Several tokens may have the same bytes. Entries with empty bytes are left out.
  explicit TokenTrie(std::vector<Entry> entries);

  // Every token that text can produce: those with bytes, special tokens left out.
  static TokenTrie of(const Tokenizer& tokenizer);

  // The node reached from `node` by one byte.
  std::optional<Node> child(Node node, uint8_t byte) const {
    if (node == kRoot) return root_child_[byte] == kRoot ? std::nullopt : std::optional(root_child_[byte]);
    for (Node n = node + 1; n < nodes_[node].end; n = nodes_[n].end) {
      if (nodes_[n].byte == byte) return n;
    }
    return std::nullopt;
  }
  // The node whose path from the root is `bytes`.
  std::optional<Node> find(std::string_view bytes) const;

  // Tokens whose bytes are exactly the path to `node`, by id.
  std::span<const TokenId> tokens(Node node) const {
    const uint32_t begin = nodes_[node].first_token;
    return std::span(tokens_).subspan(begin, first_token_after(node) - begin);
  }

  // For a walk over everything: the nodes of `node`'s subtree are node .. subtree_end(node) - 1, parents first.
  Node subtree_end(Node node) const { return nodes_[node].end; }
  uint8_t byte(Node node) const { return nodes_[node].byte; }
  size_t size() const { return nodes_.size(); }
  size_t max_depth() const { return max_depth_; }  // bytes of the longest token

 private:
  struct Packed {
    Node end;              // one past the subtree
    uint32_t first_token;  // into tokens_; they end where the next node's begin
    uint8_t byte;          // from the parent
  };
  uint32_t first_token_after(Node node) const {
    return node + 1 < nodes_.size() ? nodes_[node + 1].first_token : static_cast<uint32_t>(tokens_.size());
  }

  std::vector<Packed> nodes_;
  std::vector<TokenId> tokens_;         // in the order of nodes
  std::array<Node, 256> root_child_{};  // kRoot where there is none
  size_t max_depth_ = 0;
};

}  // namespace hermes::tokenizer
