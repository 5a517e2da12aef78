// Sixteen F32 lanes in two AVX2 registers; see scalar/lanes.h for the meaning.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/always_inline.h"
#include "tensor/float_types.h"

namespace hermes::kernels::avx2 {

struct Lanes {
  static constexpr int kCount = 16;
  static constexpr int kLinearRows = 2, kLinearCols = 3;
  static constexpr int kAttentionRows = 3, kAttentionCols = 2;
  static constexpr int kProductRows = 6, kProductCols = 1;

  __m256 lo, hi;

  using Sums = struct Sums64;

  static HERMES_INLINE Lanes zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static HERMES_INLINE Lanes broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }

  static HERMES_INLINE Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static HERMES_INLINE Lanes load(const F16* p) {
    return {_mm256_cvtph_ps(load_half(p)), _mm256_cvtph_ps(load_half(p + 8))};
  }
  static HERMES_INLINE Lanes load(const Bf16* p) { return {widen(load_half(p)), widen(load_half(p + 8))}; }
  // As F16 the same bits, moved, stand for 1/256 of the value, subnormal ones too; but NaN has another pattern.
  static HERMES_INLINE Lanes load(const F8E4M3* p) {
    const __m256i x = _mm256_cvtepi8_epi16(load_half(p));
    const __m256i magnitude = _mm256_and_si256(x, _mm256_set1_epi16(0x7F));
    const __m256i nan = _mm256_cmpeq_epi16(magnitude, _mm256_set1_epi16(0x7F));
    const __m256i sign = _mm256_and_si256(x, _mm256_set1_epi16(static_cast<int16_t>(0x8000)));
    const __m256i half = _mm256_or_si256(_mm256_or_si256(_mm256_slli_epi16(magnitude, 7), sign),
                                         _mm256_and_si256(nan, _mm256_set1_epi16(0x7FFF)));
    const __m256 up = _mm256_set1_ps(256);
    return {_mm256_mul_ps(_mm256_cvtph_ps(_mm256_castsi256_si128(half)), up),
            _mm256_mul_ps(_mm256_cvtph_ps(_mm256_extracti128_si256(half, 1)), up)};
  }
  static HERMES_INLINE Lanes load_bits(const void* p) { return load(static_cast<const float*>(p)); }
  template <class T>
  static HERMES_INLINE Lanes load_first(const T* p, int n) {
    alignas(32) T padded[16] = {};
    __builtin_memcpy(padded, p, static_cast<unsigned>(n) * sizeof(T));
    return load(padded);
  }

  HERMES_INLINE void store(float* p) const {
    _mm256_storeu_ps(p, lo);
    _mm256_storeu_ps(p + 8, hi);
  }
  HERMES_INLINE void store(F16* p) const {
    store_half(p, _mm256_cvtps_ph(lo, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    store_half(p + 8, _mm256_cvtps_ph(hi, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  HERMES_INLINE void store(Bf16* p) const {
    const __m256i packed = _mm256_packus_epi32(narrow(lo), narrow(hi));  // by halves: 0-3, 8-11, 4-7, 12-15
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, 0xD8));
  }
  template <class T>
  HERMES_INLINE void store_first(T* p, int n) const {
    T padded[16];
    store(padded);
    __builtin_memcpy(p, padded, static_cast<unsigned>(n) * sizeof(T));
  }

 private:
  template <class T>
  static HERMES_INLINE __m128i load_half(const T* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  template <class T>
  static HERMES_INLINE void store_half(T* p, __m128i x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), x);
  }
  static HERMES_INLINE __m256 widen(__m128i x) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
  }
  static HERMES_INLINE __m256i narrow(__m256 x) {  // as to_bf16, in 32-bit lanes
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i high = _mm256_srli_epi32(bits, 16);
    const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF))), 16);
    const __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
    return _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)));
  }
};

HERMES_INLINE Lanes operator+(const Lanes& a, const Lanes& b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
HERMES_INLINE Lanes operator-(const Lanes& a, const Lanes& b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
HERMES_INLINE Lanes operator*(const Lanes& a, const Lanes& b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
HERMES_INLINE Lanes operator/(const Lanes& a, const Lanes& b) {
  return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
HERMES_INLINE Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
HERMES_INLINE Lanes max(const Lanes& a, const Lanes& b) {
  return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
HERMES_INLINE Lanes min(const Lanes& a, const Lanes& b) {
  return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
HERMES_INLINE Lanes sqrt(const Lanes& a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
HERMES_INLINE Lanes first_of(const Lanes& a, int n, const Lanes& b) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256 lo = _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), lanes));
  const __m256 hi = _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n - 8), lanes));
  return {_mm256_blendv_ps(b.lo, a.lo, lo), _mm256_blendv_ps(b.hi, a.hi, hi)};
}
HERMES_INLINE Lanes shift_left_23(const Lanes& a) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a.lo), 23)),
          _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a.hi), 23))};
}

HERMES_INLINE __m256 odd_of(__m256i x) {
  return _mm256_castsi256_ps(_mm256_and_si256(x, _mm256_set1_epi32(static_cast<int>(0xFFFF0000))));
}
HERMES_INLINE __m256 even_of(__m256i x) { return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16)); }

HERMES_INLINE Lanes first_bf16(const Lanes& pairs) {
  return {even_of(_mm256_castps_si256(pairs.lo)), even_of(_mm256_castps_si256(pairs.hi))};
}
HERMES_INLINE Lanes second_bf16(const Lanes& pairs) {
  return {odd_of(_mm256_castps_si256(pairs.lo)), odd_of(_mm256_castps_si256(pairs.hi))};
}

