// From blocks of sixteen rows to bytes of four elements of each row side by side, and scales, for every type. Layouts:
// docs/formats/quantised_types.md. `V` names an instruction set's Lanes, Bytes and Ints. What is unpacked goes to a sink
// (quant_kernels.h), with constants for its place, so that it can stay in registers:
//   q(Index<block of 32>(), Index<k4>(), Bytes)    elements 4 k4 to 4 k4 + 3 of the block
//   scale(Index<sub-block>(), Lanes), offset(...)  an element is scale * q, less the type's zero, plus offset
//
// A row's blocks are read sixteen bytes at a time: four rows to a register, four registers transposed, and each lane
// holds four bytes of its row. What follows is the same arithmetic in every lane.
#pragma once

#include "kernels/cpu/quant_table.h"

namespace hermes::kernels {

// Bytes 4 j to 4 j + 3 of sixteen rows in at(j).
template <class V>
struct Columns {
  typename V::Bytes a, b, c, d;

  static HERMES_INLINE Columns load(const std::byte* p, int64_t row_bytes) {
    using Bytes = typename V::Bytes;
    Columns x{Bytes::load4(p, 4 * row_bytes), Bytes::load4(p + row_bytes, 4 * row_bytes),
              Bytes::load4(p + 2 * row_bytes, 4 * row_bytes), Bytes::load4(p + 3 * row_bytes, 4 * row_bytes)};
    transpose4(x.a, x.b, x.c, x.d);
    return x;
  }
  template <int J>
  HERMES_INLINE typename V::Bytes at() const {
    if constexpr (J == 0) return a;
    if constexpr (J == 1) return b;
    if constexpr (J == 2) return c;
    if constexpr (J == 3) return d;
  }
};

template <class V>
HERMES_INLINE typename V::Bytes every_byte(uint8_t x) {
  return V::Bytes::broadcast(x * 0x01010101U);
}

// The 6-bit scales and offsets of Q4_K and Q5_K: a header of d, dmin (F16) and twelve bytes.
// kHigh: the elements of odd blocks come sixteen times as large, and so their scales are divided: exact both ways.
template <class V, bool kHigh, class Sink>
HERMES_INLINE void unpack_k_header(const std::byte* p, int64_t row_bytes, Sink& out) {
  using Bytes = typename V::Bytes;
  const Columns<V> head = Columns<V>::load(p, row_bytes);
  const auto d = half<0>(head.a), minus_dmin = V::Lanes::zero() - half<1>(head.a);
  const auto d_odd = kHigh ? d * V::Lanes::broadcast(0.0625F) : d;
  const Bytes six = every_byte<V>(0x3F), four = every_byte<V>(0x0F), two = every_byte<V>(0x30);
  const Bytes scales[2] = {head.b & six, (head.d & four) | (shift_right<2>(head.b) & two)};
  const Bytes offsets[2] = {head.c & six, (shift_right<4>(head.d) & four) | (shift_right<2>(head.c) & two)};
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int b = decltype(i)::value;
    out.scale(Index<b>(), (b % 2 == 0 ? d : d_odd) * unsigned_byte<b % 4>(scales[b / 4]));
    out.offset(Index<b>(), minus_dmin * unsigned_byte<b % 4>(offsets[b / 4]));
  });
}

template <class V>
struct Q4K {
  static constexpr DType kType = DType::kQ4_K;
  static constexpr int kElements = 256, kBytes = 144;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    unpack_k_header<V, V::kHighNibbles>(p, row_bytes, out);
    const auto low = every_byte<V>(0x0F), high = every_byte<V>(0xF0);
    unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int n = decltype(i)::value;  // sixteen bytes: half of blocks 2 (n / 2) and 2 (n / 2) + 1
      const Columns<V> q = Columns<V>::load(p + 16 + 16 * n, row_bytes);
      unrolled<4>([&](auto j) HERMES_LAMBDA_INLINE {
        constexpr int k4 = n % 2 * 4 + decltype(j)::value;
        const auto x = q.template at<decltype(j)::value>();
        out.q(Index<n / 2 * 2>(), Index<k4>(), x & low);
        out.q(Index<n / 2 * 2 + 1>(), Index<k4>(), V::kHighNibbles ? x & high : shift_right<4>(x) & low);
      });
    });
  }
};

