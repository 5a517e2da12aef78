// IQ2_XXS, IQ2_XS and IQ2_S: 256 elements, eight at a time the magnitudes of a point of a codebook (iq_grids.h) with
// signs. Source: the GGUF format as ggml publishes it. Only read. In all three x = (d (scale + 1/2) / 4) (+-point).
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

struct [[gnu::packed]] BlockIQ2_XXS {
  struct [[gnu::packed]] Part {
    uint8_t index[4];  // of the four points, in kIq2XxsGrid
    // Little-endian: four times seven bits of signs (signs_with_parity), then four bits of scale.
    uint32_t signs_scale;
  };
  F16 d;
  Part parts[8];  // of elements 32 s to 32 s + 31
};
static_assert(sizeof(BlockIQ2_XXS) == 66);

struct [[gnu::packed]] BlockIQ2_XS {
  F16 d;
  // Of point p, little-endian: nine bits of index in kIq2XsGrid, seven bits of signs (signs_with_parity).
  uint16_t q[32];
  uint8_t scales[8];  // of elements 32 s to 32 s + 15 in the low half, of 32 s + 16 to 32 s + 31 in the high half
};
static_assert(sizeof(BlockIQ2_XS) == 74);

struct [[gnu::packed]] BlockIQ2_S {
  F16 d;
  uint8_t q[32];      // the lower eight bits of the index of point p in kIq2SGrid
  uint8_t signs[32];  // of point p: bit i set where element i is negative
  uint8_t high[8];    // the upper two bits of the index: bits 2 (p % 4) and 2 (p % 4) + 1 of byte p / 4
  uint8_t scales[8];  // as in IQ2_XS
};
static_assert(sizeof(BlockIQ2_S) == 82);

void decode_iq2_xxs(const void* blocks, int64_t n, float* out);
void decode_iq2_xs(const void* blocks, int64_t n, float* out);
void decode_iq2_s(const void* blocks, int64_t n, float* out);

}  // namespace hermes
