// Sixteen F32 lanes in one AVX-512 register; see scalar/lanes.h for the meaning.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/always_inline.h"
#include "tensor/float_types.h"

namespace hermes::kernels::avx512 {

HERMES_INLINE __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1U << n) - 1); }

struct Lanes {
  static constexpr int kCount = 16;
  static constexpr int kLinearRows = 4, kLinearCols = 6;
  static constexpr int kAttentionRows = 6, kAttentionCols = 4;
  static constexpr int kProductRows = 6, kProductCols = 4;

  __m512 v;

  using Sums = struct Sums64;

  static HERMES_INLINE Lanes zero() { return {_mm512_setzero_ps()}; }
  static HERMES_INLINE Lanes broadcast(float x) { return {_mm512_set1_ps(x)}; }

  static HERMES_INLINE Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static HERMES_INLINE Lanes load(const F16* p) { return {_mm512_cvtph_ps(load_half(p))}; }
  static HERMES_INLINE Lanes load(const Bf16* p) { return {widen(load_half(p))}; }
  static HERMES_INLINE Lanes load(const F8E4M3* p) {
    return {widen_e4m3(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  static HERMES_INLINE Lanes load_bits(const void* p) { return {_mm512_loadu_ps(p)}; }
  static HERMES_INLINE Lanes load_first(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
  static HERMES_INLINE Lanes load_first(const F16* p, int n) { return {_mm512_cvtph_ps(load_first_half(p, n))}; }
  static HERMES_INLINE Lanes load_first(const Bf16* p, int n) { return {widen(load_first_half(p, n))}; }

  static HERMES_INLINE Lanes load_first(const F8E4M3* p, int n) {
    return {widen_e4m3(_mm_maskz_loadu_epi8(first_lanes(n), p))};
  }

  HERMES_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
  HERMES_INLINE void store_first(float* p, int n) const { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
  HERMES_INLINE void store_first(F16* p, int n) const {
    _mm256_mask_storeu_epi16(p, first_lanes(n), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  HERMES_INLINE void store_first(Bf16* p, int n) const { _mm256_mask_storeu_epi16(p, first_lanes(n), narrow(v)); }

 private:
  static HERMES_INLINE __m256i load_half(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static HERMES_INLINE __m256i load_first_half(const void* p, int n) {
    return _mm256_maskz_loadu_epi16(first_lanes(n), p);
  }
  static HERMES_INLINE __m512 widen(__m256i x) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
  }
  // As F16 the same bits, moved, stand for 1/256 of the value, subnormal ones too; but NaN has another pattern.
  static HERMES_INLINE __m512 widen_e4m3(__m128i bytes) {
    const __m256i x = _mm256_cvtepi8_epi16(bytes);
    const __m256i magnitude = _mm256_and_si256(x, _mm256_set1_epi16(0x7F));
    const __mmask16 nan = _mm256_cmpeq_epi16_mask(magnitude, _mm256_set1_epi16(0x7F));
    const __m256i sign = _mm256_and_si256(x, _mm256_set1_epi16(static_cast<int16_t>(0x8000)));
    const __m256i half =
        _mm256_mask_mov_epi16(_mm256_or_si256(_mm256_slli_epi16(magnitude, 7), sign), nan, _mm256_set1_epi16(0x7FFF));
    return _mm512_mul_ps(_mm512_cvtph_ps(half), _mm512_set1_ps(256));
  }
  // As to_bf16. Not the instruction vcvtneps2bf16: it takes denormals for zero.
  static HERMES_INLINE __m256i narrow(__m512 x) {
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i high = _mm512_srli_epi32(bits, 16);
    const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
    const __m512i rounded =
        _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF))), 16);
    const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    return _mm512_cvtepi32_epi16(_mm512_mask_or_epi32(rounded, nan, high, _mm512_set1_epi32(0x40)));
  }
};

HERMES_INLINE Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
HERMES_INLINE Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
HERMES_INLINE Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
HERMES_INLINE Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
HERMES_INLINE Lanes fma(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
HERMES_INLINE Lanes max(Lanes a, Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }
HERMES_INLINE Lanes min(Lanes a, Lanes b) { return {_mm512_min_ps(a.v, b.v)}; }
HERMES_INLINE Lanes sqrt(Lanes a) { return {_mm512_sqrt_ps(a.v)}; }
HERMES_INLINE Lanes first_of(Lanes a, int n, Lanes b) { return {_mm512_mask_mov_ps(b.v, first_lanes(n), a.v)}; }
HERMES_INLINE Lanes shift_left_23(Lanes a) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a.v), 23))};
}

HERMES_INLINE Lanes first_bf16(Lanes pairs) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(pairs.v), 16))};
}
HERMES_INLINE Lanes second_bf16(Lanes pairs) {
  const __m512i mask = _mm512_set1_epi32(static_cast<int>(0xFFFF0000));
  return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(pairs.v), mask))};
}

HERMES_INLINE void interleave(Lanes& even, Lanes& odd) {
  const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512 a = even.v, b = odd.v;
  even.v = _mm512_permutex2var_ps(a, first, b);
  odd.v = _mm512_permutex2var_ps(a, _mm512_add_epi32(first, _mm512_set1_epi32(8)), b);
}

