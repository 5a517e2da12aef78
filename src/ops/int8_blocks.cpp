#include "ops/int8_blocks.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hermes::ops {

float round_to_int8(const float* x, int8_t* q) {
  uint32_t bits = 0;  // of the largest magnitude: a NaN's are larger than all
  for (int i = 0; i < kInt8Block; ++i) bits = std::max(bits, std::bit_cast<uint32_t>(x[i]) & 0x7FFFFFFFU);
  const float largest = std::bit_cast<float>(bits);
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

}  // namespace hermes::ops