template <class V>
struct Q5K {
  static constexpr DType kType = DType::kQ5_K;
  static constexpr int kElements = 256, kBytes = 176;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    unpack_k_header<V, false>(p, row_bytes, out);
    const auto low = every_byte<V>(0x0F), fifth = every_byte<V>(0x10);
    unrolled<2>([&](auto h) HERMES_LAMBDA_INLINE {
      constexpr int part = decltype(h)::value;  // half of every block
      const Columns<V> high = Columns<V>::load(p + 16 + 16 * part, row_bytes);
      unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
        constexpr int pair = decltype(i)::value;
        const Columns<V> q = Columns<V>::load(p + 48 + 32 * pair + 16 * part, row_bytes);
        unrolled<4>([&](auto j) HERMES_LAMBDA_INLINE {
          constexpr int k4 = part * 4 + decltype(j)::value;
          const auto x = q.template at<decltype(j)::value>(), bits = high.template at<decltype(j)::value>();
          out.q(Index<2 * pair>(), Index<k4>(), (x & low) | (move_bit<2 * pair, 4>(bits) & fifth));
          out.q(Index<2 * pair + 1>(), Index<k4>(),
                (shift_right<4>(x) & low) | (move_bit<2 * pair + 1, 4>(bits) & fifth));
        });
      });
    });
  }
  // Bit `From` of each byte at `To`; its neighbours come along.
  template <int From, int To>
  static HERMES_INLINE typename V::Bytes move_bit(typename V::Bytes x) {
    if constexpr (From > To) return shift_right<From - To>(x);
    if constexpr (From < To) return shift_left<To - From>(x);
    if constexpr (From == To) return x;
  }
};

template <class V>
struct Q6K {
  static constexpr DType kType = DType::kQ6_K;
  static constexpr int kElements = 256, kBytes = 210;
  static constexpr int kSub = 16, kZero = 32;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    const auto d = half<1>(Columns<V>::load(p + 194, row_bytes).d);
    const Columns<V> scales = Columns<V>::load(p + 192, row_bytes);
    unrolled<16>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int s = decltype(i)::value;
      out.scale(Index<s>(), d * signed_byte<s % 4>(scales.template at<s / 4>()));
    });
    const auto low = every_byte<V>(0x0F), two = every_byte<V>(0x30);
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int n = decltype(i)::value / 2, part = decltype(i)::value % 2;  // half of the elements, of every block
      const Columns<V> first = Columns<V>::load(p + 64 * n + 16 * part, row_bytes);
      const Columns<V> second = Columns<V>::load(p + 64 * n + 32 + 16 * part, row_bytes);
      const Columns<V> high = Columns<V>::load(p + 128 + 32 * n + 16 * part, row_bytes);
      unrolled<4>([&](auto j) HERMES_LAMBDA_INLINE {
        constexpr int c = decltype(j)::value, k4 = part * 4 + c;
        const auto x = first.template at<c>(), y = second.template at<c>(), h = high.template at<c>();
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
  static constexpr int kElements = 256, kBytes = 84;
  static constexpr int kSub = 16, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    const auto heads = Columns<V>::load(p + 68, row_bytes).d;
    const auto d = half<0>(heads), minus_dmin = V::Lanes::zero() - half<1>(heads);
    const Columns<V> packed = Columns<V>::load(p, row_bytes);
    const auto low = every_byte<V>(0x0F);
    unrolled<16>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int s = decltype(i)::value;
      const auto x = packed.template at<s / 4>();
      out.scale(Index<s>(), d * unsigned_byte<s % 4>(x & low));
      out.offset(Index<s>(), minus_dmin * unsigned_byte<s % 4>(shift_right<4>(x) & low));
    });
    const auto two = every_byte<V>(0x03);
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int n = decltype(i)::value / 2, part = decltype(i)::value % 2;
      const Columns<V> q = Columns<V>::load(p + 16 + 32 * n + 16 * part, row_bytes);
      unrolled<16>([&](auto k) HERMES_LAMBDA_INLINE {
        constexpr int c = decltype(k)::value % 4, b = decltype(k)::value / 4;
        out.q(Index<4 * n + b>(), Index<part * 4 + c>(), shift_right<2 * b>(q.template at<c>()) & two);
      });
    });
  }
};