struct Sums64 {
  __m512d lo, hi;

  static HERMES_INLINE Sums64 zero() { return {_mm512_setzero_pd(), _mm512_setzero_pd()}; }
  HERMES_INLINE void store(double* p) const {
    _mm512_storeu_pd(p, lo);
    _mm512_storeu_pd(p + 8, hi);
  }
};
HERMES_INLINE __m512d widened_low(Lanes a) { return _mm512_cvtps_pd(_mm512_castps512_ps256(a.v)); }
HERMES_INLINE __m512d widened_high(Lanes a) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a.v, 1)); }
HERMES_INLINE void add(Sums64& sums, Lanes a) {
  sums.lo = _mm512_add_pd(sums.lo, widened_low(a));
  sums.hi = _mm512_add_pd(sums.hi, widened_high(a));
}
HERMES_INLINE void add_squares(Sums64& sums, Lanes a) {
  sums.lo = _mm512_fmadd_pd(widened_low(a), widened_low(a), sums.lo);
  sums.hi = _mm512_fmadd_pd(widened_high(a), widened_high(a), sums.hi);
}

HERMES_INLINE float sum(Lanes a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
HERMES_INLINE float highest(Lanes a) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// sum() of each of sixteen: lane i of the result is the sum of v[i]. Every round adds two halves of all that
// is left and puts two of them into one register.
HERMES_INLINE Lanes sum_each(const Lanes (&v)[16]) {
  __m512 a[8], b[4], c[2];
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
    // Taken in an order that the rounds turn into 0, 1, 2, ...
    constexpr int n = 2 * decltype(i)::value, first = n % 4 * 4 + n / 4, second = (n + 1) % 4 * 4 + n / 4;
    a[n / 2] = _mm512_add_ps(_mm512_shuffle_f32x4(v[first].v, v[second].v, 0x44),
                             _mm512_shuffle_f32x4(v[first].v, v[second].v, 0xEE));
  });
  unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = 2 * decltype(i)::value;
    b[n / 2] = _mm512_add_ps(_mm512_shuffle_f32x4(a[n], a[n + 1], 0x88), _mm512_shuffle_f32x4(a[n], a[n + 1], 0xDD));
  });
  unrolled<2>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = 2 * decltype(i)::value;
    c[n / 2] = _mm512_add_ps(_mm512_shuffle_ps(b[n], b[n + 1], 0x44), _mm512_shuffle_ps(b[n], b[n + 1], 0xEE));
  });
  return {_mm512_add_ps(_mm512_shuffle_ps(c[0], c[1], 0x88), _mm512_shuffle_ps(c[0], c[1], 0xDD))};
}

// Four rounds: pairs and quads inside 128-bit blocks, then the blocks themselves, twice.
HERMES_INLINE void transpose(Lanes (&rows)[16]) {
  __m512 a[16], b[16];
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = 2 * decltype(i)::value;
    a[n] = _mm512_unpacklo_ps(rows[n].v, rows[n + 1].v);
    a[n + 1] = _mm512_unpackhi_ps(rows[n].v, rows[n + 1].v);
  });
  unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = 4 * decltype(i)::value;
    b[n] = _mm512_shuffle_ps(a[n], a[n + 2], 0x44);
    b[n + 1] = _mm512_shuffle_ps(a[n], a[n + 2], 0xEE);
    b[n + 2] = _mm512_shuffle_ps(a[n + 1], a[n + 3], 0x44);
    b[n + 3] = _mm512_shuffle_ps(a[n + 1], a[n + 3], 0xEE);
  });
  unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = decltype(i)::value;
    a[n] = _mm512_shuffle_f32x4(b[n], b[n + 4], 0x88);
    a[n + 4] = _mm512_shuffle_f32x4(b[n], b[n + 4], 0xDD);
    a[n + 8] = _mm512_shuffle_f32x4(b[n + 8], b[n + 12], 0x88);
    a[n + 12] = _mm512_shuffle_f32x4(b[n + 8], b[n + 12], 0xDD);
  });
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = decltype(i)::value;
    rows[n].v = _mm512_shuffle_f32x4(a[n], a[n + 8], 0x88);
    rows[n + 8].v = _mm512_shuffle_f32x4(a[n], a[n + 8], 0xDD);
  });
}

struct Bf16Pairs {
  static constexpr int kCount = 32;
  __m512i v;

  static HERMES_INLINE Bf16Pairs load(const Bf16* p) { return {_mm512_loadu_si512(p)}; }
  static HERMES_INLINE Bf16Pairs load_first(const Bf16* p, int n) {
    return {_mm512_maskz_loadu_epi16(n >= 32 ? ~__mmask32{0} : (__mmask32{1} << n) - 1, p)};
  }
  HERMES_INLINE void store(Bf16* p) const { _mm512_storeu_si512(p, v); }
};

HERMES_INLINE Lanes fma(Bf16Pairs a, Bf16Pairs b, Lanes c) {
  return {_mm512_dpbf16_ps(c.v, __builtin_bit_cast(__m512bh, a.v), __builtin_bit_cast(__m512bh, b.v))};
}

}  // namespace hermes::kernels::avx512
