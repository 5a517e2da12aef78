// Sixteen F32 lanes in four NEON registers; see scalar/lanes.h for the meaning.
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "kernels/cpu/always_inline.h"
#include "tensor/float_types.h"

namespace hermes::kernels::neon {

struct Lanes {
  static constexpr int kCount = 16;
  // Of 32 registers a vector takes four. linear: 16 sums, 8 of x, 4 of a weight; the others: 16 or 20 sums, 4 of a row and
  // one for each element of the other side, which compilers load early.
  static constexpr int kLinearRows = 2, kLinearCols = 2;
  static constexpr int kAttentionRows = 4, kAttentionCols = 1;
  static constexpr int kProductRows = 5, kProductCols = 1;

  float32x4_t v[4];

  using Sums = struct Sums64;

  static HERMES_INLINE Lanes zero() { return broadcast(0); }
  static HERMES_INLINE Lanes broadcast(float x) {
    const float32x4_t all = vdupq_n_f32(x);
    return {{all, all, all, all}};
  }

  static HERMES_INLINE Lanes load(const float* p) {
    return {{vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}};
  }
  static HERMES_INLINE Lanes load(const F16* p) {
    const uint16x8_t lo = load_half(p), hi = load_half(p + 8);
    return {{widen_f16(vget_low_u16(lo)), widen_f16(vget_high_u16(lo)), widen_f16(vget_low_u16(hi)),
             widen_f16(vget_high_u16(hi))}};
  }
  static HERMES_INLINE Lanes load(const Bf16* p) {
    const uint16x8_t lo = load_half(p), hi = load_half(p + 8);
    return {{widen_bf16(vget_low_u16(lo)), widen_bf16(vget_high_u16(lo)), widen_bf16(vget_low_u16(hi)),
             widen_bf16(vget_high_u16(hi))}};
  }
  // Moved to the places of an F16, the bits stand for a 256th of the value, denormals included; only NaN does not come
  // out by itself.
  static HERMES_INLINE Lanes load(const F8E4M3* p) {
    const uint8x16_t bits = vld1q_u8(reinterpret_cast<const uint8_t*>(p));
    const uint16x8_t lo = f16_of_f8(vget_low_u8(bits)), hi = f16_of_f8(vget_high_u8(bits));
    const float32x4_t unit = vdupq_n_f32(256);
    return {{vmulq_f32(widen_f16(vget_low_u16(lo)), unit), vmulq_f32(widen_f16(vget_high_u16(lo)), unit),
             vmulq_f32(widen_f16(vget_low_u16(hi)), unit), vmulq_f32(widen_f16(vget_high_u16(hi)), unit)}};
  }
  static HERMES_INLINE Lanes load_bits(const void* p) { return load(static_cast<const float*>(p)); }
  template <class T>
  static HERMES_INLINE Lanes load_first(const T* p, int n) {
    alignas(16) T padded[16] = {};
    __builtin_memcpy(padded, p, static_cast<unsigned>(n) * sizeof(T));
    return load(padded);
  }

  HERMES_INLINE void store(float* p) const {
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE { vst1q_f32(p + 4 * i.value, v[i.value]); });
  }
  HERMES_INLINE void store(F16* p) const {
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      store_quarter(p + 4 * i.value, vreinterpret_u16_f16(vcvt_f16_f32(v[i.value])));
    });
  }
  HERMES_INLINE void store(Bf16* p) const {
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE { store_quarter(p + 4 * i.value, narrow_bf16(v[i.value])); });
  }
  template <class T>
  HERMES_INLINE void store_first(T* p, int n) const {
    T padded[16];
    store(padded);
    __builtin_memcpy(p, padded, static_cast<unsigned>(n) * sizeof(T));
  }

 private:
  template <class T>
  static HERMES_INLINE uint16x8_t load_half(const T* p) {
    return vld1q_u16(reinterpret_cast<const uint16_t*>(p));
  }
  template <class T>
  static HERMES_INLINE void store_quarter(T* p, uint16x4_t x) {
    vst1_u16(reinterpret_cast<uint16_t*>(p), x);
  }
  static HERMES_INLINE float32x4_t widen_f16(uint16x4_t x) { return vcvt_f32_f16(vreinterpret_f16_u16(x)); }
  static HERMES_INLINE float32x4_t widen_bf16(uint16x4_t x) {
    return vreinterpretq_f32_u32(vshlq_n_u32(vmovl_u16(x), 16));
  }
  static HERMES_INLINE uint16x8_t f16_of_f8(uint8x8_t x) {
    const uint16x8_t wide = vmovl_u8(x);
    const uint16x8_t magnitude = vandq_u16(wide, vdupq_n_u16(0x7F)), sign = vandq_u16(wide, vdupq_n_u16(0x80));
    const uint16x8_t nan = vandq_u16(vceqq_u16(magnitude, vdupq_n_u16(0x7F)), vdupq_n_u16(0x7E00));
    return vorrq_u16(vorrq_u16(vshlq_n_u16(magnitude, 7), vshlq_n_u16(sign, 8)), nan);
  }
  static HERMES_INLINE uint16x4_t narrow_bf16(float32x4_t x) {  // as to_bf16
    const uint32x4_t bits = vreinterpretq_u32_f32(x), high = vshrq_n_u32(bits, 16);
    const uint32x4_t odd = vandq_u32(high, vdupq_n_u32(1));
    const uint32x4_t rounded = vshrq_n_u32(vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7FFF))), 16);
    const uint32x4_t quiet = vorrq_u32(high, vdupq_n_u32(0x40));
    return vmovn_u32(vbslq_u32(vceqq_f32(x, x), rounded, quiet));
  }
};

