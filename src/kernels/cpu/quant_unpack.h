// From blocks of sixteen rows, interleaved, to bytes of four elements of each row side by side, and scales, for every type
// (those with codebooks are in quant_unpack_iq.h). Layouts of a row's block: docs/formats/quantised_types.md. `V` names an
// instruction set's Lanes, Bytes and Ints. What is unpacked goes to a sink (quant_kernels.h), with constants for its place,
// so that it can stay in registers:
//   q(Index<block of 32>(), Index<k4>(), Bytes)    elements 4 k4 to 4 k4 + 3 of the block
//   scale(Index<sub-block>(), Lanes), offset(...)  an element is scale * q, less the type's zero, plus offset
//
// Sixteen rows' blocks are interleaved by columns of four bytes (quant_table.h): a register is one column, each lane holds
// four bytes of its row, and what follows is the same arithmetic in every lane. Types whose blocks are not whole columns
// name the bytes left over: kOddBytes of them, at kOdd of the block.
#pragma once

#include "kernels/cpu/quant_table.h"

namespace hermes::kernels {

template <class V, int J>
HERMES_INLINE typename V::Bytes column(const std::byte* p) {
  return V::Bytes::load(p + J * 64);
}
// Behind the columns: the odd bytes of each row.
template <class Type>
HERMES_INLINE const std::byte* odd_bytes(const std::byte* p) {
  return p + kQuantRows * (Type::kBytes - Type::kOddBytes);
}
template <class V, class Type>
HERMES_INLINE typename V::Lanes odd_halves(const std::byte* p) {
  return V::Lanes::load(reinterpret_cast<const F16*>(odd_bytes<Type>(p)));
}

template <class V>
HERMES_INLINE typename V::Bytes every_byte(uint8_t x) {
  return V::Bytes::broadcast(x * 0x01010101U);
}

// Bit `From` of each lane (or of each byte) at `To`; its neighbours come along.
template <class V, int From, int To>
HERMES_INLINE typename V::Bytes move_bit(typename V::Bytes x) {
  if constexpr (From > To) return shift_right<From - To>(x);
  if constexpr (From < To) return shift_left<To - From>(x);
  if constexpr (From == To) return x;
}

// The 6-bit scales and offsets of Q4_K and Q5_K: a header of d, dmin (F16) and twelve bytes.
// kHigh: the elements of odd blocks come sixteen times as large, and so their scales are divided: exact both ways.
template <class V, bool kHigh, class Sink>
HERMES_INLINE void unpack_k_header(const std::byte* p, Sink& out) {
  using Bytes = typename V::Bytes;
  const Bytes d_dmin = column<V, 0>(p), b = column<V, 1>(p), c = column<V, 2>(p), last = column<V, 3>(p);
  const auto d = half<0>(d_dmin), minus_dmin = V::Lanes::zero() - half<1>(d_dmin);
  const auto d_odd = kHigh ? d * V::Lanes::broadcast(0.0625F) : d;
  const Bytes six = every_byte<V>(0x3F), four = every_byte<V>(0x0F), two = every_byte<V>(0x30);
  const Bytes scales[2] = {b & six, (last & four) | (shift_right<2>(b) & two)};
  const Bytes offsets[2] = {c & six, (shift_right<4>(last) & four) | (shift_right<2>(c) & two)};
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int n = decltype(i)::value;
    out.scale(Index<n>(), (n % 2 == 0 ? d : d_odd) * unsigned_byte<n % 4>(scales[n / 4]));
    out.offset(Index<n>(), minus_dmin * unsigned_byte<n % 4>(offsets[n / 4]));
  });
}

