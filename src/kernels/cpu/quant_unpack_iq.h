// The IQ1, IQ2 and IQ3 types for quant_unpack.h, whose conventions hold here too. Elements are points of codebooks, and
// every lane looks up its row's: one number of 32 bits (iq_codes.h) for eight elements of IQ1 and IQ2, four of IQ3.
//
// All elements become whole numbers without sign, less the type's zero. Those of IQ1, which are -1, 0 or 1 and an eighth up
// or down, are eight times as large. Scales are d (2 s + 1), with d by as much smaller as elements and s ask.
#pragma once

#include "kernels/cpu/iq_codes.h"
#include "kernels/cpu/quant_unpack.h"

namespace hermes::kernels {

// d (2 s + 1) from whole numbers s: exact, since s has at most four bits and d eleven.
template <class V>
struct OddScales {
  typename V::Lanes d, twice;

  HERMES_INLINE OddScales(typename V::Lanes of_format, float share)
      : d(of_format * V::Lanes::broadcast(share)), twice(of_format * V::Lanes::broadcast(2 * share)) {}
  HERMES_INLINE typename V::Lanes at(typename V::Bytes s) const { return fma(to_float(s), twice, d); }
};
// Scales of four bits: the sub-block's number is that of the half byte.
template <class V, int N, class Sink>
HERMES_INLINE void unpack_odd_scales(const OddScales<V>& scales, typename V::Bytes eight, Sink& out) {
  const auto four = V::Bytes::broadcast(0x0F);
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int s = decltype(i)::value;
    out.scale(Index<8 * N + s>(), scales.at(shift_right<4 * s>(eight) & four));
  });
}

// The index of a point: byte P of `low`; above these eight bits, what stands in `high` from bit `At` on, as `mask` says.
template <class V, int P>
HERMES_INLINE typename V::Bytes point_index(typename V::Bytes low) {
  if constexpr (P == 3) return shift_right<24>(low);
  if constexpr (P < 3) return move_bit<V, 8 * P, 0>(low) & V::Bytes::broadcast(0xFF);
}
template <class V, int P, int At>
HERMES_INLINE typename V::Bytes point_index(typename V::Bytes low, typename V::Bytes high, uint32_t mask) {
  return point_index<V, P>(low) | (move_bit<V, At, 8>(high) & V::Bytes::broadcast(mask));
}

// Seven bits of signs in each byte and one that makes their number even.
template <class V>
HERMES_INLINE typename V::Bytes signs_with_parity(typename V::Bytes seven) {
  alignas(16) static constexpr uint8_t kOddToEighth[16] = {0,   128, 128, 0,   128, 0,   0,   128,
                                                           128, 0,   0,   128, 0,   128, 128, 0};
  const auto folded = (seven ^ shift_right<4>(seven)) & every_byte<V>(0x0F);
  return seven | lookup(V::Bytes::broadcast16(kOddToEighth), folded);
}
// Four times seven bits.
template <class V>
HERMES_INLINE typename V::Bytes signs_of_four(typename V::Bytes x) {
  using Bytes = typename V::Bytes;
  const Bytes halves = (x & Bytes::broadcast(0x00003FFF)) | (shift_left<2>(x) & Bytes::broadcast(0x3FFF0000));
  return signs_with_parity<V>((halves & Bytes::broadcast(0x007F007F)) |
                              (shift_left<1>(halves) & Bytes::broadcast(0x7F007F00)));
}

// Eight elements of IQ1 are 8 (point + 1) + 2 where the shift is up, less 9. `up` has that 2 in every byte of a row.
template <class V, int Block, int P, class Sink>
HERMES_INLINE void unpack_iq1_point(typename V::Bytes index, typename V::Bytes up, Sink& out) {
  const auto x = gather(kIq1Codes.of, index), field = every_byte<V>(0x18);
  out.q(Index<Block>(), Index<2 * P>(), (x & field) | up);
  out.q(Index<Block>(), Index<2 * P + 1>(), (shift_right<3>(x) & field) | up);
}
// From a bit that says "down", in bit 1 of byte I.
template <class V, int I>
HERMES_INLINE typename V::Bytes shifts_up(typename V::Bytes x) {
  const auto two = every_byte<V>(0x02);
  return (replicate_byte<I>(x) & two) ^ two;
}

