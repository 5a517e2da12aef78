// Q4_K: 256 elements of four bits in 8 sub-blocks of 32, each with a scale and a minimum of six bits. Source: the GGUF
// format as ggml publishes it.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

// The scales and minimums of the eight sub-blocks of Q4_K and Q5_K: bytes 0 to 3 hold scales 0 to 3 in their lower six
// bits, bytes 4 to 7 minimums 0 to 3; bytes 8 to 11 hold the lower four bits of scale (low half) and minimum 4 to 7,
// whose upper two bits are on top of bytes 0 to 3 and 4 to 7.
struct [[gnu::packed]] ScalesMinsK {
  uint8_t bytes[12];

  uint8_t scale(int s) const {
    const auto upper = static_cast<uint8_t>(s < 4 ? 0 : bytes[s - 4] >> 6 << 4);
    return static_cast<uint8_t>(s < 4 ? bytes[s] & 63 : (bytes[s + 4] & 15) | upper);
  }
  uint8_t minimum(int s) const {
    const auto upper = static_cast<uint8_t>(s < 4 ? 0 : bytes[s] >> 6 << 4);
    return static_cast<uint8_t>(s < 4 ? bytes[s + 4] & 63 : (bytes[s + 4] >> 4) | upper);
  }
  static ScalesMinsK of(const uint8_t* scales, const uint8_t* minimums);
};

struct [[gnu::packed]] BlockQ4_K {  // x = (d scale) q - dmin minimum
  F16 d;
  F16 dmin;
  ScalesMinsK scales;
  uint8_t q[128];  // element 64 h + i: the low half of byte 32 h + i; element 64 h + 32 + i: its high half
};
static_assert(sizeof(BlockQ4_K) == 144);

void decode_q4_k(const void* blocks, int64_t n, float* out);
void encode_q4_k(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