template <class V>
struct Q4K {
  static constexpr DType kType = DType::kQ4_K;
  static constexpr int kElements = 256, kBytes = 144, kOdd = 0, kOddBytes = 0;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    unpack_k_header<V, V::kHighNibbles>(p, out);
    const auto low = every_byte<V>(0x0F), high = every_byte<V>(0xF0);
    unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int n = decltype(i)::value;  // sixteen bytes: half of blocks 2 (n / 2) and 2 (n / 2) + 1
      unrolled<4>([&](auto j) HERMES_LAMBDA_INLINE {
        constexpr int k4 = n % 2 * 4 + decltype(j)::value;
        const auto x = column<V, 4 + 4 * n + decltype(j)::value>(p);
        out.q(Index<n / 2 * 2>(), Index<k4>(), x & low);
        out.q(Index<n / 2 * 2 + 1>(), Index<k4>(), V::kHighNibbles ? x & high : shift_right<4>(x) & low);
      });
    });
  }
};

template <class V>
struct Q5K {
  static constexpr DType kType = DType::kQ5_K;
  static constexpr int kElements = 256, kBytes = 176, kOdd = 0, kOddBytes = 0;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    unpack_k_header<V, false>(p, out);
    const auto low = every_byte<V>(0x0F), fifth = every_byte<V>(0x10);
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int pair = decltype(i)::value;
      unrolled<8>([&](auto k4) HERMES_LAMBDA_INLINE {
        const auto x = column<V, 12 + 8 * pair + k4.value>(p), bits = column<V, 4 + k4.value>(p);
        out.q(Index<2 * pair>(), k4, (x & low) | (move_bit<V, 2 * pair, 4>(bits) & fifth));
        out.q(Index<2 * pair + 1>(), k4, (shift_right<4>(x) & low) | (move_bit<V, 2 * pair + 1, 4>(bits) & fifth));
      });
    });
  }
};

template <class V>
struct Q6K {
  static constexpr DType kType = DType::kQ6_K;
  static constexpr int kElements = 256, kBytes = 210, kOdd = 208, kOddBytes = 2;
  static constexpr int kSub = 16, kZero = 32;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const auto d = odd_halves<V, Q6K>(p);
    unrolled<16>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int s = decltype(i)::value;
      out.scale(Index<s>(), d * signed_byte<s % 4>(column<V, 48 + s / 4>(p)));
    });
    const auto low = every_byte<V>(0x0F), two = every_byte<V>(0x30);
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int n = decltype(i)::value / 2, part = decltype(i)::value % 2;  // half of the elements, of every block
      unrolled<4>([&](auto j) HERMES_LAMBDA_INLINE {
        constexpr int k4 = part * 4 + decltype(j)::value;
        const auto x = column<V, 16 * n + k4>(p), y = column<V, 16 * n + 8 + k4>(p), h = column<V, 32 + 8 * n + k4>(p);
        out.q(Index<4 * n>(), Index<k4>(), (x & low) | (shift_left<4>(h) & two));
        out.q(Index<4 * n + 1>(), Index<k4>(), (y & low) | (shift_left<2>(h) & two));
        out.q(Index<4 * n + 2>(), Index<k4>(), (shift_right<4>(x) & low) | (h & two));
        out.q(Index<4 * n + 3>(), Index<k4>(), (shift_right<4>(y) & low) | (shift_right<2>(h) & two));
      });
    });
  }
};

template <class V>
struct Q2K {
  static constexpr DType kType = DType::kQ2_K;
  static constexpr int kElements = 256, kBytes = 84, kOdd = 0, kOddBytes = 0;
  static constexpr int kSub = 16, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const auto heads = column<V, 20>(p);
    const auto d = half<0>(heads), minus_dmin = V::Lanes::zero() - half<1>(heads);
    const auto low = every_byte<V>(0x0F);
    unrolled<16>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int s = decltype(i)::value;
      const auto x = column<V, s / 4>(p);
      out.scale(Index<s>(), d * unsigned_byte<s % 4>(x & low));
      out.offset(Index<s>(), minus_dmin * unsigned_byte<s % 4>(shift_right<4>(x) & low));
    });
    const auto two = every_byte<V>(0x03);
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int n = decltype(i)::value / 2, part = decltype(i)::value % 2;
      unrolled<16>([&](auto k) HERMES_LAMBDA_INLINE {
        constexpr int k4 = part * 4 + decltype(k)::value % 4, b = decltype(k)::value / 4;
        out.q(Index<4 * n + b>(), Index<k4>(), shift_right<2 * b>(column<V, 4 + 8 * n + k4>(p)) & two);
      });
    });
  }
};