HERMES_INLINE void interleave(Lanes& even, Lanes& odd) {
  const auto both = [](__m256 a, __m256 b) HERMES_LAMBDA_INLINE {
    const __m256 low = _mm256_unpacklo_ps(a, b), high = _mm256_unpackhi_ps(a, b);
    return Lanes{_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31)};
  };
  const Lanes a = even, b = odd;
  even = both(a.lo, b.lo);
  odd = both(a.hi, b.hi);
}

struct Sums64 {
  __m256d v[4];

  static HERMES_INLINE Sums64 zero() {
    const __m256d none = _mm256_setzero_pd();
    return {{none, none, none, none}};
  }
  HERMES_INLINE void store(double* p) const {
    unrolled<4>([&](auto i)
                    HERMES_LAMBDA_INLINE { _mm256_storeu_pd(p + 4 * decltype(i)::value, v[decltype(i)::value]); });
  }
};
// Lanes 4i to 4i + 3.
template <int I>
HERMES_INLINE __m256d widened(const Lanes& a) {
  const __m256 half = I < 2 ? a.lo : a.hi;
  return _mm256_cvtps_pd(I % 2 == 0 ? _mm256_castps256_ps128(half) : _mm256_extractf128_ps(half, 1));
}
HERMES_INLINE void add(Sums64& sums, const Lanes& a) {
  unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = decltype(i)::value;
    sums.v[n] = _mm256_add_pd(sums.v[n], widened<n>(a));
  });
}
HERMES_INLINE void add_squares(Sums64& sums, const Lanes& a) {
  unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = decltype(i)::value;
    sums.v[n] = _mm256_fmadd_pd(widened<n>(a), widened<n>(a), sums.v[n]);
  });
}

HERMES_INLINE float sum(const Lanes& a) {
  const __m256 eight = _mm256_add_ps(a.lo, a.hi);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
HERMES_INLINE Lanes sum_each(const Lanes (&v)[16]) {
  alignas(32) float sums[16];
  for (int i = 0; i < 16; ++i) sums[i] = sum(v[i]);
  return Lanes::load(sums);
}
HERMES_INLINE float highest(const Lanes& a) {
  const __m256 eight = _mm256_max_ps(a.lo, a.hi);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// One 8 by 8 block, in place.
HERMES_INLINE void transpose_block(__m256* const (&r)[8]) {
  __m256 pairs[8], quads[8];
  unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = 2 * decltype(i)::value;
    pairs[n] = _mm256_unpacklo_ps(*r[n], *r[n + 1]);
    pairs[n + 1] = _mm256_unpackhi_ps(*r[n], *r[n + 1]);
  });
  unrolled<2>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = 4 * decltype(i)::value;
    quads[n] = _mm256_shuffle_ps(pairs[n], pairs[n + 2], 0x44);
    quads[n + 1] = _mm256_shuffle_ps(pairs[n], pairs[n + 2], 0xEE);
    quads[n + 2] = _mm256_shuffle_ps(pairs[n + 1], pairs[n + 3], 0x44);
    quads[n + 3] = _mm256_shuffle_ps(pairs[n + 1], pairs[n + 3], 0xEE);
  });
  unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = decltype(i)::value;
    *r[n] = _mm256_permute2f128_ps(quads[n], quads[n + 4], 0x20);
    *r[n + 4] = _mm256_permute2f128_ps(quads[n], quads[n + 4], 0x31);
  });
}

HERMES_INLINE void transpose(Lanes (&rows)[16]) {
  unrolled<2>([&](auto half) HERMES_LAMBDA_INLINE {
    constexpr int n = 8 * decltype(half)::value;
    transpose_block({&rows[n].lo, &rows[n + 1].lo, &rows[n + 2].lo, &rows[n + 3].lo, &rows[n + 4].lo, &rows[n + 5].lo,
                     &rows[n + 6].lo, &rows[n + 7].lo});
    transpose_block({&rows[n].hi, &rows[n + 1].hi, &rows[n + 2].hi, &rows[n + 3].hi, &rows[n + 4].hi, &rows[n + 5].hi,
                     &rows[n + 6].hi, &rows[n + 7].hi});
  });
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = decltype(i)::value;
    const __m256 keep = rows[n].hi;
    rows[n].hi = rows[n + 8].lo;
    rows[n + 8].lo = keep;
  });
}

struct Bf16Pairs {
  static constexpr int kCount = 32;
  __m256i lo, hi;  // lane l of the products: the 32 bits at l

  static HERMES_INLINE Bf16Pairs load(const Bf16* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 16))};
  }
  static HERMES_INLINE Bf16Pairs load_first(const Bf16* p, int n) {
    alignas(32) Bf16 padded[32] = {};
    __builtin_memcpy(padded, p, static_cast<unsigned>(n) * sizeof(Bf16));
    return load(padded);
  }
  HERMES_INLINE void store(Bf16* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), lo);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 16), hi);
  }
};

HERMES_INLINE Lanes fma(const Bf16Pairs& a, const Bf16Pairs& b, const Lanes& c) {
  const __m256 lo = _mm256_fmadd_ps(odd_of(a.lo), odd_of(b.lo), c.lo);
  const __m256 hi = _mm256_fmadd_ps(odd_of(a.hi), odd_of(b.hi), c.hi);
  return {_mm256_fmadd_ps(even_of(a.lo), even_of(b.lo), lo), _mm256_fmadd_ps(even_of(a.hi), even_of(b.hi), hi)};
}

}  // namespace hermes::kernels::avx2
