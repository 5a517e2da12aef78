#include "tokenizer/merge_table.h"

#include <bit>

#include "base/check.h"

namespace hermes::tokenizer {

MergeTable::MergeTable(std::span<const Merge> merges)
    : slots_(std::bit_ceil(merges.size() * 2 + 2), kEmpty),
      mask_(slots_.size() - 1),
      shift_(64 - std::countr_zero(slots_.size())),
      bitmap_((slots_.size() * kBitmapBitsPerSlot + 63) / 64),
      bitmap_shift_(shift_ - std::countr_zero(unsigned{kBitmapBitsPerSlot})) {
  HERMES_CHECK(merges.size() <= kMaxMerges, "{} merges", merges.size());
  made_.reserve(merges.size());
  for (uint32_t rank = 0; rank < merges.size(); ++rank) {
    const Merge& m = merges[rank];
    made_.push_back(m.made);
    HERMES_CHECK(m.left >= 0 && m.left <= kMaxId && m.right >= 0 && m.right <= kMaxId && m.made >= 0);
    const uint64_t pair = (static_cast<uint64_t>(m.left) << kIdBits) | static_cast<uint64_t>(m.right);
    const uint64_t bit = hash_of(pair) >> bitmap_shift_;
    bitmap_[bit / 64] |= uint64_t{1} << (bit % 64);
    size_t slot = hash_of(pair) >> shift_;
    while (slots_[slot] != kEmpty && slots_[slot] >> kRankBits != pair) slot = (slot + 1) & mask_;
    slots_[slot] = (pair << kRankBits) | rank;
  }
}

}  // namespace hermes::tokenizer
