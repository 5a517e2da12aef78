// MXFP4: 32 elements of four bits (FP4 E2M1: a sign and 0, 0.5, 1, 1.5, 2, 3, 4 or 6) under one power of two. Source:
// OCP Microscaling Formats (MX) 1.0, in the block layout of GGUF as ggml publishes it.
#pragma once

#include <cstdint>

namespace hermes {

inline constexpr int8_t kFp4Doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

struct [[gnu::packed]] BlockMXFP4 {  // x = 2^(e - 127) fp4[q]
  uint8_t e;                         // 255, NaN in the source, is 2^128 here as in ggml; never written
  uint8_t q[16];                     // element i: the low half of byte i; element i + 16: its high half
};
static_assert(sizeof(BlockMXFP4) == 17);

void decode_mxfp4(const void* blocks, int64_t n, float* out);
void encode_mxfp4(const float* x, int64_t n, const float* importance, void* blocks);

}  // namespace hermes
