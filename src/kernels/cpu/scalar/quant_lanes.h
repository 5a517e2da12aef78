// Sixteen lanes of four bytes, and of one int32, in plain C++: the definition of what each operation does. Calls are not
// inlined: unpacking is so long a sequence of them that the compiler would take minutes over it.
#pragma once

#include "kernels/cpu/scalar/lanes.h"

namespace hermes::kernels::scalar {

// Byte i of a lane is bits 8 i to 8 i + 7 of its number.
struct Bytes {
  uint32_t v[16];

  static Bytes load(const void* p) {
    Bytes r;
    __builtin_memcpy(r.v, p, sizeof r.v);
    return r;
  }
  static Bytes broadcast(uint32_t x) {
    Bytes r;
    for (uint32_t& lane : r.v) lane = x;
    return r;
  }
  // The same sixteen bytes in each quarter (four lanes).
  static Bytes broadcast16(const void* p) { return load4(p, 0); }
  // Sixteen bytes each from p, p + step, p + 2 step, p + 3 step, one after the other.
  static Bytes load4(const void* p, int64_t step) {
    Bytes r;
    for (int i = 0; i < 4; ++i) __builtin_memcpy(r.v + 4 * i, static_cast<const char*>(p) + i * step, 16);
    return r;
  }
  void store(void* p) const { __builtin_memcpy(p, v, sizeof v); }
};

template <class Op>
inline Bytes each_lane(const Op& op) {
  Bytes r;
  for (int i = 0; i < 16; ++i) r.v[i] = op(i);
  return r;
}

[[gnu::noinline]] inline Bytes operator&(const Bytes& a, const Bytes& b) {
  return each_lane([&](int i) { return a.v[i] & b.v[i]; });
}
[[gnu::noinline]] inline Bytes operator|(const Bytes& a, const Bytes& b) {
  return each_lane([&](int i) { return a.v[i] | b.v[i]; });
}
[[gnu::noinline]] inline Bytes operator^(const Bytes& a, const Bytes& b) {
  return each_lane([&](int i) { return a.v[i] ^ b.v[i]; });
}
// By whole lanes: bits move from byte to byte.
template <int N>
[[gnu::noinline]] inline Bytes shift_right(const Bytes& a) {
  return each_lane([&](int i) { return a.v[i] >> N; });
}
template <int N>
[[gnu::noinline]] inline Bytes shift_left(const Bytes& a) {
  return each_lane([&](int i) { return a.v[i] << N; });
}
// Each byte of a (0 to 15) replaced by that byte of `table`, which is the same in each quarter.
[[gnu::noinline]] inline Bytes lookup(const Bytes& table, const Bytes& a) {
  return each_lane([&](int i) {
    uint32_t r = 0;
    for (int b = 0; b < 32; b += 8) {
      const uint32_t index = a.v[i] >> b & 15;
      r |= (table.v[index / 4] >> (8 * (index % 4)) & 0xFF) << b;
    }
    return r;
  });
}
// Entries of a table by the lanes' numbers.
[[gnu::noinline]] inline Bytes gather(const uint32_t* table, const Bytes& index) {
  return each_lane([&](int i) { return table[index.v[i]]; });
}
// The negative of a byte stored 64 higher, which is 128 less it (1 to 127), where the one bit of `mask` in it is set in
// `bits` too; other bytes as they are.
[[gnu::noinline]] inline Bytes negate_biased(const Bytes& a, const Bytes& bits, const Bytes& mask) {
  return each_lane([&](int i) {
    uint32_t r = 0;
    for (int b = 0; b < 32; b += 8) {
      const uint32_t x = a.v[i] >> b & 0xFF;
      r |= ((bits.v[i] & mask.v[i]) >> b & 0xFF ? 128 - x : x) << b;
    }
    return r;
  });
}

// Byte I of each lane in all its four bytes.
template <int I>
[[gnu::noinline]] inline Bytes replicate_byte(const Bytes& a) {
  return each_lane([&](int i) { return (a.v[i] >> (8 * I) & 0xFF) * 0x01010101U; });
}

// In each quarter: lane j of register i becomes lane i of register j.
[[gnu::noinline]] inline void transpose4(Bytes& a, Bytes& b, Bytes& c, Bytes& d) {
  const Bytes from[4] = {a, b, c, d};
  Bytes* const to[4] = {&a, &b, &c, &d};
  for (int i = 0; i < 4; ++i) {
    for (int lane = 0; lane < 16; ++lane) to[i]->v[lane] = from[lane % 4].v[lane / 4 * 4 + i];
  }
}

template <int I>
[[gnu::noinline]] inline Lanes unsigned_byte(const Bytes& a) {
  return each([&](int i) { return static_cast<float>(a.v[i] >> (8 * I) & 0xFF); });
}
template <int I>
[[gnu::noinline]] inline Lanes signed_byte(const Bytes& a) {
  return each([&](int i) { return static_cast<float>(static_cast<int8_t>(a.v[i] >> (8 * I))); });
}
// The F16 in bits 16 I to 16 I + 15 of each lane.
template <int I>
[[gnu::noinline]] inline Lanes half(const Bytes& a) {
  return each([&](int i) { return to_float(F16{static_cast<uint16_t>(a.v[i] >> (16 * I))}); });
}
// Lanes as whole numbers below 2^24.
[[gnu::noinline]] inline Lanes to_float(const Bytes& a) {
  return each([&](int i) { return static_cast<float>(a.v[i]); });
}

struct Ints {
  // What is added to signed weights when they are stored, so that products are of unsigned by signed bytes: nothing here.
  static constexpr int kSignedZero = 0;
  int32_t v[16];

