// The heart of BPE training: words as sequences of tokens, how often each pair of neighbours occurs, and merging the
// most frequent pair with all counts kept up to date.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/merge_table.h"

namespace hermes::tokenizer {

class PairCounter {
 public:
  // token_bytes[id] is the length of the token in bytes; pairs longer than max_bytes together are not considered.
  PairCounter(std::vector<size_t> token_bytes, size_t max_bytes)
      : token_bytes_(std::move(token_bytes)), max_bytes_(max_bytes) {}

  // A word as tokens, that occurs `count` times. All words come before the first next_pair().
  void add_word(const std::vector<TokenId>& tokens, uint64_t count);

  // The pair that occurs most often (ties: lower left id, then lower right id), if that is at least min_count times.
  struct Pair {
    TokenId left;
    TokenId right;
    uint64_t count;
  };
  std::optional<Pair> next_pair(uint64_t min_count);

  // Replaces the pair everywhere by `made`: a new id (one above the largest so far) or one that is there already.
  void merge(TokenId left, TokenId right, TokenId made);

 private:
  struct Word {
    size_t begin;  // into symbols_
    uint32_t size;
    uint64_t count;
  };
  struct Stats {
    int64_t count = 0;
    bool has_grown = false;       // is in grown_
    std::vector<uint32_t> words;  // where it occurs, or did; a word may be there twice
  };
  struct Candidate {
    int64_t count;  // when it was queued
    uint64_t pair;
    bool operator<(const Candidate& other) const {  // the queue's top is the largest
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };
  struct Mix {
    size_t operator()(uint64_t pair) const { return (pair * 0x9E3779B97F4A7C15ULL) >> 20; }
  };

  static uint64_t key(TokenId left, TokenId right) {
    return (static_cast<uint64_t>(left) << 32) | static_cast<uint64_t>(right);
  }
  bool is_considered(TokenId left, TokenId right) const {
    return token_bytes_[static_cast<size_t>(left)] + token_bytes_[static_cast<size_t>(right)] <= max_bytes_;
  }
  void change(TokenId left, TokenId right, int64_t by, uint32_t word);
  void merge_in_word(uint32_t index, TokenId left, TokenId right, TokenId made);
  void queue_changed();

  std::vector<size_t> token_bytes_;
  size_t max_bytes_;
  std::vector<Word> words_;
  std::vector<TokenId> symbols_;
  std::unordered_map<uint64_t, Stats, Mix> pairs_;
  std::priority_queue<Candidate> queue_;
  std::vector<uint64_t> grown_;  // pairs whose count has grown since they were last queued
};

}  // namespace hermes::tokenizer
