// IQ3_XXS and IQ3_S: 256 elements, four at a time the magnitudes of a point of a codebook (iq_grids.h) with signs.
// Source: the GGUF format as ggml publishes it. Only read.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

struct [[gnu::packed]] BlockIQ3_XXS {  // x = (d (scale + 1/2) / 2) (+-point)
  F16 d;
  uint8_t q[64];            // the index of point p (elements 4 p to 4 p + 3) in kIq3XxsGrid
  uint32_t signs_scale[8];  // of elements 32 s to 32 s + 31: as in IQ2_XXS
};
static_assert(sizeof(BlockIQ3_XXS) == 98);

struct [[gnu::packed]] BlockIQ3_S {  // x = (d (2 scale + 1)) (+-point)
  F16 d;
  uint8_t q[64];      // the lower eight bits of the index of point p in kIq3SGrid
  uint8_t high[8];    // its ninth bit: bit p % 8 of byte p / 8
  uint8_t signs[32];  // of elements 8 b to 8 b + 7: bit i set where element i is negative
  uint8_t scales[4];  // of elements 32 s to 32 s + 31: half s % 2 (low first) of byte s / 2
};
static_assert(sizeof(BlockIQ3_S) == 110);

void decode_iq3_xxs(const void* blocks, int64_t n, float* out);
void decode_iq3_s(const void* blocks, int64_t n, float* out);

}  // namespace hermes
