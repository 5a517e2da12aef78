// exp(x) of F32 lanes, within 2 ulp, the same bits in every instruction set.
//   x = n ln 2 + r, |r| <= ln(2)/2;  exp(x) = 2^n exp(r), exp(r) by a polynomial of degree 6.
// exp(-inf) = 0, exp(inf) = inf, NaN stays NaN; results below the normal range are rounded once more, not flushed.
#pragma once

#include "kernels/cpu/always_inline.h"

namespace hermes::kernels {

// 2^n for integers n in [-126, 127].
template <class V>
HERMES_INLINE V power_of_two(V n) {
  // Added to 1.5 * 2^23, an integer shows in the low bits of the mantissa; the shift makes it the exponent.
  return shift_left_23(n + V::broadcast(12582912.0F + 127.0F));
}

template <class V>
HERMES_INLINE V nearest_integer(V x) {  // ties to even, |x| < 2^22
  return (x + V::broadcast(12582912.0F)) - V::broadcast(12582912.0F);
}

template <class V>
HERMES_INLINE V exp(V x) {
  // Outside, the result is 0 or infinity anyway. x second: NaN passes.
  const V bounded = min(V::broadcast(89.0F), max(V::broadcast(-104.0F), x));
  const V n = nearest_integer(bounded * V::broadcast(1.442695041F));
  V r = fma(n, V::broadcast(-0.693145751953125F), bounded);  // ln 2 in two parts: n times the first is exact
  r = fma(n, V::broadcast(-1.428606765330187e-06F), r);

  V p = V::broadcast(1.9852762e-04F);
  p = fma(p, r, V::broadcast(1.3930436e-03F));
  p = fma(p, r, V::broadcast(8.3333608e-03F));
  p = fma(p, r, V::broadcast(4.1666485e-02F));
  p = fma(p, r, V::broadcast(1.6666667e-01F));
  p = fma(p, r, V::broadcast(0.5F));
  p = fma(p, r * r, r) + V::broadcast(1.0F);

  // In two steps, so that 2^n may lie outside the normal range.
  const V half = nearest_integer(n * V::broadcast(0.5F));
  return p * power_of_two(half) * power_of_two(n - half);
}

// exp(x) for x <= 0, in three fifths of the operations: for weights of attention, where nothing is above the maximum. Within
// 2 ulp down to -87.3; below 2^-126.5 (x < -87.7) it is 0, against a sum of at least 1. NaN stays NaN.
template <class V>
HERMES_INLINE V exp_of_nonpositive(V x) {
  // -88 is where 2^n, whose exponent is made from n, becomes 0. x second: NaN passes.
  const V bounded = max(V::broadcast(-88.0F), x);
  // Added to 1.5 * 2^23, n shows in the low bits of the mantissa, here 127 higher; the shift makes it the exponent.
  const V shifted = fma(bounded, V::broadcast(1.442695041F), V::broadcast(12582912.0F + 127.0F));
  const V n = shifted - V::broadcast(12582912.0F + 127.0F);
  V r = fma(n, V::broadcast(-0.693145751953125F), bounded);
  r = fma(n, V::broadcast(-1.428606765330187e-06F), r);

  V p = V::broadcast(1.9852762e-04F);
  p = fma(p, r, V::broadcast(1.3930436e-03F));
  p = fma(p, r, V::broadcast(8.3333608e-03F));
  p = fma(p, r, V::broadcast(4.1666485e-02F));
  p = fma(p, r, V::broadcast(1.6666667e-01F));
  p = fma(p, r, V::broadcast(0.5F));
  p = fma(p, r, V::broadcast(1.0F));
  p = fma(p, r, V::broadcast(1.0F));
  return p * shift_left_23(shifted);
}

}  // namespace hermes::kernels
