// Sixteen lanes of four bytes, and of one int32, in two AVX2 registers; see scalar/quant_lanes.h for the meaning.
#pragma once

#include "kernels/cpu/avx2/lanes.h"

namespace hermes::kernels::avx2 {

struct Bytes {
  __m256i lo, hi;

  static HERMES_INLINE Bytes load(const void* p) {
    const auto* q = static_cast<const __m256i*>(p);
    return {_mm256_loadu_si256(q), _mm256_loadu_si256(q + 1)};
  }
  static HERMES_INLINE Bytes broadcast(uint32_t x) {
    const __m256i v = _mm256_set1_epi32(static_cast<int>(x));
    return {v, v};
  }
  static HERMES_INLINE Bytes broadcast16(const void* p) { return load4(p, 0); }
  static HERMES_INLINE Bytes load4(const void* p, int64_t step) {
    const auto* b = static_cast<const char*>(p);
    return {load2(b, b + step), load2(b + 2 * step, b + 3 * step)};
  }
  HERMES_INLINE void store(void* p) const {
    auto* q = static_cast<__m256i*>(p);
    _mm256_storeu_si256(q, lo);
    _mm256_storeu_si256(q + 1, hi);
  }

 private:
  static HERMES_INLINE __m256i load2(const char* p, const char* q) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
                                   _mm_loadu_si128(reinterpret_cast<const __m128i*>(q)), 1);
  }
};

HERMES_INLINE Bytes operator&(Bytes a, Bytes b) { return {_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)}; }
HERMES_INLINE Bytes operator|(Bytes a, Bytes b) { return {_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi)}; }
HERMES_INLINE Bytes operator^(Bytes a, Bytes b) { return {_mm256_xor_si256(a.lo, b.lo), _mm256_xor_si256(a.hi, b.hi)}; }
template <int N>
HERMES_INLINE Bytes shift_right(Bytes a) {
  return {_mm256_srli_epi32(a.lo, N), _mm256_srli_epi32(a.hi, N)};
}
template <int N>
HERMES_INLINE Bytes shift_left(Bytes a) {
  return {_mm256_slli_epi32(a.lo, N), _mm256_slli_epi32(a.hi, N)};
}
HERMES_INLINE Bytes lookup(Bytes table, Bytes a) {
  return {_mm256_shuffle_epi8(table.lo, a.lo), _mm256_shuffle_epi8(table.hi, a.hi)};
}
HERMES_INLINE Bytes gather(const uint32_t* table, Bytes index) {
  const int* t = reinterpret_cast<const int*>(table);
  return {_mm256_i32gather_epi32(t, index.lo, 4), _mm256_i32gather_epi32(t, index.hi, 4)};
}
// 128 - a is (a ^ 127) + 1.
HERMES_INLINE __m256i negate_biased(__m256i a, __m256i bits, __m256i mask) {
  const __m256i where = _mm256_cmpeq_epi8(_mm256_and_si256(bits, mask), mask);
  return _mm256_sub_epi8(_mm256_xor_si256(a, _mm256_and_si256(where, _mm256_set1_epi8(127))), where);
}
HERMES_INLINE Bytes negate_biased(Bytes a, Bytes bits, Bytes mask) {
  return {negate_biased(a.lo, bits.lo, mask.lo), negate_biased(a.hi, bits.hi, mask.hi)};
}

template <int I>
HERMES_INLINE Bytes replicate_byte(Bytes a) {
  constexpr int kFirst = I * 0x01010101, kStep = 0x04040404;
  const __m256i places =
      _mm256_broadcastsi128_si256(_mm_setr_epi32(kFirst, kFirst + kStep, kFirst + 2 * kStep, kFirst + 3 * kStep));
  return {_mm256_shuffle_epi8(a.lo, places), _mm256_shuffle_epi8(a.hi, places)};
}

HERMES_INLINE void transpose4(__m256i& a, __m256i& b, __m256i& c, __m256i& d) {
  const __m256i ab = _mm256_unpacklo_epi32(a, b), cd = _mm256_unpacklo_epi32(c, d);
  const __m256i ab2 = _mm256_unpackhi_epi32(a, b), cd2 = _mm256_unpackhi_epi32(c, d);
  a = _mm256_unpacklo_epi64(ab, cd);
  b = _mm256_unpackhi_epi64(ab, cd);
  c = _mm256_unpacklo_epi64(ab2, cd2);
  d = _mm256_unpackhi_epi64(ab2, cd2);
}
HERMES_INLINE void transpose4(Bytes& a, Bytes& b, Bytes& c, Bytes& d) {
  transpose4(a.lo, b.lo, c.lo, d.lo);
  transpose4(a.hi, b.hi, c.hi, d.hi);
}

