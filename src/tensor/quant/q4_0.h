// Q4_0 and Q4_1: 32 elements of four bits under one scale; Q4_1 has an offset too. Source: the GGUF format as ggml
// publishes it. Byte i holds element i in its low half and element i + 16 in its high half.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

struct [[gnu::packed]] BlockQ4_0 {  // x = d (q - 8)
  F16 d;
  uint8_t q[16];
};
static_assert(sizeof(BlockQ4_0) == 18);

struct [[gnu::packed]] BlockQ4_1 {  // x = d q + m
  F16 d;
  F16 m;
  uint8_t q[16];
};
static_assert(sizeof(BlockQ4_1) == 20);

void decode_q4_0(const void* blocks, int64_t n, float* out);
void decode_q4_1(const void* blocks, int64_t n, float* out);
// Without importance the very bytes of ggml's reference, of finite weights whose scale is finite in F16.
void encode_q4_0(const float* x, int64_t n, const float* importance, void* blocks);
void encode_q4_1(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