  static Ints zero() { return broadcast(0); }
  static Ints broadcast(int32_t x) {
    Ints r;
    for (int32_t& lane : r.v) lane = x;
    return r;
  }
};
[[gnu::noinline]] inline Bytes stored_signed(const Bytes& a) { return a; }
[[gnu::noinline]] inline Ints operator+(const Ints& a, const Ints& b) {
  Ints r;
  for (int i = 0; i < 16; ++i) r.v[i] = a.v[i] + b.v[i];
  return r;
}
// acc + the four products of each lane's bytes, at most 127, with the four signed bytes at a.
[[gnu::noinline]] inline Ints dot(const Ints& acc, const Bytes& w, const int8_t* a) {
  Ints r = acc;
  for (int i = 0; i < 16; ++i) {
    for (int b = 0; b < 4; ++b) r.v[i] += static_cast<int32_t>(w.v[i] >> (8 * b) & 0xFF) * a[b];
  }
  return r;
}
// The same for signed bytes as stored_signed() left them.
[[gnu::noinline]] inline Ints dot_signed(const Ints& acc, const Bytes& w, const int8_t* a) {
  Ints r = acc;
  for (int i = 0; i < 16; ++i) {
    for (int b = 0; b < 4; ++b) r.v[i] += static_cast<int8_t>(w.v[i] >> (8 * b)) * a[b];
  }
  return r;
}
// acc + the four products of the digits at `digits`, bytes up to 127, with each lane's signed bytes.
[[gnu::noinline]] inline Ints dot_digits(const Ints& acc, const void* digits, const Bytes& w) {
  int8_t four[4];
  __builtin_memcpy(four, digits, 4);
  return dot_signed(acc, w, four);
}
// The bits of F32 lanes.
[[gnu::noinline]] inline Bytes bits_of(const Lanes& a) {
  return each_lane([&](int i) { return __builtin_bit_cast(uint32_t, a.v[i]); });
}
[[gnu::noinline]] inline Lanes to_float(const Ints& a) {
  return each([&](int i) { return static_cast<float>(a.v[i]); });
}

// The largest |x| of both, by its bits: a NaN is larger than all.
[[gnu::noinline]] inline float highest_magnitude(const Lanes& a, const Lanes& b) {
  uint32_t highest = 0;
  for (int i = 0; i < 32; ++i) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, i < 16 ? a.v[i] : b.v[i - 16]) & 0x7FFFFFFFU;
    highest = bits > highest ? bits : highest;
  }
  return __builtin_bit_cast(float, highest);
}
// Rounds to whole numbers (to nearest, ties to even), stores them as bytes and returns their sum. What is no number may
// become any byte.
[[gnu::noinline]] inline int32_t store_rounded(const Lanes& a, int8_t* p) {
  int32_t sum = 0;
  for (int i = 0; i < 16; ++i) {
    const bool inside = a.v[i] > -128.0F && a.v[i] < 127.0F;
    p[i] = static_cast<int8_t>(inside ? __builtin_rintf(a.v[i]) : a.v[i] > 0 ? 127.0F : -128.0F);
    sum += p[i];
  }
  return sum;
}

struct QuantLanes {
  // Tiles: tokens by groups of sixteen rows, and tokens that stream() takes, as many as the registers hold.
  static constexpr int kTileTokens32 = 1, kTileTokens16 = 1, kGroups = 1, kStreamTokens32 = 1, kStreamTokens16 = 1;
  // Attention to a Q8_0 cache: queries for its scores; for its values, queries by vectors of columns, each with two sums, or
  // with one where dot_pairs() is there and does better.
  static constexpr int kScoreQueries = 2, kValueQueries = 1, kValueColumns = 1;
  static constexpr bool kValuePairs = false;
  // Whether a high nibble may be left in its place, with a sixteenth of the scale: where dots take bytes up to 255.
  static constexpr bool kHighNibbles = false;
  static constexpr bool kBiasedDots = false;  // kDotBias
  using Lanes = scalar::Lanes;
  using Bytes = scalar::Bytes;
  using Ints = scalar::Ints;
};

}  // namespace hermes::kernels::scalar