template <class V>
struct Q3K {
  static constexpr DType kType = DType::kQ3_K;
  static constexpr int kElements = 256, kBytes = 110, kOdd = 108, kOddBytes = 2;
  static constexpr int kSub = 16, kZero = 4;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const auto d = odd_halves<V, Q3K>(p);
    const auto b = column<V, 24>(p), c = column<V, 25>(p), last = column<V, 26>(p);
    const auto low = every_byte<V>(0x0F), high = every_byte<V>(0x30), two = every_byte<V>(0x03);
    const typename V::Bytes scales[4] = {
        (b & low) | (shift_left<4>(last) & high), (c & low) | (shift_left<2>(last) & high),
        (shift_right<4>(b) & low) | (last & high), (shift_right<4>(c) & low) | (shift_right<2>(last) & high)};
    const auto middle = V::Lanes::broadcast(32);
    unrolled<16>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int s = decltype(i)::value;
      out.scale(Index<s>(), d * (unsigned_byte<s % 4>(scales[s / 4]) - middle));
    });
    const auto third = every_byte<V>(0x04);
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int n = decltype(i)::value / 2, part = decltype(i)::value % 2;
      unrolled<16>([&](auto k) HERMES_LAMBDA_INLINE {
        constexpr int k4 = part * 4 + decltype(k)::value % 4, at = decltype(k)::value / 4;
        const auto bit = move_bit<V, 4 * n + at, 2>(column<V, k4>(p)) & third;
        out.q(Index<4 * n + at>(), Index<k4>(), (shift_right<2 * at>(column<V, 8 + 8 * n + k4>(p)) & two) | bit);
      });
    });
  }
};

// Four columns from `First` on: low nibbles for elements 0 to 15, high ones for 16 to 31.
template <class V, int First, class Use>
HERMES_INLINE void for_nibbles(const std::byte* p, const Use& use) {
  const auto low = every_byte<V>(0x0F);
  unrolled<4>([&](auto j) HERMES_LAMBDA_INLINE {
    constexpr int c = decltype(j)::value;
    const auto q = column<V, First + c>(p);
    use(Index<c>(), q & low);
    use(Index<c + 4>(), shift_right<4>(q) & low);
  });
}

template <class V>
struct Q40 {
  static constexpr DType kType = DType::kQ4_0;
  static constexpr int kElements = 32, kBytes = 18, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 32, kZero = 8;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    out.scale(Index<0>(), odd_halves<V, Q40>(p));
    for_nibbles<V, 0>(p, [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<0>(), k4, q); });
  }
};

template <class V>
struct Q41 {
  static constexpr DType kType = DType::kQ4_1;
  static constexpr int kElements = 32, kBytes = 20, kOdd = 0, kOddBytes = 0;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const auto head = column<V, 0>(p);
    out.scale(Index<0>(), half<0>(head));
    out.offset(Index<0>(), half<1>(head));
    for_nibbles<V, 1>(p, [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<0>(), k4, q); });
  }
};

// The fifth bits of elements 4 K4 to 4 K4 + 3, in their place, from 32 bits of a row and those bits shifted right by four.
template <class V, int K4>
HERMES_INLINE typename V::Bytes fifth_bits(typename V::Bytes bits, typename V::Bytes shifted) {
  alignas(16) static constexpr uint8_t kAnyToFifth[16] = {0,  16, 16, 16, 16, 16, 16, 16,
                                                          16, 16, 16, 16, 16, 16, 16, 16};
  const auto four = replicate_byte<K4 / 2>(K4 % 2 == 0 ? bits : shifted) & V::Bytes::broadcast(0x08040201);
  return lookup(V::Bytes::broadcast16(kAnyToFifth), four);
}

