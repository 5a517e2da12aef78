// BPE of long words in time linear in their length: ten megabytes of one letter, or of spaces, are one word.
//
// Merges must happen by rank, then from left to right. Text that repeats itself has few ranks with many positions each;
// these are merged in passes over flat arrays, as long as a pass takes away a good part of the word. What remains is
// done with lists: the positions of each rank wait in a list of their own, in order, and a heap holds the ranks that
// have a list. Every position is in at most one list, that of its present pair, so that nothing stale is ever stored
// and memory is bounded by the word.
#pragma once

#include <cstdint>
#include <vector>

#include "tokenizer/merge_table.h"

namespace hermes::tokenizer {

// Scratch space for one thread; keeps its allocations between words up to a bound.
class LongWordMerger {
 public:
  // Replaces the symbols of a word by its tokens.
  void merge(const MergeTable& merges, std::vector<TokenId>& word);

 private:
  static constexpr uint32_t kNone = 0xFFFFFFFF;

  struct Symbol {
    TokenId id;
    uint32_t prev, next;            // neighbours in the word; kNone at its ends
    uint32_t rank;                  // of the pair (this, next); kNone where there is no merge
    uint32_t list_prev, list_next;  // neighbours in the list of that rank
  };
  struct List {
    uint32_t head = kNone, tail = kNone;
    bool is_queued = false;    // its rank is in heap_
    bool is_unsorted = false;  // something was added behind a later position
  };

  bool sweep(const MergeTable& merges, std::vector<TokenId>& word);
  void merge_by_lists(const MergeTable& merges, std::vector<TokenId>& word);

  void add(uint32_t position, uint32_t rank);
  void remove(uint32_t position);
  void update(const MergeTable& merges, uint32_t position);
  void sort(uint32_t rank);
  void apply(const MergeTable& merges, uint32_t position);

  std::vector<uint32_t> ranks_;  // of the pair (i, i + 1) of the word; kNoRank for its last symbol
  std::vector<Symbol> symbols_;
  std::vector<List> lists_;          // by rank
  std::vector<uint32_t> heap_;       // ranks, the smallest first
  std::vector<uint32_t> positions_;  // scratch of sort()
};

}  // namespace hermes::tokenizer