// Lanes whose quarters are op(Index<0>()) to op(Index<3>()).
template <class Op>
HERMES_INLINE Lanes each(const Op& op) {
  return {{op(Index<0>()), op(Index<1>()), op(Index<2>()), op(Index<3>())}};
}
HERMES_INLINE float32x4_t max(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }

HERMES_INLINE Lanes operator+(const Lanes& a, const Lanes& b) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return vaddq_f32(a.v[i.value], b.v[i.value]); });
}
HERMES_INLINE Lanes operator-(const Lanes& a, const Lanes& b) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return vsubq_f32(a.v[i.value], b.v[i.value]); });
}
HERMES_INLINE Lanes operator*(const Lanes& a, const Lanes& b) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return vmulq_f32(a.v[i.value], b.v[i.value]); });
}
HERMES_INLINE Lanes operator/(const Lanes& a, const Lanes& b) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return vdivq_f32(a.v[i.value], b.v[i.value]); });
}
HERMES_INLINE Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return vfmaq_f32(c.v[i.value], a.v[i.value], b.v[i.value]); });
}
// By comparison: fmax would give NaN, and fmaxnm a, where b is NaN or zeros differ in sign.
HERMES_INLINE Lanes max(const Lanes& a, const Lanes& b) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return max(a.v[i.value], b.v[i.value]); });
}
HERMES_INLINE Lanes min(const Lanes& a, const Lanes& b) {
  return each([&](auto i) HERMES_LAMBDA_INLINE {
    return vbslq_f32(vcltq_f32(a.v[i.value], b.v[i.value]), a.v[i.value], b.v[i.value]);
  });
}
HERMES_INLINE Lanes sqrt(const Lanes& a) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return vsqrtq_f32(a.v[i.value]); });
}
HERMES_INLINE Lanes first_of(const Lanes& a, int n, const Lanes& b) {
  static constexpr int32_t kLanes[4] = {0, 1, 2, 3};
  const int32x4_t lanes = vld1q_s32(kLanes);
  return each([&](auto i) HERMES_LAMBDA_INLINE {
    return vbslq_f32(vcltq_s32(lanes, vdupq_n_s32(n - 4 * i.value)), a.v[i.value], b.v[i.value]);
  });
}
HERMES_INLINE Lanes shift_left_23(const Lanes& a) {
  return each([&](auto i) HERMES_LAMBDA_INLINE {
    return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(a.v[i.value]), 23));
  });
}

HERMES_INLINE float32x4_t odd_of(uint32x4_t x) { return vreinterpretq_f32_u32(vandq_u32(x, vdupq_n_u32(0xFFFF0000U))); }
HERMES_INLINE float32x4_t even_of(uint32x4_t x) { return vreinterpretq_f32_u32(vshlq_n_u32(x, 16)); }

HERMES_INLINE Lanes first_bf16(const Lanes& pairs) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return even_of(vreinterpretq_u32_f32(pairs.v[i.value])); });
}
HERMES_INLINE Lanes second_bf16(const Lanes& pairs) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return odd_of(vreinterpretq_u32_f32(pairs.v[i.value])); });
}

HERMES_INLINE void interleave(Lanes& even, Lanes& odd) {
  const Lanes a = even, b = odd;
  even = {
      {vzip1q_f32(a.v[0], b.v[0]), vzip2q_f32(a.v[0], b.v[0]), vzip1q_f32(a.v[1], b.v[1]), vzip2q_f32(a.v[1], b.v[1])}};
  odd = {
      {vzip1q_f32(a.v[2], b.v[2]), vzip2q_f32(a.v[2], b.v[2]), vzip1q_f32(a.v[3], b.v[3]), vzip2q_f32(a.v[3], b.v[3])}};
}

struct Sums64 {
  float64x2_t v[8];

  static HERMES_INLINE Sums64 zero() {
    const float64x2_t none = vdupq_n_f64(0);
    return {{none, none, none, none, none, none, none, none}};
  }
  HERMES_INLINE void store(double* p) const {
    unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE { vst1q_f64(p + 2 * i.value, v[i.value]); });
  }
};
// Lanes 2 I and 2 I + 1.
template <int I>
HERMES_INLINE float64x2_t widened(const Lanes& a) {
  if constexpr (I % 2 == 0) return vcvt_f64_f32(vget_low_f32(a.v[I / 2]));
  if constexpr (I % 2 == 1) return vcvt_high_f64_f32(a.v[I / 2]);
}
HERMES_INLINE void add(Sums64& sums, const Lanes& a) {
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
    sums.v[i.value] = vaddq_f64(sums.v[i.value], widened<decltype(i)::value>(a));
  });
}
HERMES_INLINE void add_squares(Sums64& sums, const Lanes& a) {
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
    const float64x2_t x = widened<decltype(i)::value>(a);
    sums.v[i.value] = vfmaq_f64(sums.v[i.value], x, x);
  });
}

