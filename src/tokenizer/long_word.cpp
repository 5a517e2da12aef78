#include "tokenizer/long_word.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace hermes::tokenizer {
namespace {

constexpr size_t kKeptSymbols = 1 << 16;  // scratch above this is given back after the word

}  // namespace

void LongWordMerger::add(uint32_t position, uint32_t rank) {
  Symbol& symbol = symbols_[position];
  List& list = lists_[rank];
  symbol.rank = rank;
  symbol.list_prev = list.tail;
  symbol.list_next = kNone;
  if (list.tail == kNone) {
    list.head = position;
    list.is_unsorted = false;
  } else {
    symbols_[list.tail].list_next = position;
    list.is_unsorted |= position < list.tail;
  }
  list.tail = position;
  if (!list.is_queued) {
    list.is_queued = true;
    heap_.push_back(rank);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
}

void LongWordMerger::remove(uint32_t position) {
  Symbol& symbol = symbols_[position];
  if (symbol.rank == kNone) return;
  List& list = lists_[symbol.rank];
  (symbol.list_prev == kNone ? list.head : symbols_[symbol.list_prev].list_next) = symbol.list_next;
  (symbol.list_next == kNone ? list.tail : symbols_[symbol.list_next].list_prev) = symbol.list_prev;
  symbol.rank = kNone;
}

// The pair at `position` has changed: moves it to the list of its new rank.
void LongWordMerger::update(const MergeTable& merges, uint32_t position) {
  remove(position);
  const Symbol& symbol = symbols_[position];
  if (symbol.next == kNone) return;
  const uint32_t rank = merges.rank(symbol.id, symbols_[symbol.next].id);
  if (rank != MergeTable::kNoRank) add(position, rank);
}

void LongWordMerger::sort(uint32_t rank) {
  List& list = lists_[rank];
  positions_.clear();
  for (uint32_t p = list.head; p != kNone; p = symbols_[p].list_next) positions_.push_back(p);
  std::sort(positions_.begin(), positions_.end());
  uint32_t prev = kNone;
  for (const uint32_t p : positions_) {
    symbols_[p].list_prev = prev;
    (prev == kNone ? list.head : symbols_[prev].list_next) = p;
    prev = p;
  }
  symbols_[prev].list_next = kNone;
  list.tail = prev;
  list.is_unsorted = false;
}

void LongWordMerger::apply(const MergeTable& merges, uint32_t position) {
  Symbol& left = symbols_[position];
  const uint32_t made_by = left.rank;
  const uint32_t right = left.next;
  remove(position);
  remove(right);
  left.id = merges.made(made_by);
  left.next = symbols_[right].next;
  if (left.next != kNone) symbols_[left.next].prev = position;
  if (left.prev != kNone) update(merges, left.prev);
  update(merges, position);
}

void LongWordMerger::merge(const MergeTable& merges, std::vector<TokenId>& word) {
  HERMES_CHECK(word.size() < kNone, "a word of {} symbols", word.size());
  if (lists_.size() < merges.size()) lists_.resize(merges.size());
  const auto n = static_cast<uint32_t>(word.size());
  symbols_.resize(n);
  for (uint32_t i = 0; i < n; ++i) {
    symbols_[i] = {word[i], i == 0 ? kNone : i - 1, i + 1 == n ? kNone : i + 1, kNone, kNone, kNone};
  }
  for (uint32_t i = 0; i + 1 < n; ++i) {
    const uint32_t rank = merges.rank(word[i], word[i + 1]);
    if (rank != MergeTable::kNoRank) add(i, rank);
  }
  while (!heap_.empty()) {
    const uint32_t rank = heap_.front();
    // A merge may queue a smaller rank, which then comes first; this list waits with what is left of it.
    if (lists_[rank].head == kNone) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.pop_back();
      lists_[rank].is_queued = false;
      continue;
    }
    if (lists_[rank].is_unsorted) sort(rank);
    apply(merges, lists_[rank].head);
  }
  word.clear();
  for (uint32_t i = 0; i != kNone; i = symbols_[i].next) word.push_back(symbols_[i].id);
  if (symbols_.size() > kKeptSymbols) {
    symbols_ = {};
    positions_ = {};
  }
}

}  // namespace hermes::tokenizer
