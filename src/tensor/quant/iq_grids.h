// The codebooks of the IQ1, IQ2 and IQ3 types: points of eight or four elements, named by their index. Source: the GGUF
// format as ggml publishes it. A point is packed into one number, its first element in the lowest bits, and the points
// of a codebook rise as numbers.
#pragma once

#include <cstdint>

#include "tensor/quant/iq_points.h"

namespace hermes {

// kIq1Grid (2,048 points), kIq2XxsGrid (256), kIq2XsGrid (512), kIq2SGrid (1,024): eight elements of two bits, of IQ1
// (S and M) the element plus one, of IQ2 an index into kIq2Levels.
// kIq3XxsGrid (256), kIq3SGrid (512): four elements of three bits, of XXS an index into kIq3XxsLevels, of S half the
// element (which is odd), rounded down.

inline constexpr uint8_t kIq2Levels[4] = {8, 25, 43, 0};  // the fourth is in no point
inline constexpr uint8_t kIq3XxsLevels[8] = {4, 12, 20, 28, 36, 44, 52, 62};

// Of the types with 7 bits of signs for 8 elements: the eighth sign makes the number of minus signs even.
constexpr uint32_t signs_with_parity(uint32_t seven_bits) {
  uint32_t parity = seven_bits ^ (seven_bits >> 4);
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return seven_bits | (parity & 1) << 7;
}

}  // namespace hermes
