// Q8_0: 32 elements of eight bits under one scale. Source: the GGUF format as ggml publishes it.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

struct [[gnu::packed]] BlockQ8_0 {  // x = d q
  F16 d;
  int8_t q[32];
};
static_assert(sizeof(BlockQ8_0) == 34);

void decode_q8_0(const void* blocks, int64_t n, float* out);
// Without importance the very bytes of ggml's reference, of finite weights whose scale is finite in F16.
void encode_q8_0(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
