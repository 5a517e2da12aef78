// Q5_K: 256 elements of five bits in 8 sub-blocks of 32, each with a scale and a minimum of six bits. Source: the GGUF
// format as ggml publishes it.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"
#include "tensor/quant/q4_k.h"

namespace hermes {

struct [[gnu::packed]] BlockQ5_K {  // x = (d scale) q - dmin minimum
  F16 d;
  F16 dmin;
  ScalesMinsK scales;
  uint8_t high[32];  // the fifth bit of element 32 s + i: bit s of byte i
  uint8_t q[128];    // the lower four bits, as in Q4_K
};
static_assert(sizeof(BlockQ5_K) == 176);

void decode_q5_k(const void* blocks, int64_t n, float* out);
void encode_q5_k(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