template <class V>
struct Q3K {
  static constexpr DType kType = DType::kQ3_K;
  static constexpr int kElements = 256, kBytes = 110;
  static constexpr int kSub = 16, kZero = 4;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    const auto d = half<1>(Columns<V>::load(p + 94, row_bytes).d);
    const Columns<V> packed = Columns<V>::load(p + 92, row_bytes);
    const auto low = every_byte<V>(0x0F), high = every_byte<V>(0x30), two = every_byte<V>(0x03);
    const typename V::Bytes scales[4] = {(packed.b & low) | (shift_left<4>(packed.d) & high),
                                         (packed.c & low) | (shift_left<2>(packed.d) & high),
                                         (shift_right<4>(packed.b) & low) | (packed.d & high),
                                         (shift_right<4>(packed.c) & low) | (shift_right<2>(packed.d) & high)};
    const auto middle = V::Lanes::broadcast(32);
    unrolled<16>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int s = decltype(i)::value;
      out.scale(Index<s>(), d * (unsigned_byte<s % 4>(scales[s / 4]) - middle));
    });
    const auto third = every_byte<V>(0x04);
    unrolled<2>([&](auto h) HERMES_LAMBDA_INLINE {
      constexpr int part = decltype(h)::value;
      const Columns<V> mask = Columns<V>::load(p + 16 * part, row_bytes);
      unrolled<2>([&](auto i) HERMES_LAMBDA_INLINE {
        constexpr int n = decltype(i)::value;
        const Columns<V> q = Columns<V>::load(p + 32 + 32 * n + 16 * part, row_bytes);
        unrolled<16>([&](auto k) HERMES_LAMBDA_INLINE {
          constexpr int c = decltype(k)::value % 4, b = decltype(k)::value / 4;
          const auto bit = Q5K<V>::template move_bit<4 * n + b, 2>(mask.template at<c>()) & third;
          out.q(Index<4 * n + b>(), Index<part * 4 + c>(), (shift_right<2 * b>(q.template at<c>()) & two) | bit);
        });
      });
    });
  }
};

// Sixteen bytes of low nibbles for elements 0 to 15, of high ones for 16 to 31.
template <class V, class Use>
HERMES_INLINE void for_nibbles(const std::byte* p, int64_t row_bytes, const Use& use) {
  const Columns<V> q = Columns<V>::load(p, row_bytes);
  const auto low = every_byte<V>(0x0F);
  unrolled<4>([&](auto j) HERMES_LAMBDA_INLINE {
    constexpr int c = decltype(j)::value;
    use(Index<c>(), q.template at<c>() & low);
    use(Index<c + 4>(), shift_right<4>(q.template at<c>()) & low);
  });
}

template <class V>
struct Q40 {
  static constexpr DType kType = DType::kQ4_0;
  static constexpr int kElements = 32, kBytes = 18;
  static constexpr int kSub = 32, kZero = 8;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    out.scale(Index<0>(), half<0>(Columns<V>::load(p, row_bytes).a));
    for_nibbles<V>(p + 2, row_bytes, [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<0>(), k4, q); });
  }
};

template <class V>
struct Q41 {
  static constexpr DType kType = DType::kQ4_1;
  static constexpr int kElements = 32, kBytes = 20;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    const auto head = Columns<V>::load(p, row_bytes).a;
    out.scale(Index<0>(), half<0>(head));
    out.offset(Index<0>(), half<1>(head));
    for_nibbles<V>(p + 4, row_bytes, [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<0>(), k4, q); });
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
  static constexpr int kElements = 32, kBytes = 22;
  static constexpr int kSub = 32, kZero = 16;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    const Columns<V> head = Columns<V>::load(p, row_bytes);
    out.scale(Index<0>(), half<0>(head.a));
    const auto bits = shift_right<16>(head.a) | shift_left<16>(head.b), shifted = shift_right<4>(bits);
    for_nibbles<V>(p + 6, row_bytes, [&](auto k4, auto q) HERMES_LAMBDA_INLINE {
      out.q(Index<0>(), k4, q | fifth_bits<V, decltype(k4)::value>(bits, shifted));
    });
  }
};

