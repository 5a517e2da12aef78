// Words that were encoded before and their tokens: natural text repeats itself, and a hit costs a tenth of a merge.
// Bounded: a set holds two words and forgets the one used longer ago. One thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/byte_hash.h"
#include "tokenizer/token_id.h"

namespace hermes::tokenizer {

class WordCache {
 public:
  static constexpr size_t kMaxBytes = 31;
  static constexpr size_t kMaxTokens = 7;

  // The key of a word of at most kMaxBytes, for find and insert.
  struct Key {
    char bytes[kMaxBytes + 1];  // zero-padded, the length last
    uint64_t hash;
  };
  static Key key_of(std::string_view word) {
    Key key{};
    std::memcpy(key.bytes, word.data(), word.size());
    key.bytes[kMaxBytes] = static_cast<char>(word.size());
    key.hash = hash_bytes(word);
    return key;
  }

  // The tokens of the word; empty where it is not here. Valid until the next call.
  std::span<const TokenId> find(const Key& key) {
    Entry* set = set_of(key);
    if (matches(set[0], key)) return {set[0].tokens, static_cast<size_t>(set[0].n_tokens)};
    if (!matches(set[1], key)) return {};
    std::swap(set[0], set[1]);
    return {set[0].tokens, static_cast<size_t>(set[0].n_tokens)};
  }

  // Keeps the word; does nothing for more than kMaxTokens tokens.
  void insert(const Key& key, std::span<const TokenId> tokens) {
    if (tokens.size() > kMaxTokens) return;
    Entry* set = set_of(key);
    set[1] = set[0];
    std::memcpy(set[0].bytes, key.bytes, sizeof key.bytes);
    set[0].n_tokens = static_cast<int32_t>(tokens.size());
    std::copy(tokens.begin(), tokens.end(), set[0].tokens);
  }

 private:
  static constexpr size_t kSets = 1 << 14;  // 2 MiB: the second-level cache of a server core

  struct alignas(64) Entry {
    char bytes[kMaxBytes + 1];
    int32_t n_tokens;
    TokenId tokens[kMaxTokens];
  };
  static_assert(sizeof(Entry) == 64);

  Entry* set_of(const Key& key) { return &entries_[(key.hash >> 20) % kSets * 2]; }
  static bool matches(const Entry& entry, const Key& key) {
    return std::memcmp(entry.bytes, key.bytes, sizeof key.bytes) == 0;
  }

  std::vector<Entry> entries_ = std::vector<Entry>(kSets * 2);
};

}  // namespace hermes::tokenizer
