// The merges of a BPE model: from a pair of tokens to the rank of its merge, and from a rank to the token it makes.
//
// One 64-bit word per slot (left, right and rank packed), so that 300,000 merges are 4 MiB and a lookup is usually one
// cache line. Most pairs that are asked for have no merge; a bitmap that fits the second-level cache answers for nearly
// all of these.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tokenizer/token_id.h"

namespace hermes::tokenizer {

struct Merge {
  TokenId left;
  TokenId right;
  TokenId made;
};

class MergeTable {
 public:
  static constexpr uint32_t kNoRank = 0xFFFFFFFF;
  static constexpr int kIdBits = 21;
  static constexpr int kRankBits = 22;
  static constexpr TokenId kMaxId = (1 << kIdBits) - 1;
  static constexpr size_t kMaxMerges = (size_t{1} << kRankBits) - 1;

  // `merges` in order of rank, at most kMaxMerges, ids at most kMaxId. A pair that is there twice has its later rank.
  explicit MergeTable(std::span<const Merge> merges = {});

  uint32_t rank(TokenId left, TokenId right) const {
    const uint64_t pair = (static_cast<uint64_t>(left) << kIdBits) | static_cast<uint64_t>(right);
    const uint64_t hash = hash_of(pair);
    if ((bitmap_[hash >> bitmap_shift_ >> 6] >> ((hash >> bitmap_shift_) & 63) & 1) == 0) return kNoRank;
    for (size_t slot = hash >> shift_;; slot = (slot + 1) & mask_) {
      const uint64_t entry = slots_[slot];
      if (entry >> kRankBits == pair) return static_cast<uint32_t>(entry & kRankMask);
      if (entry == kEmpty) return kNoRank;
    }
  }
  // What the merge of this rank makes.
  TokenId made(uint32_t rank) const { return made_[rank]; }
  size_t size() const { return made_.size(); }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  static constexpr uint64_t kRankMask = (uint64_t{1} << kRankBits) - 1;

  static constexpr int kBitmapBitsPerSlot = 4;

  static uint64_t hash_of(uint64_t pair) { return pair * 0x9E3779B97F4A7C15ULL; }

  std::vector<uint64_t> slots_;
  size_t mask_;
  int shift_;  // the high bits of a hash are the slot
  std::vector<uint64_t> bitmap_;
  int bitmap_shift_;
  std::vector<TokenId> made_;  // by rank
};

}  // namespace hermes::tokenizer
