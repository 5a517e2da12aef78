// The elements that are encoded together, transposed: lane by lane a sub-block.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"
#include "tensor/quant/lanes.h"

namespace hermes::quant {

// Beyond what any type with a scale in F16 can hold (65,504 times 128 times 32), and its square is still far from the
// end of F32.
inline constexpr float kLargestElement = 0x1.0p30F;
inline constexpr float kLargestImportance = 0x1.0p100F, kSmallestImportance = 0x1.0p-100F;
// Beside the largest: of an element without importance, and of every element where a whole sub-block has none.
inline constexpr float kLeastImportance = 0x1.0p-60F, kUncounted = 0x1.0p-24F;
inline constexpr float kLargestF16 = 65504.0F, kSmallestScale = 0x1.0p-24F;

// NaN counts as 0.
inline Lanes within(Lanes x, float limit) { return clamped(without_nan(x), -limit, limit); }
inline float within(float x, float limit) {
  if (!(x == x)) return 0;
  return x < -limit ? -limit : x > limit ? limit : x;
}

// To F16, never to infinity, and to 0 only what is 0: the smallest scale is better than none.
inline F16 to_scale(float x) {
  if (x != 0 && x > -kSmallestScale && x < kSmallestScale) x = x < 0 ? -kSmallestScale : kSmallestScale;
  return to_f16(within(x, kLargestF16));
}

// Of two errors that come from sums, one is the less only if it is so beyond the roundings of F32.
inline constexpr float kBeyondRoundings = 1 - 0x1.0p-21F;

// kShared: the sub-blocks share a scale, so the importance of one weighs against that of another; else each is a block
// of its own.
template <int kElements, int kSubs, bool kWeighted, bool kShared>
class SubBlocks {
 public:
  static constexpr int kChunks = kSubs / Lanes::kWidth;
  static_assert(kSubs % Lanes::kWidth == 0);

  // `sign` is 1, or -1 to mirror.
  void load(const float* x, const float* importance, float sign = 1) {
    for (int s = 0; s < kSubs; ++s) {
      for (int i = 0; i < kElements; i += Lanes::kWidth) {
        scatter(within(Lanes::load(x + s * kElements + i), kLargestElement) * Lanes(sign), x_, i, s);
      }
    }
    if constexpr (kWeighted) {
      constexpr int kTogether = kShared ? kSubs : 1;
      for (int s = 0; s < kSubs; s += kTogether) load_importance(importance + s * kElements, s, kTogether);
    }
  }

  Lanes x(int chunk, int i) const { return Lanes::load(x_ + (chunk * kElements + i) * Lanes::kWidth); }
  Lanes importance(int chunk, int i) const {
    if constexpr (!kWeighted) return Lanes(1.0F);
    return Lanes::load(w_ + (chunk * kElements + i) * Lanes::kWidth);
  }
  Lanes weighted_x(int chunk, int i) const {
    if constexpr (!kWeighted) return x(chunk, i);
    return Lanes::load(wx_ + (chunk * kElements + i) * Lanes::kWidth);
  }
  // x, and `otherwise` where it has no importance, so that such elements do not widen a range.
  Lanes counted_x(int chunk, int i, Lanes otherwise) const {
    if constexpr (!kWeighted) return x(chunk, i);
    return where_less(Lanes(kLeastImportance), importance(chunk, i), x(chunk, i), otherwise);
  }
  // Moves a chunk's elements by an amount for each sub-block. To be followed by weigh().
  void move(int chunk, Lanes amount) {
    for (int i = 0; i < kElements; ++i) {
      (x(chunk, i) + amount).store(x_ + (chunk * kElements + i) * Lanes::kWidth);
    }
  }
  // Prepares weighted_x().
  void weigh() {
    if constexpr (kWeighted) {
      for (int i = 0; i < kSubs * kElements; ++i) wx_[i] = w_[i] * x_[i];
    }
  }

 private:
  // Elements i to i + 7 of sub-block s, to its lane.
  static void scatter(Lanes elements, float* values, int i, int s) {
    float each[Lanes::kWidth];
    elements.store(each);
    float* to = values + ((s / Lanes::kWidth) * kElements + i) * Lanes::kWidth + s % Lanes::kWidth;
    for (int k = 0; k < Lanes::kWidth; ++k) to[k * Lanes::kWidth] = each[k];
  }
  // The largest becomes 1.
  void load_importance(const float* importance, int first, int n_subs) {
    Lanes highest;
    for (int i = 0; i < n_subs * kElements; i += Lanes::kWidth) {
      highest = max(highest, within(Lanes::load(importance + i), kLargestImportance));
    }
    const Lanes factor(1.0F / largest(max(highest, Lanes(kSmallestImportance))));
    for (int s = 0; s < n_subs; ++s) {
      Lanes each[kElements / Lanes::kWidth], highest_here;
      for (int i = 0; i < kElements; i += Lanes::kWidth) {
        const Lanes w = within(Lanes::load(importance + s * kElements + i), kLargestImportance) * factor;
        each[i / Lanes::kWidth] = w;
        highest_here = max(highest_here, w);
      }
      const Lanes least(largest(highest_here) > kLeastImportance ? kLeastImportance : kUncounted);
      for (int i = 0; i < kElements; i += Lanes::kWidth) scatter(max(each[i / Lanes::kWidth], least), w_, i, first + s);
    }
  }

  alignas(64) float x_[kSubs * kElements];
  alignas(64) float w_[kWeighted ? kSubs * kElements : 1];
  alignas(64) float wx_[kWeighted ? kSubs * kElements : 1];
};

}  // namespace hermes::quant