// The first two rounds of sum(): four lanes are left.
HERMES_INLINE float32x4_t sum_quarters(const Lanes& a) {
  return vaddq_f32(vaddq_f32(a.v[0], a.v[2]), vaddq_f32(a.v[1], a.v[3]));
}
HERMES_INLINE float sum(const Lanes& a) {
  const float32x4_t four = sum_quarters(a);
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
// The low halves of two registers in one, and the high halves.
HERMES_INLINE float32x4_t low_halves(float32x4_t a, float32x4_t b) {
  return vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
HERMES_INLINE float32x4_t high_halves(float32x4_t a, float32x4_t b) {
  return vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
// sum() of each of sixteen: the last two rounds of four sums at once.
HERMES_INLINE Lanes sum_each(const Lanes (&v)[16]) {
  return each([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = 4 * decltype(i)::value;
    const float32x4_t a = sum_quarters(v[n]), b = sum_quarters(v[n + 1]);
    const float32x4_t c = sum_quarters(v[n + 2]), d = sum_quarters(v[n + 3]);
    return vpaddq_f32(vaddq_f32(low_halves(a, b), high_halves(a, b)), vaddq_f32(low_halves(c, d), high_halves(c, d)));
  });
}
HERMES_INLINE float highest(const Lanes& a) {
  const float32x4_t four = max(max(a.v[0], a.v[2]), max(a.v[1], a.v[3]));
  const float32x4_t two = max(four, high_halves(four, four));
  const float x = vgetq_lane_f32(two, 0), y = vgetq_lane_f32(two, 1);
  return x > y ? x : y;
}

// One 4 by 4 block, in place.
HERMES_INLINE void transpose_block(float32x4_t& a, float32x4_t& b, float32x4_t& c, float32x4_t& d) {
  const float32x4_t ab = vtrn1q_f32(a, b), ab2 = vtrn2q_f32(a, b), cd = vtrn1q_f32(c, d), cd2 = vtrn2q_f32(c, d);
  a = low_halves(ab, cd);
  b = low_halves(ab2, cd2);
  c = high_halves(ab, cd);
  d = high_halves(ab2, cd2);
}
HERMES_INLINE void transpose(Lanes (&rows)[16]) {
  unrolled<16>([&](auto block) HERMES_LAMBDA_INLINE {
    constexpr int r = decltype(block)::value / 4 * 4, q = decltype(block)::value % 4;
    transpose_block(rows[r].v[q], rows[r + 1].v[q], rows[r + 2].v[q], rows[r + 3].v[q]);
  });
  unrolled<16>([&](auto block) HERMES_LAMBDA_INLINE {  // the blocks themselves
    constexpr int r = decltype(block)::value / 4, q = decltype(block)::value % 4;
    if constexpr (q < r) {
      unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
        const float32x4_t keep = rows[4 * r + i.value].v[q];
        rows[4 * r + i.value].v[q] = rows[4 * q + i.value].v[r];
        rows[4 * q + i.value].v[r] = keep;
      });
    }
  });
}

struct Bf16Pairs {
  static constexpr int kCount = 32;
  uint32x4_t v[4];  // lane l of the products: the 32 bits at l

  static HERMES_INLINE Bf16Pairs load(const Bf16* p) {
    return {{load_quarter(p), load_quarter(p + 8), load_quarter(p + 16), load_quarter(p + 24)}};
  }
  static HERMES_INLINE Bf16Pairs load_first(const Bf16* p, int n) {
    alignas(16) Bf16 padded[32] = {};
    __builtin_memcpy(padded, p, static_cast<unsigned>(n) * sizeof(Bf16));
    return load(padded);
  }
  HERMES_INLINE void store(Bf16* p) const {
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      vst1q_u16(reinterpret_cast<uint16_t*>(p) + 8 * i.value, vreinterpretq_u16_u32(v[i.value]));
    });
  }

 private:
  static HERMES_INLINE uint32x4_t load_quarter(const Bf16* p) {
    return vreinterpretq_u32_u16(vld1q_u16(reinterpret_cast<const uint16_t*>(p)));
  }
};

// Not the instruction bfdot: it rounds to odd, and few cores have it.
HERMES_INLINE Lanes fma(const Bf16Pairs& a, const Bf16Pairs& b, const Lanes& c) {
  return each([&](auto i) HERMES_LAMBDA_INLINE {
    const float32x4_t odd = vfmaq_f32(c.v[i.value], odd_of(a.v[i.value]), odd_of(b.v[i.value]));
    return vfmaq_f32(odd, even_of(a.v[i.value]), even_of(b.v[i.value]));
  });
}

}  // namespace hermes::kernels::neon
