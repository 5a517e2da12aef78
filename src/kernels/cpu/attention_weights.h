// From scores to weights, of one query and one tile of positions. `V` is the lane type of an instruction set (scalar/lanes.h).
#pragma once

#include "kernels/cpu/attention_sums.h"

namespace hermes::kernels {

// Positions of a tile that a query sees, counted from the tile's begin; none where begin >= end.
struct SeenRange {
  int64_t begin, end;
  HERMES_INLINE bool empty() const { return begin >= end; }
};
HERMES_INLINE bool operator==(SeenRange a, SeenRange b) { return a.begin == b.begin && a.end == b.end; }

// Scores of one tile to weights, in place. Positions that are not seen take no part in the arithmetic and have weight 0.
// kWhole: all are seen.
template <class V, bool kWhole>
struct TileWeights {
  static constexpr int kVectors = kTile / V::kCount;

  // Lanes of vector i of the tile that are seen, of `other` those that are not.
  static HERMES_INLINE V only(SeenRange seen, int i, V x, V other) {
    if (kWhole || (seen.begin <= i * V::kCount && seen.end >= (i + 1) * V::kCount)) return x;
    return first_of(other, lanes_before(seen.begin, i), first_of(x, lanes_before(seen.end, i), other));
  }

  // The highest score that is seen, or `before` where that is higher.
  static HERMES_INLINE float highest_of(const float* scores, SeenRange seen, float before) {
    const V lowest = V::broadcast(-__builtin_inff());
    V x[kVectors];
    for (int i = 0; i < kVectors; ++i) x[i] = only(seen, i, V::load(scores + i * V::kCount), lowest);
    const float now = highest(max(max(x[0], x[1]), max(x[2], x[3])));
    return before > now ? before : now;
  }
  // Returns the sum of the weights.
  static HERMES_INLINE float weigh(float* scores, SeenRange seen, float highest) {
    const V top = V::broadcast(highest);
    V x[kVectors];
    for (int i = 0; i < kVectors; ++i) {
      x[i] = only(seen, i, V::load(scores + i * V::kCount) - top, V::zero());
      x[i] = only(seen, i, exp_of_nonpositive(x[i]), V::zero());
      x[i].store(scores + i * V::kCount);
    }
    return sum((x[0] + x[1]) + (x[2] + x[3]));
  }

 private:
  static_assert(kVectors == 4);
  static HERMES_INLINE int lanes_before(int64_t position, int i) {
    const int64_t n = position - i * V::kCount;
    return static_cast<int>(n < 0 ? 0 : n < V::kCount ? n : V::kCount);
  }
};

}  // namespace hermes::kernels
