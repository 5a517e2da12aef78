// Sixteen lanes of four bytes, and of one int32, in an AVX-512 register; see scalar/quant_lanes.h for the meaning.
#pragma once

#include "kernels/cpu/avx512/lanes.h"

namespace hermes::kernels::avx512 {

struct Bytes {
  __m512i v;

  static HERMES_INLINE Bytes load(const void* p) { return {_mm512_loadu_si512(p)}; }
  static HERMES_INLINE Bytes broadcast(uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
  static HERMES_INLINE Bytes broadcast16(const void* p) {
    return {_mm512_broadcast_i32x4(load16(static_cast<const char*>(p)))};
  }
  // Sixteen bytes each from p, p + step, p + 2 step, p + 3 step.
  static HERMES_INLINE Bytes load4(const void* p, int64_t step) {
    const auto* b = static_cast<const char*>(p);
    // Broadcasts under a mask are loads alone; inserts would be shuffles, which the transposing needs.
    __m512i v = _mm512_broadcast_i32x4(load16(b));
    v = _mm512_mask_broadcast_i32x4(v, 0x00F0, load16(b + step));
    v = _mm512_mask_broadcast_i32x4(v, 0x0F00, load16(b + 2 * step));
    return {_mm512_mask_broadcast_i32x4(v, 0xF000, load16(b + 3 * step))};
  }
  HERMES_INLINE void store(void* p) const { _mm512_storeu_si512(p, v); }

 private:
  static HERMES_INLINE __m128i load16(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
};

HERMES_INLINE Bytes operator&(Bytes a, Bytes b) { return {_mm512_and_si512(a.v, b.v)}; }
HERMES_INLINE Bytes operator|(Bytes a, Bytes b) { return {_mm512_or_si512(a.v, b.v)}; }
HERMES_INLINE Bytes operator^(Bytes a, Bytes b) { return {_mm512_xor_si512(a.v, b.v)}; }
template <int N>
HERMES_INLINE Bytes shift_right(Bytes a) {  // 32-bit lanes, zeros from above
  return {_mm512_srli_epi32(a.v, N)};
}
template <int N>
HERMES_INLINE Bytes shift_left(Bytes a) {
  return {_mm512_slli_epi32(a.v, N)};
}
HERMES_INLINE Bytes lookup(Bytes table, Bytes a) { return {_mm512_shuffle_epi8(table.v, a.v)}; }
HERMES_INLINE Bytes gather(const uint32_t* table, Bytes index) {
  // Over zeros: the instruction reads what was in its register before, and would wait for that.
  return {_mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0xFFFF, index.v, table, 4)};
}
HERMES_INLINE Bytes negate_biased(Bytes a, Bytes bits, Bytes mask) {
  return {_mm512_mask_sub_epi8(a.v, _mm512_test_epi8_mask(bits.v, mask.v), _mm512_set1_epi8(-128), a.v)};
}

template <int I>
HERMES_INLINE Bytes replicate_byte(Bytes a) {
  constexpr int kFirst = I * 0x01010101, kStep = 0x04040404;
  return {_mm512_shuffle_epi8(
      a.v, _mm512_broadcast_i32x4(_mm_setr_epi32(kFirst, kFirst + kStep, kFirst + 2 * kStep, kFirst + 3 * kStep)))};
}

// 4 by 4 lanes in each quarter: lane j of register i becomes lane i of register j.
HERMES_INLINE void transpose4(Bytes& a, Bytes& b, Bytes& c, Bytes& d) {
  const __m512i ab = _mm512_unpacklo_epi32(a.v, b.v), cd = _mm512_unpacklo_epi32(c.v, d.v);
  const __m512i ab2 = _mm512_unpackhi_epi32(a.v, b.v), cd2 = _mm512_unpackhi_epi32(c.v, d.v);
  a.v = _mm512_unpacklo_epi64(ab, cd);
  b.v = _mm512_unpackhi_epi64(ab, cd);
  c.v = _mm512_unpacklo_epi64(ab2, cd2);
  d.v = _mm512_unpackhi_epi64(ab2, cd2);
}

template <int I>
HERMES_INLINE Lanes unsigned_byte(Bytes a) {
  const __m512i x =
      I == 3 ? _mm512_srli_epi32(a.v, 24) : _mm512_and_si512(_mm512_srli_epi32(a.v, 8 * I), _mm512_set1_epi32(0xFF));
  return {_mm512_cvtepi32_ps(x)};
}
template <int I>
HERMES_INLINE Lanes signed_byte(Bytes a) {
  return {_mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(a.v, 24 - 8 * I), 24))};
}
// The F16 in bits 16 I to 16 I + 15 of each lane.
template <int I>
HERMES_INLINE Lanes half(Bytes a) {
  return {_mm512_cvtph_ps(_mm512_cvtepi32_epi16(I == 0 ? a.v : _mm512_srli_epi32(a.v, 16)))};
}
// int32 lanes, exact below 2^24.
HERMES_INLINE Lanes to_float(Bytes a) { return {_mm512_cvtepi32_ps(a.v)}; }
HERMES_INLINE Lanes as_float(Bytes a) { return {_mm512_castsi512_ps(a.v)}; }

