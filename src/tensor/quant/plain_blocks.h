// What the encoders of blocks of 32 elements share where they follow ggml's reference: one look for the extremes, one
// rounding of all elements.
#pragma once

#include <cstdint>
#include <limits>

#include "tensor/quant/lanes.h"
#include "tensor/quant/sub_blocks.h"

namespace hermes::quant {

inline constexpr int kPlainBlock = 32;

// A block of finite elements: the caller's own, or a copy with NaN as 0 and infinities as the largest floats.
class FiniteBlock {
 public:
  explicit FiniteBlock(const float* x) : x_(x) {
    Lanes zeros;
    for (int i = 0; i < kPlainBlock; i += Lanes::kWidth) zeros += Lanes::load(x + i) * Lanes();
    if (sum(zeros) == 0) return;
    for (int i = 0; i < kPlainBlock; ++i) copy_[i] = within(x[i], std::numeric_limits<float>::max());
    x_ = copy_;
  }
  FiniteBlock(const FiniteBlock&) = delete;
  FiniteBlock& operator=(const FiniteBlock&) = delete;

  Lanes at(int i) const { return Lanes::load(x_ + i); }  // elements i to i + 7
  float highest() const { return largest(max(max(at(0), at(8)), max(at(16), at(24)))); }
  float lowest() const {  // of zeros the first, which may be either
    const float low = -largest(Lanes() - min(min(at(0), at(8)), min(at(16), at(24))));
    for (int i = 0; i < kPlainBlock && low == 0; ++i) {
      if (x_[i] == 0) return x_[i];
    }
    return low;
  }
  // The element that is farthest from zero, the first of equals; 0 where all are zero.
  float farthest() const {
    const float high = highest(), low = lowest();
    if (high > -low) return high;
    if (high < -low) return low;
    for (int i = 0; i < kPlainBlock && high > 0; ++i) {
      if (x_[i] == high || x_[i] == low) return x_[i];
    }
    return 0;
  }

 private:
  const float* x_;
  float copy_[kPlainBlock];
};

// 1 / d, and 0 where that would be infinite.
inline float inverse_scale(float d) {
  return d > -std::numeric_limits<float>::min() && d < std::numeric_limits<float>::min() ? 0.0F : 1.0F / d;
}

}  // namespace hermes::quant
