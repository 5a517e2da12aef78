#include "tokenizer/merge_table.h"

#include <bit>

#include "base/check.h"

namespace hermes::tokenizer {

MergeTable::MergeTable(std::vector<Merge> merges)
    : slots_(std::bit_ceil(merges.size() * 2 + 2), kEmpty),
      mask_(slots_.size() - 1),
      shift_(64 - std::countr_zero(slots_.size())),
      merges_(std::move(merges)) {
  HERMES_CHECK(merges_.size() <= kMaxMerges, "{} merges", merges_.size());
  for (uint32_t rank = 0; rank < merges_.size(); ++rank) {
    const Merge& m = merges_[rank];
    HERMES_CHECK(m.left >= 0 && m.left <= kMaxId && m.right >= 0 && m.right <= kMaxId && m.made >= 0);
    const uint64_t pair = (static_cast<uint64_t>(m.left) << kIdBits) | static_cast<uint64_t>(m.right);
    size_t slot = slot_of(pair);
    while (slots_[slot] != kEmpty && slots_[slot] >> kRankBits != pair) slot = (slot + 1) & mask_;
    slots_[slot] = (pair << kRankBits) | rank;
  }
}

}  // namespace hermes::tokenizer
