// Sixteen F32 lanes in plain C++: for processors without AVX2, and the definition of what a lane does. Every set has
// the same interface and the same bits: operations are IEEE, fma rounds once, and the order of sums is written here.
#pragma once

#include <cstdint>

#include "kernels/cpu/always_inline.h"
#include "tensor/float_types.h"

namespace hermes::kernels::scalar {

struct Lanes {
  static constexpr int kCount = 16;
  // Shapes of register blocks: how many accumulators this set keeps without spilling.
  static constexpr int kLinearRows = 2, kLinearCols = 2;        // linear: rows of x by rows of weight
  static constexpr int kAttentionRows = 2, kAttentionCols = 2;  // attention: queries by vectors of 16
  static constexpr int kProductRows = 2, kProductCols = 2;      // products of training: rows by vectors of 16

  float v[16];

  using Sums = struct Sums64;  // defined below
  static HERMES_INLINE Lanes zero() { return broadcast(0); }
  static HERMES_INLINE Lanes broadcast(float x) {
    Lanes r;
    for (float& lane : r.v) lane = x;
    return r;
  }

  static HERMES_INLINE Lanes load(const float* p) { return load_first(p, 16); }
  static HERMES_INLINE Lanes load(const F16* p) { return load_first(p, 16); }
  static HERMES_INLINE Lanes load(const Bf16* p) { return load_first(p, 16); }
  static HERMES_INLINE Lanes load(const F8E4M3* p) { return load_first(p, 16); }
  // 64 bytes as they are: sixteen pairs of BF16, say.
  static HERMES_INLINE Lanes load_bits(const void* p) {
    Lanes r;
    __builtin_memcpy(r.v, p, sizeof r.v);
    return r;
  }
  // The first n of 16, the others 0: for the ends of rows.
  template <class T>
  static HERMES_INLINE Lanes load_first(const T* p, int n) {
    Lanes r = zero();
    for (int i = 0; i < n; ++i) r.v[i] = widen(p[i]);
    return r;
  }

  HERMES_INLINE void store(float* p) const { store_first(p, 16); }
  HERMES_INLINE void store_first(float* p, int n) const {
    for (int i = 0; i < n; ++i) p[i] = v[i];
  }
  // Rounded to nearest, ties to even.
  HERMES_INLINE void store_first(F16* p, int n) const {
    for (int i = 0; i < n; ++i) p[i] = to_f16(v[i]);
  }
  HERMES_INLINE void store_first(Bf16* p, int n) const {
    for (int i = 0; i < n; ++i) p[i] = to_bf16(v[i]);
  }

  static HERMES_INLINE float widen(float x) { return x; }
  static HERMES_INLINE float widen(F16 x) { return to_float(x); }
  static HERMES_INLINE float widen(Bf16 x) { return to_float(x); }
  static HERMES_INLINE float widen(F8E4M3 x) { return to_float(x); }
};

template <class Op>
HERMES_INLINE Lanes each(const Op& op) {
  Lanes r;
  for (int i = 0; i < 16; ++i) r.v[i] = op(i);
  return r;
}

HERMES_INLINE Lanes operator+(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return a.v[i] + b.v[i]; });
}
HERMES_INLINE Lanes operator-(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return a.v[i] - b.v[i]; });
}
HERMES_INLINE Lanes operator*(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return a.v[i] * b.v[i]; });
}
HERMES_INLINE Lanes operator/(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return a.v[i] / b.v[i]; });
}
// a * b + c, rounded once.
HERMES_INLINE Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
  return each([&](int i) { return __builtin_fmaf(a.v[i], b.v[i], c.v[i]); });
}
// b where either is NaN: with the data in b, NaN is kept.
HERMES_INLINE Lanes max(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
HERMES_INLINE Lanes min(const Lanes& a, const Lanes& b) {
  return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
HERMES_INLINE Lanes sqrt(const Lanes& a) {
  return each([&](int i) { return __builtin_sqrtf(a.v[i]); });
}
// The first n lanes of a, the others of b; 0 <= n <= 16.
HERMES_INLINE Lanes first_of(const Lanes& a, int n, const Lanes& b) {
  return each([&](int i) { return i < n ? a.v[i] : b.v[i]; });
}
// The bit pattern moved left by 23: the low bits of a mantissa become an exponent.
HERMES_INLINE Lanes shift_left_23(const Lanes& a) {
  return each([&](int i) { return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, a.v[i]) << 23); });
}

