// The codebooks of the IQ1, IQ2 and IQ3 types: points of eight or four elements, named by their index. Source: the GGUF
// format as ggml publishes it. A point is packed into one number, its first element in the lowest bits, and the points
// of a codebook rise as numbers.
#pragma once

#include <cstdint>

namespace hermes {

// Eight elements of two bits: of IQ1 (S and M) the element plus one, of IQ2 an index into kIq2Levels.
extern const uint16_t kIq1Grid[2048];
extern const uint16_t kIq2XxsGrid[256];
extern const uint16_t kIq2XsGrid[512];
extern const uint16_t kIq2SGrid[1024];
// Four elements of three bits: of XXS an index into kIq3XxsLevels, of S half the element (which is odd), rounded down.
extern const uint16_t kIq3XxsGrid[256];
extern const uint16_t kIq3SGrid[512];

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
