// Q6_K: 256 elements of six bits in 16 sub-blocks of 16, each with a scale of eight bits. Source: the GGUF format as
// ggml publishes it.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

struct [[gnu::packed]] BlockQ6_K {  // x = (d scale) (q - 32)
  // The lower four bits of element 128 h + 32 j + i: half j / 2 (low first) of byte 64 h + 32 (j % 2) + i.
  uint8_t q[128];
  uint8_t high[64];  // the upper two: bits 2 j and 2 j + 1 of byte 32 h + i
  int8_t scales[16];
  F16 d;
};
static_assert(sizeof(BlockQ6_K) == 210);

void decode_q6_k(const void* blocks, int64_t n, float* out);
void encode_q6_k(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
