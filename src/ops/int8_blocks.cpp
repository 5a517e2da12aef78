#include "ops/int8_blocks.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hermes::ops {
namespace {

// By the bits: a NaN's are larger than all.
float largest_magnitude(const float* x, int n) {
  uint32_t bits = 0;
  for (int i = 0; i < n; ++i) bits = std::max(bits, std::bit_cast<uint32_t>(x[i]) & 0x7FFFFFFFU);
  return std::bit_cast<float>(bits);
}

}  // namespace

float round_to_int8(const float* x, int8_t* q) {
  const float largest = largest_magnitude(x, kInt8Block);
  if (largest < kInt8Smallest) {
    std::fill_n(q, kInt8Block, int8_t{0});
    return 0;
  }
  const float inverse = 127.0F / largest;
  for (int i = 0; i < kInt8Block; ++i) {
    const float scaled = x[i] * inverse;
    q[i] = static_cast<int8_t>(std::isfinite(scaled) ? std::clamp(std::nearbyint(scaled), -127.0F, 127.0F) : 0.0F);
  }
  return largest / 127.0F;
}

KeptScale kept_scale(float largest) {
  F16 scale = to_f16(largest / 127.0F);
  if (to_float(scale) * 127.0F < largest) ++scale.bits;  // the next larger one; of the largest finite one infinity
  const float value = to_float(scale);
  return {scale, std::isfinite(value) && value > 0 ? 1.0F / value : 0.0F};
}

F16 round_to_kept_int8(const float* x, int n, int8_t* q) {
  const KeptScale kept = kept_scale(largest_magnitude(x, n));
  std::fill_n(q, kInt8Block, int8_t{0});
  if (kept.inverse != 0) {
    for (int i = 0; i < n; ++i) q[i] = static_cast<int8_t>(std::nearbyint(x[i] * kept.inverse));
  }
  return kept.scale;
}

}  // namespace hermes::ops
