#include "tokenizer/long_word.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace hermes::tokenizer {
namespace {

constexpr size_t kSweepShare = 16;        // a pass must merge at least one pair in so many, else lists are faster
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

// One pass that merges the pairs of the smallest rank, from left to right. False, with the word as it was, where there
// are too few of them.
bool LongWordMerger::sweep(const MergeTable& merges, std::vector<TokenId>& word) {
  const size_t n = word.size();
  const uint32_t best = *std::min_element(ranks_.begin(), ranks_.end());
  if (best == MergeTable::kNoRank) return false;
  const auto count = static_cast<size_t>(std::count(ranks_.begin(), ranks_.end(), best));
  if (count < n / kSweepShare) return false;
  const TokenId made = merges.made(best);
  bool is_interrupted = false;  // by a pair of a smaller rank, which comes before the rest of this one
  size_t out = 0;
  for (size_t in = 0; in < n; ++out) {
    if (ranks_[in] != best || is_interrupted) {
      word[out] = word[in];
      ranks_[out] = ranks_[in++];
      continue;
    }
    in += 2;
    word[out] = made;
    ranks_[out] = in < n ? merges.rank(made, word[in]) : MergeTable::kNoRank;
    if (out > 0) ranks_[out - 1] = merges.rank(word[out - 1], made);
    is_interrupted = ranks_[out] < best || (out > 0 && ranks_[out - 1] < best);
  }
  word.resize(out);
  ranks_.resize(out);
  return true;
}

void LongWordMerger::merge(const MergeTable& merges, std::vector<TokenId>& word) {
  HERMES_CHECK(!word.empty() && word.size() < kNone, "a word of {} symbols", word.size());
  ranks_.resize(word.size());
  for (size_t i = 0; i + 1 < word.size(); ++i) ranks_[i] = merges.rank(word[i], word[i + 1]);
  ranks_.back() = MergeTable::kNoRank;
  while (sweep(merges, word)) {
  }
  merge_by_lists(merges, word);
  if (ranks_.capacity() > kKeptSymbols) {
    ranks_ = {};
    symbols_ = {};
    positions_ = {};
  }
}

void LongWordMerger::merge_by_lists(const MergeTable& merges, std::vector<TokenId>& word) {
  if (lists_.size() < merges.size()) lists_.resize(merges.size());
  const auto n = static_cast<uint32_t>(word.size());
  symbols_.resize(n);
  for (uint32_t i = 0; i < n; ++i) {
    symbols_[i] = {word[i], i == 0 ? kNone : i - 1, i + 1 == n ? kNone : i + 1, kNone, kNone, kNone};
  }
  for (uint32_t i = 0; i < n; ++i) {
    if (ranks_[i] != MergeTable::kNoRank) add(i, ranks_[i]);
  }
  while (!heap_.empty()) {
    const uint32_t rank = heap_.front();
    if (lists_[rank].head == kNone) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.pop_back();
      lists_[rank].is_queued = false;
      continue;
    }
    if (lists_[rank].is_unsorted) sort(rank);
    // This may queue a smaller rank, which then comes first; the list waits with what is left of it.
    apply(merges, lists_[rank].head);
  }
  word.clear();
  for (uint32_t i = 0; i != kNone; i = symbols_[i].next) word.push_back(symbols_[i].id);
}

}  // namespace hermes::tokenizer