struct Ints {
  // Products are of unsigned by signed bytes: signed weights are stored 128 higher and taken back through the sums.
  static constexpr int kSignedZero = 128;
  __m512i v;

  static HERMES_INLINE Ints zero() { return {_mm512_setzero_si512()}; }
  static HERMES_INLINE Ints broadcast(int32_t x) { return {_mm512_set1_epi32(x)}; }
};
HERMES_INLINE Bytes stored_signed(Bytes a) { return {_mm512_xor_si512(a.v, _mm512_set1_epi8(-128))}; }
HERMES_INLINE Ints operator+(Ints a, Ints b) { return {_mm512_add_epi32(a.v, b.v)}; }
// acc + the four products of each lane of w with the four signed bytes at a.
HERMES_INLINE Ints dot(Ints acc, Bytes w, const int8_t* a) {
  int32_t four;
  __builtin_memcpy(&four, a, 4);
  return {_mm512_dpbusd_epi32(acc.v, w.v, _mm512_set1_epi32(four))};
}
HERMES_INLINE Ints dot_signed(Ints acc, Bytes w, const int8_t* a) { return dot(acc, w, a); }
HERMES_INLINE Ints dot_digits(Ints acc, const void* digits, Bytes w) {
  int32_t four;
  __builtin_memcpy(&four, digits, 4);
  return {_mm512_dpbusd_epi32(acc.v, _mm512_set1_epi32(four), w.v)};
}
HERMES_INLINE Bytes bits_of(Lanes a) { return {_mm512_castps_si512(a.v)}; }
HERMES_INLINE Lanes to_float(Ints a) { return {_mm512_cvtepi32_ps(a.v)}; }
HERMES_INLINE Lanes as_float(Ints a) { return {_mm512_castsi512_ps(a.v)}; }

// The largest |x| of both, by its bits: a NaN is larger than all.
HERMES_INLINE float highest_magnitude(Lanes a, Lanes b) {
  const __m512i mask = _mm512_set1_epi32(0x7FFFFFFF);
  const int32_t bits = _mm512_reduce_max_epi32(_mm512_max_epi32(_mm512_and_si512(_mm512_castps_si512(a.v), mask),
                                                                _mm512_and_si512(_mm512_castps_si512(b.v), mask)));
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
// Rounds to whole numbers (to nearest, ties to even), stores them as bytes and returns their sum.
HERMES_INLINE int32_t store_rounded(Lanes a, int8_t* p) {
  const __m512i x = _mm512_cvtps_epi32(a.v);
  const __m128i bytes = _mm512_cvtsepi32_epi8(x);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
  return _mm512_reduce_add_epi32(_mm512_cvtepi8_epi32(bytes));
}

struct QuantLanes {
  // Tiles: tokens by groups of sixteen rows, as many as the registers hold.
  static constexpr int kTileTokens32 = 6, kTileTokens16 = 4, kGroups = 2, kStreamTokens32 = 6, kStreamTokens16 = 2;
  static constexpr int kScoreQueries = 6, kValueQueries = 6, kValueColumns = 2;
  static constexpr bool kValuePairs = false;
  static constexpr bool kHighNibbles = true;  // dots take bytes up to 255
  static constexpr bool kBiasedDots = true;
  using Lanes = avx512::Lanes;
  using Bytes = avx512::Bytes;
  using Ints = avx512::Ints;
};

}  // namespace hermes::kernels::avx512
