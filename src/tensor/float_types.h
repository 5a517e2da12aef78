// Storage-only float formats: 16- and 8-bit patterns with conversions to and from float.
//   F16      IEEE 754 binary16            BF16     the upper half of binary32
//   F8_E4M3  OCP FP8 E4M3 (no infinity; NaN is 0x7F and 0xFF; largest 448)
//   F8_E5M2  OCP FP8 E5M2 (IEEE-like, with infinities)
// Every conversion to a narrower type rounds to nearest, ties to even; NaN stays NaN. Beyond the largest finite value
// F16, BF16 and E5M2 give infinity. E4M3, which has none, gives NaN from 464 on (the tie between 448 and the 480 that
// is not there), so that an overflow shows; some versions of PyTorch do so too, others saturate to 448.
#pragma once

#include <bit>
#include <cstdint>

namespace hermes {

struct Bf16 {
  uint16_t bits;
};
struct F16 {
  uint16_t bits;
};
struct F8E4M3 {
  uint8_t bits;
};
struct F8E5M2 {
  uint8_t bits;
};

inline float to_float(Bf16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16); }

inline Bf16 to_bf16(float x) {
  const uint32_t u = std::bit_cast<uint32_t>(x);
  if ((u & 0x7FFFFFFF) > 0x7F800000) return {static_cast<uint16_t>((u >> 16) | 0x40)};  // quiet NaN
  return {static_cast<uint16_t>((u + 0x7FFF + ((u >> 16) & 1)) >> 16)};
}

float to_float(F16 x);
F16 to_f16(float x);
float to_float(F8E4M3 x);
F8E4M3 to_f8_e4m3(float x);
float to_float(F8E5M2 x);
F8E5M2 to_f8_e5m2(float x);

}  // namespace hermes
