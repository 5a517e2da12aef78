// Q3_K: 256 elements of three bits in 16 sub-blocks of 16, each with a scale of six bits. Source: the GGUF format as
// ggml publishes it.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

struct [[gnu::packed]] BlockQ3_K {  // x = (d (scale - 32)) (q - 4)
  uint8_t high[32];                 // the third bit of element 32 j + i: bit j of byte i
  uint8_t q[64];                    // the lower two bits, as in Q2_K
  // Of sub-block s: four bits in a half of byte s % 8 (low first), two in byte 8 + s % 4 from bit 2 (s / 4) on.
  uint8_t scales[12];
  F16 d;
};
static_assert(sizeof(BlockQ3_K) == 110);

void decode_q3_k(const void* blocks, int64_t n, float* out);
void encode_q3_k(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
