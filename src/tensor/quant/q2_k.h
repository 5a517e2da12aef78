// Q2_K: 256 elements of two bits in 16 sub-blocks of 16, each with a scale and a minimum of four bits. Source: the GGUF
// format as ggml publishes it.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

struct [[gnu::packed]] BlockQ2_K {  // x = (d scale) q - dmin minimum
  uint8_t scales[16];               // of sub-block s: scale in the low half, minimum in the high half
  uint8_t q[64];                    // element 128 h + 32 j + i: bits 2 j and 2 j + 1 of byte 32 h + i
  F16 d;
  F16 dmin;
};
static_assert(sizeof(BlockQ2_K) == 84);

void decode_q2_k(const void* blocks, int64_t n, float* out);
void encode_q2_k(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