template <class V>
struct Q51 {
  static constexpr DType kType = DType::kQ5_1;
  static constexpr int kElements = 32, kBytes = 24;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = true, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    const Columns<V> head = Columns<V>::load(p, row_bytes);
    out.scale(Index<0>(), half<0>(head.a));
    out.offset(Index<0>(), half<1>(head.a));
    const auto shifted = shift_right<4>(head.b);
    for_nibbles<V>(p + 8, row_bytes, [&](auto k4, auto q) HERMES_LAMBDA_INLINE {
      out.q(Index<0>(), k4, q | fifth_bits<V, decltype(k4)::value>(head.b, shifted));
    });
  }
};

template <class V>
struct Q80 {
  static constexpr DType kType = DType::kQ8_0;
  static constexpr int kElements = 32, kBytes = 34;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = false, kSigned = true;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    out.scale(Index<0>(), half<0>(Columns<V>::load(p, row_bytes).a));
    unrolled<2>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int part = decltype(i)::value;
      const Columns<V> q = Columns<V>::load(p + 2 + 16 * part, row_bytes);
      unrolled<4>([&](auto j) HERMES_LAMBDA_INLINE {
        out.q(Index<0>(), Index<part * 4 + decltype(j)::value>(), stored_signed(q.template at<decltype(j)::value>()));
      });
    });
  }
};

inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
inline constexpr int8_t kFp4Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

template <class V>
struct Iq4Nl {
  static constexpr DType kType = DType::kIQ4_NL;
  static constexpr int kElements = 32, kBytes = 18;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = false, kSigned = true;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    out.scale(Index<0>(), half<0>(Columns<V>::load(p, row_bytes).a));
    const auto values = stored_signed(V::Bytes::broadcast16(kIq4Values));
    for_nibbles<V>(p + 2, row_bytes,
                   [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<0>(), k4, lookup(values, q)); });
  }
};

template <class V>
struct Iq4Xs {
  static constexpr DType kType = DType::kIQ4_XS;
  static constexpr int kElements = 256, kBytes = 136;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = false, kSigned = true;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    const Columns<V> head = Columns<V>::load(p, row_bytes);
    const auto d = half<0>(head.a), middle = V::Lanes::broadcast(32);
    const auto values = stored_signed(V::Bytes::broadcast16(kIq4Values));
    const auto four = V::Bytes::broadcast(0x0F), two = V::Bytes::broadcast(0x03);
    unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int b = decltype(i)::value;
      const auto six = (shift_right<4 * b>(head.b) & four) | shift_left<4>(shift_right<16 + 2 * b>(head.a) & two);
      out.scale(Index<b>(), d * (to_float(six) - middle));
      for_nibbles<V>(p + 8 + 16 * b, row_bytes,
                     [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<b>(), k4, lookup(values, q)); });
    });
  }
};

template <class V>
struct Mxfp4 {
  static constexpr DType kType = DType::kMXFP4;
  static constexpr int kElements = 32, kBytes = 17;
  static constexpr int kSub = 32, kZero = 0;
  static constexpr bool kOffset = false, kSigned = true;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, int64_t row_bytes, Sink& out) {
    float scales[kQuantRows];
    for (int r = 0; r < kQuantRows; ++r) {
      const auto e = static_cast<uint32_t>(p[r * row_bytes]);
      const uint32_t bits = e < 2 ? 0x00200000U << e : (e - 1) << 23;  // half of 2^(e - 127): the values are doubled
      __builtin_memcpy(scales + r, &bits, sizeof bits);
    }
    out.scale(Index<0>(), V::Lanes::load(scales));
    const auto values = stored_signed(V::Bytes::broadcast16(kFp4Values));
    for_nibbles<V>(p + 1, row_bytes,
                   [&](auto k4, auto q) HERMES_LAMBDA_INLINE { out.q(Index<0>(), k4, lookup(values, q)); });
  }
};

}  // namespace hermes::kernels
