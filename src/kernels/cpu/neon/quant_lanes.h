// Sixteen lanes of four bytes, and of one int32, in four NEON registers; see scalar/quant_lanes.h for the meaning. Weights
// without a sign are at most 127 here (no high nibbles in place), so that the dot of signed bytes, which all cores with the
// dot product extension have, does for both kinds; the one of unsigned by signed bytes would need i8mm.
#pragma once

#include "kernels/cpu/neon/lanes.h"

namespace hermes::kernels::neon {

struct Bytes {
  uint32x4_t v[4];

  static HERMES_INLINE Bytes load(const void* p) { return load4(p, 16); }
  static HERMES_INLINE Bytes broadcast(uint32_t x) {
    const uint32x4_t all = vdupq_n_u32(x);
    return {{all, all, all, all}};
  }
  static HERMES_INLINE Bytes broadcast16(const void* p) { return load4(p, 0); }
  static HERMES_INLINE Bytes load4(const void* p, int64_t step) {
    const auto* b = static_cast<const uint8_t*>(p);
    return {{load16(b), load16(b + step), load16(b + 2 * step), load16(b + 3 * step)}};
  }
  HERMES_INLINE void store(void* p) const {
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      vst1q_u8(static_cast<uint8_t*>(p) + 16 * i.value, vreinterpretq_u8_u32(v[i.value]));
    });
  }

 private:
  static HERMES_INLINE uint32x4_t load16(const uint8_t* p) { return vreinterpretq_u32_u8(vld1q_u8(p)); }
};

// Bytes whose quarters are op(Index<0>()) to op(Index<3>()).
template <class Op>
HERMES_INLINE Bytes each_bytes(const Op& op) {
  return {{op(Index<0>()), op(Index<1>()), op(Index<2>()), op(Index<3>())}};
}

HERMES_INLINE Bytes operator&(const Bytes& a, const Bytes& b) {
  return each_bytes([&](auto i) HERMES_LAMBDA_INLINE { return vandq_u32(a.v[i.value], b.v[i.value]); });
}
HERMES_INLINE Bytes operator|(const Bytes& a, const Bytes& b) {
  return each_bytes([&](auto i) HERMES_LAMBDA_INLINE { return vorrq_u32(a.v[i.value], b.v[i.value]); });
}
HERMES_INLINE Bytes operator^(const Bytes& a, const Bytes& b) {
  return each_bytes([&](auto i) HERMES_LAMBDA_INLINE { return veorq_u32(a.v[i.value], b.v[i.value]); });
}
template <int N>
HERMES_INLINE Bytes shift_right(const Bytes& a) {
  if constexpr (N == 0) return a;  // the instruction has no shift by none
  if constexpr (N > 0) return each_bytes([&](auto i) HERMES_LAMBDA_INLINE { return vshrq_n_u32(a.v[i.value], N); });
}
template <int N>
HERMES_INLINE Bytes shift_left(const Bytes& a) {
  return each_bytes([&](auto i) HERMES_LAMBDA_INLINE { return vshlq_n_u32(a.v[i.value], N); });
}
HERMES_INLINE uint32x4_t lookup(uint32x4_t table, uint32x4_t a) {
  return vreinterpretq_u32_u8(vqtbl1q_u8(vreinterpretq_u8_u32(table), vreinterpretq_u8_u32(a)));
}
HERMES_INLINE Bytes lookup(const Bytes& table, const Bytes& a) {
  return each_bytes([&](auto i) HERMES_LAMBDA_INLINE { return lookup(table.v[i.value], a.v[i.value]); });
}
HERMES_INLINE Bytes gather(const uint32_t* table, const Bytes& index) {
  return each_bytes([&](auto i) HERMES_LAMBDA_INLINE {
    const uint32x4_t at = index.v[i.value];
    uint32x4_t r = vdupq_n_u32(table[vgetq_lane_u32(at, 0)]);
    r = vld1q_lane_u32(table + vgetq_lane_u32(at, 1), r, 1);
    r = vld1q_lane_u32(table + vgetq_lane_u32(at, 2), r, 2);
    return vld1q_lane_u32(table + vgetq_lane_u32(at, 3), r, 3);
  });
}
HERMES_INLINE Bytes negate_biased(const Bytes& a, const Bytes& bits, const Bytes& mask) {
  return each_bytes([&](auto i) HERMES_LAMBDA_INLINE {
    const uint8x16_t x = vreinterpretq_u8_u32(a.v[i.value]);
    const uint8x16_t where = vtstq_u8(vreinterpretq_u8_u32(bits.v[i.value]), vreinterpretq_u8_u32(mask.v[i.value]));
    return vreinterpretq_u32_u8(vbslq_u8(where, vsubq_u8(vdupq_n_u8(128), x), x));
  });
}

template <int I>
HERMES_INLINE Bytes replicate_byte(const Bytes& a) {
  constexpr uint32_t kFirst = I * 0x01010101U, kStep = 0x04040404U;
  static constexpr uint32_t kPlaces[4] = {kFirst, kFirst + kStep, kFirst + 2 * kStep, kFirst + 3 * kStep};
  const uint32x4_t places = vld1q_u32(kPlaces);
  return each_bytes([&](auto i) HERMES_LAMBDA_INLINE { return lookup(a.v[i.value], places); });
}