template <class V>
struct Iq1S {
  static constexpr DType kType = DType::kIQ1_S;
  static constexpr int kElements = 256, kBytes = 50, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 32, kZero = 9;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const OddScales<V> scales(odd_halves<V, Iq1S>(p), 0.125F);
    unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int b = decltype(i)::value, from = 16 * (b % 2);
      const auto low = column<V, b>(p), high = column<V, 8 + b / 2>(p);
      const auto up = shifts_up<V, 2 * (b % 2) + 1>(shift_right<6>(high));
      out.scale(Index<b>(), scales.at(shift_right<from + 12>(high) & V::Bytes::broadcast(0x07)));
      unrolled<4>([&](auto n) HERMES_LAMBDA_INLINE {
        unpack_iq1_point<V, b, n.value>(point_index<V, n.value, from + 3 * n.value>(low, high, 0x700), up, out);
      });
    });
  }
};

template <class V>
struct Iq1M {
  static constexpr DType kType = DType::kIQ1_M;
  static constexpr int kElements = 256, kBytes = 56, kOdd = 0, kOddBytes = 0;
  static constexpr int kSub = 16, kZero = 9;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    using Bytes = typename V::Bytes;
    const Bytes first = column<V, 12>(p), last = column<V, 13>(p);
    const Bytes d =
        (shift_right<12>(first) & Bytes::broadcast(0x000F)) | (shift_right<24>(first) & Bytes::broadcast(0x00F0)) |
        (shift_right<4>(last) & Bytes::broadcast(0x0F00)) | (shift_right<16>(last) & Bytes::broadcast(0xF000));
    const OddScales<V> scales(half<0>(d), 0.125F);
    unrolled<16>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int s = decltype(i)::value, from = 16 * (s / 4 % 2) + 3 * (s % 4);
      out.scale(Index<s>(), scales.at(shift_right<from>(s < 8 ? first : last) & Bytes::broadcast(0x07)));
    });
    unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int pair = decltype(i)::value;  // of blocks: eight points
      const Bytes high = column<V, 8 + pair>(p), even = shift_right<2>(high), odd = shift_right<6>(high);
      unrolled<8>([&](auto j) HERMES_LAMBDA_INLINE {
        constexpr int n = decltype(j)::value, b = 2 * pair + n / 4;
        const Bytes index = point_index<V, n % 4, 4 * n>(column<V, b>(p), high, 0x700);
        unpack_iq1_point<V, b, n % 4>(index, shifts_up<V, n / 2>(n % 2 == 0 ? even : odd), out);
      });
    });
  }
};

// Eight elements, with the signs in byte I.
template <class V, int Block, int P, int I, int N, class Sink>
HERMES_INLINE void unpack_iq2_point(const IqCodes<N>& codes, typename V::Bytes index, typename V::Bytes signs,
                                    Sink& out) {
  const auto values = V::Bytes::broadcast16(kIq2Values), low = every_byte<V>(0x0F);
  const auto x = gather(codes.of, index) ^ (replicate_byte<I>(signs) & V::Bytes::broadcast(0x88442211));
  out.q(Index<Block>(), Index<2 * P>(), lookup(values, x & low));
  out.q(Index<Block>(), Index<2 * P + 1>(), lookup(values, shift_right<4>(x) & low));
}

template <class V>
struct Iq2Xxs {
  static constexpr DType kType = DType::kIQ2_XXS;
  static constexpr int kElements = 256, kBytes = 66, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 32, kZero = kIqZero;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const OddScales<V> scales(odd_halves<V, Iq2Xxs>(p), 0.125F);
    unrolled<8>([&](auto b) HERMES_LAMBDA_INLINE {
      const auto index = column<V, 2 * b.value>(p), rest = column<V, 2 * b.value + 1>(p);
      out.scale(b, scales.at(shift_right<28>(rest)));
      const auto signs = signs_of_four<V>(rest);
      unrolled<4>([&](auto n) HERMES_LAMBDA_INLINE {
        unpack_iq2_point<V, b.value, n.value, n.value>(kIq2XxsCodes, point_index<V, n.value>(index), signs, out);
      });
    });
  }
};

