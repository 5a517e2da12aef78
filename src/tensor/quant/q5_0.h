// Q5_0 and Q5_1: 32 elements of five bits under one scale; Q5_1 has an offset too. Source: the GGUF format as ggml
// publishes it. Byte i of q holds the lower four bits of elements i (low half) and i + 16; the fifth bit of element i
// is bit i of the little-endian number `high`.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

struct [[gnu::packed]] BlockQ5_0 {  // x = d (q - 16)
  F16 d;
  uint32_t high;
  uint8_t q[16];
};
static_assert(sizeof(BlockQ5_0) == 22);

struct [[gnu::packed]] BlockQ5_1 {  // x = d q + m
  F16 d;
  F16 m;
  uint32_t high;
  uint8_t q[16];
};
static_assert(sizeof(BlockQ5_1) == 24);

void decode_q5_0(const void* blocks, int64_t n, float* out);
void decode_q5_1(const void* blocks, int64_t n, float* out);
// Without importance the very bytes of ggml's reference, of finite weights whose scale is finite in F16.
void encode_q5_0(const float* x, int64_t n, const float* importance, void* blocks);
void encode_q5_1(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
