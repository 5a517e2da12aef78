// How x is rounded for products with block-quantised weights: blocks of 32 elements, each int8 times an F32 scale.
//   scale = largest / 127;   q[i] = round(x[i] * (127 / largest)), to nearest, ties to even,      largest = max |x[i]|
// A block whose largest is below 2^-100 counts as zeros. Where x holds a NaN or an infinity the scale is not finite, and
// neither are the products. The rounding of an element is at most (1/2 + 2^-16) * scale: for a product with weights w that
// is the bound on what the activations' format costs, sum over blocks of scale / 2 * sum |w|.
#pragma once

#include <cstdint>

#include "tensor/float_types.h"

namespace hermes::ops {

inline constexpr int kInt8Block = 32;
inline constexpr float kInt8Smallest = 0x1p-100F;

// x [32] to q [32]; returns the scale.
float round_to_int8(const float* x, int8_t* q);

// The same for blocks that are kept, as in a Q8_0 cache: the scale is F16, largest / 127 rounded up, so that no element is
// beyond 127 of it; q[i] = round(x[i] * (1 / scale)). An element is off by at most (1/2 + 2^-15) * scale, and the scale is at
// most (1 + 2^-10) largest / 127 + 2^-24. Beyond the range of F16 (largest > 8.3e6) and for NaN the scale is no number, and
// q is 0.
struct KeptScale {
  F16 scale;
  float inverse;  // 0: all of q is 0
};
KeptScale kept_scale(float largest);
// x [n], n <= 32, to q [32]: zeros follow.
F16 round_to_kept_int8(const float* x, int n, int8_t* q);

}  // namespace hermes::ops