template <class V>
struct Q50 {
  static constexpr DType kType = DType::kQ5_0;
  static constexpr int kElements = 32, kBytes = 22, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 32, kZero = 16;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    out.scale(Index<0>(), odd_halves<V, Q50>(p));
    const auto bits = column<V, 0>(p), shifted = shift_right<4>(bits);
    for_nibbles<V, 1>(p, [&](auto k4, auto q) HERMES_LAMBDA_INLINE {
      out.q(Index<0>(), k4, q | fifth_bits<V, decltype(k4)::value>(bits, shifted));
    });
  }
};

template <class V>
struct Q51 {
  static constexpr DType kType = DType::kQ5_1;
  static constexpr int kElements = 32, kBytes = 24, kOdd = 0, kOddBytes = 0;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const auto head = column<V, 0>(p), bits = column<V, 1>(p);
    out.scale(Index<0>(), half<0>(head));
    out.offset(Index<0>(), half<1>(head));
    const auto shifted = shift_right<4>(bits);
    for_nibbles<V, 2>(p, [&](auto k4, auto q) HERMES_LAMBDA_INLINE {
      out.q(Index<0>(), k4, q | fifth_bits<V, decltype(k4)::value>(bits, shifted));
    });
  }
};

template <class V>
struct Q80 {
  static constexpr DType kType = DType::kQ8_0;
  static constexpr int kElements = 32, kBytes = 34, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = false, kSigned = true;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    out.scale(Index<0>(), odd_halves<V, Q80>(p));
    unrolled<8>([&](auto j) HERMES_LAMBDA_INLINE { out.q(Index<0>(), j, stored_signed(column<V, j.value>(p))); });
  }
};

inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
inline constexpr int8_t kFp4Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

template <class V>
struct Iq4Nl {
  static constexpr DType kType = DType::kIQ4_NL;
  static constexpr int kElements = 32, kBytes = 18, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = false, kSigned = true;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    out.scale(Index<0>(), odd_halves<V, Iq4Nl>(p));
    const auto values = stored_signed(V::Bytes::broadcast16(kIq4Values));
    for_nibbles<V, 0>(p, [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<0>(), k4, lookup(values, q)); });
  }
};

template <class V>
struct Iq4Xs {
  static constexpr DType kType = DType::kIQ4_XS;
  static constexpr int kElements = 256, kBytes = 136, kOdd = 0, kOddBytes = 0;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = false, kSigned = true;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const auto head = column<V, 0>(p), low = column<V, 1>(p);
    const auto d = half<0>(head), middle = V::Lanes::broadcast(32);
    const auto values = stored_signed(V::Bytes::broadcast16(kIq4Values));
    const auto four = V::Bytes::broadcast(0x0F), two = V::Bytes::broadcast(0x03);
    unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int b = decltype(i)::value;
      const auto six = (shift_right<4 * b>(low) & four) | shift_left<4>(shift_right<16 + 2 * b>(head) & two);
      out.scale(Index<b>(), d * (to_float(six) - middle));
      for_nibbles<V, 2 + 4 * b>(
          p, [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<b>(), k4, lookup(values, q)); });
    });
  }
};

template <class V>
struct Mxfp4 {
  static constexpr DType kType = DType::kMXFP4;
  static constexpr int kElements = 32, kBytes = 17, kOdd = 0, kOddBytes = 1;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = false, kSigned = true;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    float scales[kQuantRows];
    for (int r = 0; r < kQuantRows; ++r) {
      const auto e = static_cast<uint32_t>(odd_bytes<Mxfp4>(p)[r]);
      const uint32_t bits = e < 2 ? 0x00200000U << e : (e - 1) << 23;  // half of 2^(e - 127): the values are doubled
      __builtin_memcpy(scales + r, &bits, sizeof bits);
    }
    out.scale(Index<0>(), V::Lanes::load(scales));
    const auto values = stored_signed(V::Bytes::broadcast16(kFp4Values));
    for_nibbles<V, 0>(p, [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<0>(), k4, lookup(values, q)); });
  }
};

}  // namespace hermes::kernels