HERMES_INLINE Lanes to_float(Bytes a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
template <int I>
HERMES_INLINE Lanes unsigned_byte(Bytes a) {
  return to_float(shift_right<8 * I>(a) & Bytes::broadcast(0xFF));
}
template <int I>
HERMES_INLINE Lanes signed_byte(Bytes a) {
  const Bytes top = shift_left<24 - 8 * I>(a);
  return to_float(Bytes{_mm256_srai_epi32(top.lo, 24), _mm256_srai_epi32(top.hi, 24)});
}
template <int I>
HERMES_INLINE Lanes half(Bytes a) {
  const Bytes x = shift_right<16 * I>(a) & Bytes::broadcast(0xFFFF);
  const __m256i halves = _mm256_permute4x64_epi64(_mm256_packus_epi32(x.lo, x.hi), 0xD8);
  return {_mm256_cvtph_ps(_mm256_castsi256_si128(halves)), _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1))};
}

struct Ints {
  static constexpr int kSignedZero = 0;
  __m256i lo, hi;

  static HERMES_INLINE Ints zero() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static HERMES_INLINE Ints broadcast(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
};
HERMES_INLINE Bytes stored_signed(Bytes a) { return a; }
HERMES_INLINE Ints operator+(Ints a, Ints b) { return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)}; }
HERMES_INLINE __m256i broadcast4(const int8_t* a) {
  int32_t four;
  __builtin_memcpy(&four, a, 4);
  return _mm256_set1_epi32(four);
}
// Pairs of products fit 16 bits: at most 2 * 127 * 127 here, 2 * 128 * 127 below.
HERMES_INLINE __m256i add_pairs(__m256i acc, __m256i pairs) {
  return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
HERMES_INLINE Ints dot(Ints acc, Bytes w, const int8_t* a) {
  const __m256i x = broadcast4(a);
  return {add_pairs(acc.lo, _mm256_maddubs_epi16(w.lo, x)), add_pairs(acc.hi, _mm256_maddubs_epi16(w.hi, x))};
}
HERMES_INLINE __m256i signed_pairs(__m256i w, __m256i x) {
  return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
}
HERMES_INLINE Ints dot_signed(Ints acc, Bytes w, const int8_t* a) {
  const __m256i x = broadcast4(a);
  return {add_pairs(acc.lo, signed_pairs(w.lo, x)), add_pairs(acc.hi, signed_pairs(w.hi, x))};
}
// Compilers would add up products before they add them to a sum, with more of them under way than registers hold.
HERMES_INLINE void keep_order(Ints& sum) { asm("" : "+x"(sum.lo), "+x"(sum.hi)); }
// acc + the products of each lane's signed bytes with numbers of 16 bits: the first and the third byte with those at `even`, the
// others with those at `odd`.
HERMES_INLINE __m256i dot_pairs(__m256i acc, __m256i w, __m256i even, __m256i odd) {
  const __m256i first = _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8), second = _mm256_srai_epi16(w, 8);
  acc = _mm256_add_epi32(acc, _mm256_madd_epi16(first, even));
  return _mm256_add_epi32(acc, _mm256_madd_epi16(second, odd));
}
HERMES_INLINE Ints dot_pairs(Ints acc, const void* even, const void* odd, Bytes w) {
  const __m256i x = broadcast4(static_cast<const int8_t*>(even)), y = broadcast4(static_cast<const int8_t*>(odd));
  return {dot_pairs(acc.lo, w.lo, x, y), dot_pairs(acc.hi, w.hi, x, y)};
}
HERMES_INLINE Bytes bits_of(const Lanes& a) { return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)}; }
HERMES_INLINE Lanes to_float(Ints a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }

HERMES_INLINE __m256i magnitude(__m256 x) {
  return _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7FFFFFFF));
}
HERMES_INLINE float highest_magnitude(const Lanes& a, const Lanes& b) {
  const __m256i eight = _mm256_max_epi32(_mm256_max_epi32(magnitude(a.lo), magnitude(a.hi)),
                                         _mm256_max_epi32(magnitude(b.lo), magnitude(b.hi)));
  const __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  const __m128i two = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  const int32_t bits = _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 0xB1)));
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
HERMES_INLINE int32_t store_rounded(const Lanes& a, int8_t* p) {
  const __m256i lo = _mm256_cvtps_epi32(a.lo), hi = _mm256_cvtps_epi32(a.hi);
  const __m256i sixteen = _mm256_permute4x64_epi64(_mm256_packs_epi32(lo, hi), 0xD8);
  const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(sixteen), _mm256_extracti128_si256(sixteen, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
  const __m256i pairs = _mm256_madd_epi16(_mm256_cvtepi8_epi16(bytes), _mm256_set1_epi16(1));
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
  const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xB1)));
}

struct QuantLanes {
  static constexpr int kTileTokens32 = 2, kTileTokens16 = 2, kGroups = 1, kStreamTokens32 = 2, kStreamTokens16 = 1;
  static constexpr int kScoreQueries = 3, kValueQueries = 3, kValueColumns = 1;
  static constexpr bool kValuePairs = true;
  static constexpr bool kHighNibbles = false;
  static constexpr bool kBiasedDots = false;
  using Lanes = avx2::Lanes;
  using Bytes = avx2::Bytes;
  using Ints = avx2::Ints;
};

}  // namespace hermes::kernels::avx2
