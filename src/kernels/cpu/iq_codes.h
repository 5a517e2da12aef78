// The codebooks of the IQ1, IQ2 and IQ3 types (tensor/quant/iq_grids.h) as the kernels look them up: a point is one
// number of 32 bits, from which a few operations on whole lanes make bytes (quant_unpack_iq.h).
#pragma once

#include <cstdint>

namespace hermes::kernels {

template <int N>
struct IqCodes {
  uint32_t of[N];  // by the index of the point
};

// Eight elements: byte i has element i, plus one (0 to 2), in bits 3 and 4, and element 4 + i likewise in bits 6 and 7.
extern const IqCodes<2048> kIq1Codes;

// Eight elements without signs: byte i has a code of element i in its low half, of element 4 + i in its high half.
// What a code stands for is in kIq2Values; changing its bit i changes the sign.
extern const IqCodes<256> kIq2XxsCodes;
extern const IqCodes<512> kIq2XsCodes;
extern const IqCodes<1024> kIq2SCodes;
// What is added to elements, so that they have no sign: in kIq2Values, and in the codes of IQ3.
inline constexpr int kIqZero = 64;
extern const uint8_t kIq2Values[16];

// Four elements without signs, kIqZero higher.
extern const IqCodes<256> kIq3XxsCodes;
extern const IqCodes<512> kIq3SCodes;

}  // namespace hermes::kernels