template <class V>
struct Iq2Xs {
  static constexpr DType kType = DType::kIQ2_XS;
  static constexpr int kElements = 256, kBytes = 74, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 16, kZero = kIqZero;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    using Bytes = typename V::Bytes;
    const OddScales<V> scales(odd_halves<V, Iq2Xs>(p), 0.125F);
    unpack_odd_scales<V, 0>(scales, column<V, 16>(p), out);
    unpack_odd_scales<V, 1>(scales, column<V, 17>(p), out);
    unrolled<8>([&](auto b) HERMES_LAMBDA_INLINE {
      const Bytes first = column<V, 2 * b.value>(p), second = column<V, 2 * b.value + 1>(p);  // two points each
      // The upper seven bits of points 0, 2, 1 and 3, in this order.
      const Bytes upper =
          (shift_right<8>(first) & Bytes::broadcast(0x00FF00FF)) | (second & Bytes::broadcast(0xFF00FF00));
      const Bytes signs = signs_with_parity<V>(shift_right<1>(upper) & every_byte<V>(0x7F));
      unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
        constexpr int n = decltype(i)::value;
        const Bytes index = shift_right<16 * (n % 2)>(n < 2 ? first : second) & Bytes::broadcast(0x1FF);
        unpack_iq2_point<V, b.value, n, n % 2 * 2 + n / 2>(kIq2XsCodes, index, signs, out);
      });
    });
  }
};

template <class V>
struct Iq2S {
  static constexpr DType kType = DType::kIQ2_S;
  static constexpr int kElements = 256, kBytes = 82, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 16, kZero = kIqZero;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const OddScales<V> scales(odd_halves<V, Iq2S>(p), 0.125F);
    unpack_odd_scales<V, 0>(scales, column<V, 18>(p), out);
    unpack_odd_scales<V, 1>(scales, column<V, 19>(p), out);
    unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int b = decltype(i)::value;
      const auto low = column<V, b>(p), signs = column<V, 8 + b>(p), high = column<V, 16 + b / 4>(p);
      unrolled<4>([&](auto n) HERMES_LAMBDA_INLINE {
        const auto index = point_index<V, n.value, 8 * (b % 4) + 2 * n.value>(low, high, 0x300);
        unpack_iq2_point<V, b, n.value, n.value>(kIq2SCodes, index, signs, out);
      });
    });
  }
};

// Eight elements, with the signs in byte I.
template <class V, int Block, int I, int N, class Sink>
HERMES_INLINE void unpack_iq3_points(const IqCodes<N>& codes, typename V::Bytes first, typename V::Bytes second,
                                     typename V::Bytes signs, Sink& out) {
  const auto eight = replicate_byte<I>(signs);
  out.q(Index<Block>(), Index<2 * I>(), negate_biased(gather(codes.of, first), eight, V::Bytes::broadcast(0x08040201)));
  out.q(Index<Block>(), Index<2 * I + 1>(),
        negate_biased(gather(codes.of, second), eight, V::Bytes::broadcast(0x80402010)));
}

template <class V>
struct Iq3Xxs {
  static constexpr DType kType = DType::kIQ3_XXS;
  static constexpr int kElements = 256, kBytes = 98, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 32, kZero = kIqZero;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const OddScales<V> scales(odd_halves<V, Iq3Xxs>(p), 0.25F);
    unrolled<8>([&](auto b) HERMES_LAMBDA_INLINE {
      const auto rest = column<V, 16 + b.value>(p), signs = signs_of_four<V>(rest);
      out.scale(b, scales.at(shift_right<28>(rest)));
      unrolled<4>([&](auto i) HERMES_LAMBDA_INLINE {
        constexpr int n = decltype(i)::value, at = n % 2 * 2;
        const auto four = column<V, 2 * decltype(b)::value + n / 2>(p);
        unpack_iq3_points<V, b.value, n>(kIq3XxsCodes, point_index<V, at>(four), point_index<V, at + 1>(four), signs,
                                         out);
      });
    });
  }
};

template <class V>
struct Iq3S {
  static constexpr DType kType = DType::kIQ3_S;
  static constexpr int kElements = 256, kBytes = 110, kOdd = 0, kOddBytes = 2;
  static constexpr int kSub = 32, kZero = kIqZero;
  static constexpr bool kOffset = false, kSigned = false;
  template <class Sink>
  static HERMES_INLINE void unpack(const std::byte* p, Sink& out) {
    const OddScales<V> scales(odd_halves<V, Iq3S>(p), 1);
    unpack_odd_scales<V, 0>(scales, column<V, 26>(p), out);
    unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int b = decltype(i)::value;
      const auto high = column<V, 16 + b / 4>(p), signs = column<V, 18 + b>(p);
      unrolled<4>([&](auto j) HERMES_LAMBDA_INLINE {
        constexpr int n = decltype(j)::value, at = n % 2 * 2, bit = 8 * (b % 4) + 2 * n;
        const auto four = column<V, 2 * b + n / 2>(p);
        unpack_iq3_points<V, b, n>(kIq3SCodes, point_index<V, at, bit>(four, high, 0x100),
                                   point_index<V, at + 1, bit + 1>(four, high, 0x100), signs, out);
      });
    });
  }
};

}  // namespace hermes::kernels