// Of lanes that hold pairs of BF16: the first of each pair, the second of each pair.
HERMES_INLINE Lanes first_bf16(const Lanes& pairs) {
  return each([&](int i) { return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, pairs.v[i]) << 16); });
}
HERMES_INLINE Lanes second_bf16(const Lanes& pairs) {
  return each([&](int i) { return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, pairs.v[i]) & 0xFFFF0000U); });
}

// Elements 0, 2, 4, ... and 1, 3, 5, ... of 32 become the first sixteen and the last sixteen.
HERMES_INLINE void interleave(Lanes& even, Lanes& odd) {
  const Lanes a = even, b = odd;
  for (int i = 0; i < 16; ++i) {
    (i < 8 ? even : odd).v[2 * i % 16] = a.v[i];
    (i < 8 ? even : odd).v[2 * i % 16 + 1] = b.v[i];
  }
}

// The fixed tree: lane l with l + 8, then + 4, + 2, + 1.
HERMES_INLINE float sum(const Lanes& a) {
  Lanes r = a;
  for (int step = 8; step >= 1; step /= 2) {
    for (int i = 0; i < step; ++i) r.v[i] = r.v[i] + r.v[i + step];
  }
  return r.v[0];
}
// sum() of each of sixteen: lane i of the result is the sum of v[i].
HERMES_INLINE Lanes sum_each(const Lanes (&v)[16]) {
  return each([&](int i) { return sum(v[i]); });
}
HERMES_INLINE float highest(const Lanes& a) {
  Lanes r = a;
  for (int step = 8; step >= 1; step /= 2) {
    for (int i = 0; i < step; ++i) r.v[i] = r.v[i] > r.v[i + step] ? r.v[i] : r.v[i + step];
  }
  return r.v[0];
}

// Sixteen sums in fp64, one for each lane.
struct Sums64 {
  double v[16];

  static HERMES_INLINE Sums64 zero() { return {}; }
  HERMES_INLINE void store(double* p) const {
    for (int i = 0; i < 16; ++i) p[i] = v[i];
  }
};
HERMES_INLINE void add(Sums64& sums, const Lanes& a) {
  for (int i = 0; i < 16; ++i) sums.v[i] += static_cast<double>(a.v[i]);
}
HERMES_INLINE void add_squares(Sums64& sums, const Lanes& a) {  // squares are exact in fp64
  for (int i = 0; i < 16; ++i) sums.v[i] += static_cast<double>(a.v[i]) * static_cast<double>(a.v[i]);
}

// rows[i] lane j <-> rows[j] lane i.
HERMES_INLINE void transpose(Lanes (&rows)[16]) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < i; ++j) {
      const float keep = rows[i].v[j];
      rows[i].v[j] = rows[j].v[i];
      rows[j].v[i] = keep;
    }
  }
}

// Thirty-two BF16 values: lane l of the products holds elements 2l and 2l + 1.
struct Bf16Pairs {
  static constexpr int kCount = 32;
  Bf16 v[32];

  static HERMES_INLINE Bf16Pairs load(const Bf16* p) { return load_first(p, 32); }
  static HERMES_INLINE Bf16Pairs load_first(const Bf16* p, int n) {
    Bf16Pairs r;
    for (int i = 0; i < 32; ++i) r.v[i] = i < n ? p[i] : Bf16{0};
    return r;
  }
  HERMES_INLINE void store(Bf16* p) const {
    for (int i = 0; i < 32; ++i) p[i] = v[i];
  }
};

// As the instruction vdpbf16ps does it: the odd product first, each sum rounded by itself; the products are exact.
HERMES_INLINE Lanes fma(const Bf16Pairs& a, const Bf16Pairs& b, const Lanes& c) {
  return each([&](int i) {
    const float odd = __builtin_fmaf(to_float(a.v[2 * i + 1]), to_float(b.v[2 * i + 1]), c.v[i]);
    return __builtin_fmaf(to_float(a.v[2 * i]), to_float(b.v[2 * i]), odd);
  });
}

}  // namespace hermes::kernels::scalar
