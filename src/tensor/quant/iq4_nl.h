// IQ4_NL and IQ4_XS: elements of four bits that name one of 16 unevenly spaced levels. Source: the GGUF format as ggml
// publishes it; the levels are its table. IQ4_NL: 32 elements under one scale. IQ4_XS: 256 elements in 8 sub-blocks of
// 32, each with a scale of six bits.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

inline constexpr int8_t kIq4Levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

struct [[gnu::packed]] BlockIQ4_NL {  // x = d level[q]
  F16 d;
  uint8_t q[16];  // element i: the low half of byte i; element i + 16: its high half
};
static_assert(sizeof(BlockIQ4_NL) == 18);

struct [[gnu::packed]] BlockIQ4_XS {  // x = (d (scale - 32)) level[q]
  F16 d;
  uint16_t scales_high;   // the upper two bits of scale s: bits 2 s and 2 s + 1 of this little-endian number
  uint8_t scales_low[4];  // the lower four bits: half s % 2 (low first) of byte s / 2
  uint8_t q[128];         // element 32 s + i: the low half of byte 16 s + i; element 32 s + 16 + i: its high half
};
static_assert(sizeof(BlockIQ4_XS) == 136);

void decode_iq4_nl(const void* blocks, int64_t n, float* out);
void decode_iq4_xs(const void* blocks, int64_t n, float* out);
void encode_iq4_nl(const float* x, int64_t n, const float* importance, void* blocks);
void encode_iq4_xs(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