HERMES_INLINE void transpose4(Bytes& a, Bytes& b, Bytes& c, Bytes& d) {
  unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
    float32x4_t r[4] = {vreinterpretq_f32_u32(a.v[i.value]), vreinterpretq_f32_u32(b.v[i.value]),
                        vreinterpretq_f32_u32(c.v[i.value]), vreinterpretq_f32_u32(d.v[i.value])};
    transpose_block(r[0], r[1], r[2], r[3]);
    a.v[i.value] = vreinterpretq_u32_f32(r[0]);
    b.v[i.value] = vreinterpretq_u32_f32(r[1]);
    c.v[i.value] = vreinterpretq_u32_f32(r[2]);
    d.v[i.value] = vreinterpretq_u32_f32(r[3]);
  });
}

HERMES_INLINE Lanes to_float(const Bytes& a) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return vcvtq_f32_u32(a.v[i.value]); });
}
template <int I>
HERMES_INLINE Lanes unsigned_byte(const Bytes& a) {
  return to_float(shift_right<8 * I>(a) & Bytes::broadcast(0xFF));
}
template <int I>
HERMES_INLINE Lanes signed_byte(const Bytes& a) {
  const Bytes top = shift_left<24 - 8 * I>(a);
  return each([&](auto i) HERMES_LAMBDA_INLINE {
    return vcvtq_f32_s32(vshrq_n_s32(vreinterpretq_s32_u32(top.v[i.value]), 24));
  });
}
template <int I>
HERMES_INLINE Lanes half(const Bytes& a) {
  const Bytes x = shift_right<16 * I>(a);
  return each([&](auto i) HERMES_LAMBDA_INLINE { return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(x.v[i.value]))); });
}

struct Ints {
  static constexpr int kSignedZero = 0;
  int32x4_t v[4];

  static HERMES_INLINE Ints zero() { return broadcast(0); }
  static HERMES_INLINE Ints broadcast(int32_t x) {
    const int32x4_t all = vdupq_n_s32(x);
    return {{all, all, all, all}};
  }
};
template <class Op>
HERMES_INLINE Ints each_int(const Op& op) {
  return {{op(Index<0>()), op(Index<1>()), op(Index<2>()), op(Index<3>())}};
}
HERMES_INLINE Bytes stored_signed(const Bytes& a) { return a; }
HERMES_INLINE Ints operator+(const Ints& a, const Ints& b) {
  return each_int([&](auto i) HERMES_LAMBDA_INLINE { return vaddq_s32(a.v[i.value], b.v[i.value]); });
}
HERMES_INLINE Ints dot_signed(const Ints& acc, const Bytes& w, const int8_t* a) {
  int32_t four;
  __builtin_memcpy(&four, a, 4);
  const int8x16_t x = vreinterpretq_s8_s32(vdupq_n_s32(four));
  return each_int(
      [&](auto i) HERMES_LAMBDA_INLINE { return vdotq_s32(acc.v[i.value], vreinterpretq_s8_u32(w.v[i.value]), x); });
}
HERMES_INLINE Ints dot(const Ints& acc, const Bytes& w, const int8_t* a) { return dot_signed(acc, w, a); }
HERMES_INLINE Ints dot_digits(const Ints& acc, const void* digits, const Bytes& w) {
  return dot_signed(acc, w, static_cast<const int8_t*>(digits));
}
HERMES_INLINE Bytes bits_of(const Lanes& a) {
  return each_bytes([&](auto i) HERMES_LAMBDA_INLINE { return vreinterpretq_u32_f32(a.v[i.value]); });
}
HERMES_INLINE Lanes to_float(const Ints& a) {
  return each([&](auto i) HERMES_LAMBDA_INLINE { return vcvtq_f32_s32(a.v[i.value]); });
}

HERMES_INLINE uint32x4_t highest_bits(const Lanes& a) {
  const Bytes x = each_bytes([&](auto i) HERMES_LAMBDA_INLINE {
    return vandq_u32(vreinterpretq_u32_f32(a.v[i.value]), vdupq_n_u32(0x7FFFFFFFU));
  });
  return vmaxq_u32(vmaxq_u32(x.v[0], x.v[1]), vmaxq_u32(x.v[2], x.v[3]));
}
HERMES_INLINE float highest_magnitude(const Lanes& a, const Lanes& b) {
  return __builtin_bit_cast(float, vmaxvq_u32(vmaxq_u32(highest_bits(a), highest_bits(b))));
}
HERMES_INLINE int32_t store_rounded(const Lanes& a, int8_t* p) {
  const int16x8_t lo = vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(a.v[0])), vqmovn_s32(vcvtnq_s32_f32(a.v[1])));
  const int16x8_t hi = vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(a.v[2])), vqmovn_s32(vcvtnq_s32_f32(a.v[3])));
  const int8x16_t bytes = vcombine_s8(vqmovn_s16(lo), vqmovn_s16(hi));
  vst1q_s8(p, bytes);
  return vaddlvq_s8(bytes);
}

struct QuantLanes {
  // Tiles: of 32 registers a token takes four for its dots and four for its sums; with sixteen elements to a scale, four more.
  static constexpr int kTileTokens32 = 3, kTileTokens16 = 2, kGroups = 1, kStreamTokens32 = 1, kStreamTokens16 = 1;
  static constexpr int kScoreQueries = 2, kValueQueries = 2, kValueColumns = 1;
  static constexpr bool kValuePairs = false;
  static constexpr bool kHighNibbles = false;
  static constexpr bool kBiasedDots = false;
  using Lanes = neon::Lanes;
  using Bytes = neon::Bytes;
  using Ints = neon::Ints;
};

}  // namespace hermes::kernels::neon
