// IQ1_S and IQ1_M: 256 elements, eight at a time a point of kIq1Grid (elements -1, 0, 1) moved by an eighth up or down.
// Source: the GGUF format as ggml publishes it. Only read.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes {

struct [[gnu::packed]] BlockIQ1_S {  // x = (d (2 scale + 1)) (point + shift)
  F16 d;
  uint8_t q[32];  // the lower eight bits of the index of point p (elements 8 p to 8 p + 7)
  // Of elements 32 s to 32 s + 31: bits 0-2, 3-5, 6-8, 9-11 are the upper bits of the four indices, bits 12-14 the
  // scale, and bit 15 says that the shift is -1/8 (else +1/8).
  uint16_t high[8];
};
static_assert(sizeof(BlockIQ1_S) == 50);

struct [[gnu::packed]] BlockIQ1_M {  // x = (d (2 scale + 1)) (point + shift)
  uint8_t q[32];                     // the lower eight bits of the index of point p
  uint8_t
      high[16];  // of point p: half p % 2 (low first) of byte p / 2: three upper bits of the index, one of the shift
  // Little-endian: each has in its lower twelve bits the scales of four times 16 elements, three bits each, and in its
  // upper four a quarter of d (F16), the lowest quarter first.
  uint16_t scales[4];
};
static_assert(sizeof(BlockIQ1_M) == 56);

void decode_iq1_s(const void* blocks, int64_t n, float* out);
void decode_iq1_m(const void* blocks, int64_t n, float* out);

}  // namespace hermes
