// The products of unpacked weights with tiles (quant_table.h), and x to tiles. `V` names an instruction set's Lanes, Bytes
// and Ints, `Type` is one of quant_unpack.h.
//
// For each lane (a row of the weights) and token, block after block of 32 elements, in this order and with these roundings,
// on every instruction set and for any number of tokens:
//   sub 32:  t = float(dot) * scale;                              y = fma(t, a, y)
//   sub 16:  t = fma(float(dot1), scale1, float(dot0) * scale0);  y = fma(t, a, y)
//   offset:  then y = fma(offset, a * float(sum of q), y), for each sub-block
// where dot is a whole number, exact in F32: at most 32 * 255 * 127 < 2^24.
#pragma once

#include "kernels/cpu/quant_interleave.h"
#include "kernels/cpu/quant_unpack.h"

namespace hermes::kernels {

template <class V, class Type>
inline constexpr int kStoredZero = Type::kSigned ? V::Ints::kSignedZero : Type::kZero;

// Where dots may begin: the bits of 1.5 * 2^23, a float whose last place is one, so that what is added to the bits is added
// to the float. The dot needs no conversion then: fma(as_float(dot), scale, -1.5 * 2^23 * scale) is float(dot) * scale to the
// bit, for that last product is exact: the scales of all types but one have at most 22 bits and are far from the ends of
// F32. (MXFP4's may be 2^127.) What is not finite stays so, but infinity may become NaN.
inline constexpr int32_t kDotBias = 0x4B400000;
inline constexpr float kMinusDotBias = -12582912.0F;

// All that the products depend on: types that share it share their code.
template <int Sub, bool Sums, bool Offset, bool Signed, bool Biased>
struct DotShape {
  static constexpr int kSub = Sub, kSubs = kQuantBlock / Sub;
  static constexpr bool kSums = Sums;      // dots begin at what finish() made of the sums of q
  static constexpr bool kOffset = Offset;  // sums are scaled floats
  static constexpr bool kSigned = Signed;
  // The first dot of a block: another's product is rounded together with the first one's.
  static constexpr bool is_biased(int sub) { return Biased && sub == 0; }
};
template <class V, class Type>
using DotShapeOf = DotShape<Type::kSub, kStoredZero<V, Type> != 0, Type::kOffset, Type::kSigned,
                            V::kBiasedDots && Type::kType != DType::kMXFP4>;

template <class V, class Shape>
HERMES_INLINE typename V::Ints add_dot(typename V::Ints sum, typename V::Bytes w, const int8_t* a) {
  if constexpr (Shape::kSigned) return dot_signed(sum, w, a);
  if constexpr (!Shape::kSigned) return dot(sum, w, a);
}
template <class V, class Shape, int kSubBlock>
HERMES_INLINE typename V::Ints first_dot(const int32_t* sum) {
  if constexpr (Shape::kSums) return V::Ints::broadcast(*sum);
  if constexpr (Shape::is_biased(kSubBlock)) return V::Ints::broadcast(kDotBias);
  return V::Ints::zero();
}
template <class V>
HERMES_INLINE typename V::Lanes broadcast_bits(const int32_t* bits) {
  float x;
  __builtin_memcpy(&x, bits, sizeof x);
  return V::Lanes::broadcast(x);
}
// The scale of some rows and a sub-block, for all tokens.
template <class V, class Shape, int kSubBlock>
struct DotScale {
  using Lanes = typename V::Lanes;
  Lanes scale, bias;

  HERMES_INLINE explicit DotScale(Lanes x) : scale(x), bias(x) {
    if constexpr (Shape::is_biased(kSubBlock)) bias = x * Lanes::broadcast(kMinusDotBias);
  }
  // t with one more dot.
  HERMES_INLINE Lanes add(typename V::Ints dot, Lanes t) const {
    if constexpr (Shape::is_biased(kSubBlock)) return fma(as_float(dot), scale, bias);
    if constexpr (kSubBlock == 0) return to_float(dot) * scale;
    return fma(to_float(dot), scale, t);
  }
};

// R groups of rows by N tokens.
template <class V, class Shape, int R, int N>
struct QuantTileRun {
  using Lanes = typename V::Lanes;
  using Ints = typename V::Ints;

  // for_each(r, n): constants.
  template <class Body>
  static HERMES_INLINE void for_each(const Body& body) {
    unrolled<R * N>(
        [&](auto i) HERMES_LAMBDA_INLINE { body(Index<decltype(i)::value / N>(), Index<decltype(i)::value % N>()); });
  }

  static void run(const QuantRun& run, const QuantPanel& panel, int64_t panel_k, const QuantAhead& ahead) {
    const int n_rows = R == 1 ? run.n_rows : kQuantRows;
    const int64_t q_step = panel_k * kQuantRows, scale_step = panel_k / Shape::kSub * kQuantRows;
    Lanes y[R][N];
    for_each([&](auto r, auto n) HERMES_LAMBDA_INLINE {
      const float* p = run.y + r.value * kQuantRows + n.value * run.y_stride;
      y[r.value][n.value] = run.first ? Lanes::zero() : Lanes::load_first(p, n_rows);
    });
    const uint8_t* q = panel.q;
    const float *scale = panel.scale, *offset = panel.offset, *a_scale = run.scale;
    const int8_t* a = run.q;
    const int32_t* sums = run.sums;
    const auto* ask = ahead.begin != nullptr ? ahead.begin : reinterpret_cast<const std::byte*>(panel.q);
    for (int64_t b = 0; b < run.n_blocks; ++b) {
      __builtin_prefetch(ask, 0, 2);
      __builtin_prefetch(ask + ahead.bytes_per_block / 2, 0, 2);
      ask += ahead.bytes_per_block;
      Lanes t[R][N];
      unrolled<Shape::kSubs>([&](auto s) HERMES_LAMBDA_INLINE {
        constexpr int sub = decltype(s)::value;
        Ints dots[R][N];
        for_each([&](auto r, auto n) HERMES_LAMBDA_INLINE {
          dots[r.value][n.value] = first_dot<V, Shape, sub>(sums + n.value * Shape::kSubs + sub);
        });
        unrolled<Shape::kSub / 4>([&](auto k) HERMES_LAMBDA_INLINE {
          constexpr int k4 = sub * Shape::kSub / 4 + decltype(k)::value;
          typename V::Bytes w[R];
          unrolled<R>([&](auto r)
                          HERMES_LAMBDA_INLINE { w[r.value] = V::Bytes::load(q + r.value * q_step + k4 * 64); });
          unrolled<N>([&](auto n) HERMES_LAMBDA_INLINE {
            unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
              dots[r.value][n.value] =
                  add_dot<V, Shape>(dots[r.value][n.value], w[r.value], a + n.value * kQuantBlock + k4 * 4);
            });
          });
        });
        unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
          const DotScale<V, Shape, sub> w(Lanes::load(scale + r.value * scale_step + sub * kQuantRows));
          unrolled<N>([&](auto n) HERMES_LAMBDA_INLINE {
            t[r.value][n.value] = w.add(dots[r.value][n.value], t[r.value][n.value]);
          });
        });
      });
      for_each([&](auto r, auto n) HERMES_LAMBDA_INLINE {
        y[r.value][n.value] = fma(t[r.value][n.value], Lanes::broadcast(a_scale[n.value]), y[r.value][n.value]);
      });
      if constexpr (Shape::kOffset) {
        unrolled<Shape::kSubs>([&](auto s) HERMES_LAMBDA_INLINE {
          for_each([&](auto r, auto n) HERMES_LAMBDA_INLINE {
            const Lanes o = Lanes::load(offset + r.value * scale_step + s.value * kQuantRows);
            const Lanes sum = broadcast_bits<V>(sums + n.value * Shape::kSubs + s.value);
            y[r.value][n.value] = fma(o, sum, y[r.value][n.value]);
          });
        });
        offset += Shape::kSubs * kQuantRows;
      }
      q += kQuantBlock * kQuantRows;
      scale += Shape::kSubs * kQuantRows;
      a += N * kQuantBlock;
      a_scale += N;
      sums += N * Shape::kSubs;
    }
    for_each([&](auto r, auto n) HERMES_LAMBDA_INLINE {
      Lanes sum = y[r.value][n.value];
      if (run.bias != nullptr) sum = sum + Lanes::load_first(run.bias + r.value * kQuantRows, n_rows);
      sum.store_first(run.y + r.value * kQuantRows + n.value * run.y_stride, n_rows);
    });
  }
};

template <class V, class Shape, int R, int N>
void run_quant_tile(const QuantRun& run, const QuantPanel& panel, int64_t panel_k, const QuantAhead& ahead) {
  if (run.n_tokens == N) return QuantTileRun<V, Shape, R, N>::run(run, panel, panel_k, ahead);
  if constexpr (N > 1) run_quant_tile<V, Shape, R, N - 1>(run, panel, panel_k, ahead);
}
template <class V, class Shape>
inline constexpr int kTileTokens = Shape::kSub == 16 ? V::kTileTokens16 : V::kTileTokens32;
template <class V, class Shape>
void run_quant_tiles(const QuantRun& run, const QuantPanel& panel, int64_t panel_k, const QuantAhead& ahead) {
  constexpr int kTokens = kTileTokens<V, Shape>;
  if constexpr (V::kGroups == 2) {
    if (run.n_rows > kQuantRows) return run_quant_tile<V, Shape, 2, kTokens>(run, panel, panel_k, ahead);
  }
  run_quant_tile<V, Shape, 1, kTokens>(run, panel, panel_k, ahead);
}

// A sink of quant_unpack.h that keeps everything for run().
template <class V>
struct PanelSink {
  uint8_t* to_q;
  float *to_scale, *to_offset;
  template <int Block, int K4>
  HERMES_INLINE void q(Index<Block>, Index<K4>, typename V::Bytes x) {
    x.store(to_q + (Block * 8 + K4) * 64);
  }
  template <int I>
  HERMES_INLINE void scale(Index<I>, typename V::Lanes x) {
    x.store(to_scale + I * kQuantRows);
  }
  template <int I>
  HERMES_INLINE void offset(Index<I>, typename V::Lanes x) {
    x.store(to_offset + I * kQuantRows);
  }
};

template <class V, class Type>
void unpack_quant(const std::byte* group, int64_t n_blocks, const QuantPanel& panel) {
  PanelSink<V> sink{panel.q, panel.scale, panel.offset};
  for (int64_t b = 0; b < n_blocks; ++b) {
    Type::unpack(group + b * kQuantRows * Type::kBytes, sink);
    sink.to_q += Type::kElements * kQuantRows;
    sink.to_scale += Type::kElements / Type::kSub * kQuantRows;
    sink.to_offset += Type::kElements / Type::kSub * kQuantRows;
  }
}

// A sink that multiplies what it is given, with a few tokens, and adds each block of 32 when it has all of it: types give
// scales before elements, a block's elements from the first four to the last, and blocks in order. So only the dots of
// blocks that are under way are in registers.
template <class V, class Type, int N>
struct DotSink {
  using Lanes = typename V::Lanes;
  using Shape = DotShapeOf<V, Type>;
  static constexpr int kBlocks = Type::kElements / kQuantBlock, kSubs = Shape::kSubs, kPerSub = Shape::kSub / 4;
  const QuantRun& run;
  Lanes (&y)[N];
  typename V::Ints dots[kBlocks * kSubs][N];
  Lanes t[kBlocks][N];
  alignas(64) float scales[kBlocks * kSubs][kQuantRows], offsets[kBlocks * kSubs][kQuantRows];
  const std::byte* ask;
  int64_t ask_step;
  // Lines of memory that a block of the format is, about; at most one is asked for between two columns.
  static constexpr int kLines = kQuantRows * Type::kBytes / 64, kColumns = Type::kElements / 4;

  template <int Block, int K4>
  HERMES_INLINE void q(Index<Block>, Index<K4>, typename V::Bytes x) {
    constexpr int kPart = K4 / kPerSub, kSub = Block * kSubs + kPart;
    ask_memory<Block*(kQuantBlock / 4) + K4>();
    unrolled<N>([&](auto n) HERMES_LAMBDA_INLINE {
      auto& sum = dots[kSub][n.value];
      constexpr int kToken = Block * N + n.value;
      if constexpr (K4 % kPerSub == 0) sum = first_dot<V, Shape, kPart>(run.sums + kToken * kSubs + kPart);
      sum = add_dot<V, Shape>(sum, x, run.q + kToken * kQuantBlock + K4 * 4);
    });
    if constexpr (K4 % kPerSub == kPerSub - 1) {
      const DotScale<V, Shape, kPart> w(Lanes::load(scales[kSub]));
      unrolled<N>([&](auto n)
                      HERMES_LAMBDA_INLINE { t[Block][n.value] = w.add(dots[kSub][n.value], t[Block][n.value]); });
    }
    if constexpr (K4 == kQuantBlock / 4 - 1) {
      unrolled<N>([&](auto n) HERMES_LAMBDA_INLINE { add_block<Block>(n); });
    }
  }
  template <int I>
  HERMES_INLINE void scale(Index<I>, Lanes x) {
    x.store(scales[I]);
  }
  template <int I>
  HERMES_INLINE void offset(Index<I>, Lanes x) {
    x.store(offsets[I]);
  }

 private:
  // Spread over the block: many at once would hold up the loads behind them.
  template <int Column>
  HERMES_INLINE void ask_memory() {
    if constexpr ((Column + 1) * kLines / kColumns > Column * kLines / kColumns) {
      __builtin_prefetch(ask, 0, 2);
      ask += ask_step;
    }
  }
  template <int Block, int T>
  HERMES_INLINE void add_block(Index<T> n) {
    constexpr int kToken = Block * N + T;
    y[n.value] = fma(t[Block][T], Lanes::broadcast(run.scale[kToken]), y[T]);
    if constexpr (Shape::kOffset) {
      unrolled<kSubs>([&](auto s) HERMES_LAMBDA_INLINE {
        const Lanes sum = broadcast_bits<V>(run.sums + kToken * kSubs + s.value);
        y[T] = fma(Lanes::load(offsets[Block * kSubs + s.value]), sum, y[T]);
      });
    }
  }
};

template <class V, class Type, int N>
void stream_quant_rows(const QuantRun& whole, const std::byte* group, const QuantAhead& ahead) {
  using Lanes = typename V::Lanes;
  constexpr int kBlocks = Type::kElements / kQuantBlock;
  Lanes y[N];
  unrolled<N>([&](auto n) HERMES_LAMBDA_INLINE { y[n.value] = Lanes::zero(); });
  QuantRun run = whole;
  using Sink = DotSink<V, Type, N>;
  const std::byte* ask = ahead.begin;
  const int64_t ask_step = ahead.bytes_per_block / Sink::kLines;
  for (int64_t b = 0; b < whole.n_blocks; b += kBlocks) {
    Sink sink{.run = run, .y = y, .dots = {}, .t = {}, .scales = {}, .offsets = {}, .ask = ask, .ask_step = ask_step};
    Type::unpack(group, sink);
    group += kQuantRows * Type::kBytes;
    ask += ahead.bytes_per_block;
    run.q += kBlocks * N * kQuantBlock;
    run.scale += kBlocks * N;
    run.sums += kBlocks * N * DotShapeOf<V, Type>::kSubs;
  }
  unrolled<N>([&](auto n) HERMES_LAMBDA_INLINE {
    if (whole.bias != nullptr) y[n.value] = y[n.value] + Lanes::load_first(whole.bias, whole.n_rows);
    y[n.value].store_first(whole.y + n.value * whole.y_stride, whole.n_rows);
  });
}
template <class V, class Type, int N>
void stream_quant(const QuantRun& run, const std::byte* group, const QuantAhead& ahead) {
  if (run.n_tokens == N) return stream_quant_rows<V, Type, N>(run, group, ahead);
  if constexpr (N > 1) stream_quant<V, Type, N - 1>(run, group, ahead);
}

// What begins the dots, or goes with the offsets, for each token: -zero * sum, or the bits of scale * sum.
template <class V, class Type>
void finish_quant_sums(const QuantTile& tile, int n_tokens, int64_t n_blocks, int32_t* out) {
  for (int64_t i = 0; i < n_blocks * n_tokens; ++i) {
    for (int sub = 0; sub < kQuantBlock / Type::kSub; ++sub) {
      const int32_t sum = Type::kSub == 16 ? tile.sums[2 * i + sub] : tile.sums[2 * i] + tile.sums[2 * i + 1];
      int32_t value = (DotShapeOf<V, Type>::is_biased(sub) ? kDotBias : 0) - kStoredZero<V, Type> * sum;
      if constexpr (Type::kOffset) {
        const float scaled = tile.scale[i] * static_cast<float>(sum);
        __builtin_memcpy(&value, &scaled, sizeof value);
      }
      *out++ = value;
    }
  }
}

// Below this a block of x is taken for zeros: 127 / x would overflow.
inline constexpr float kQuantSmallest = 0x1p-100F;

template <class V>
void pack_quant_tile(const float* x, int64_t x_stride, int n_tokens, int64_t k, const QuantTile& tile) {
  using Lanes = typename V::Lanes;
  for (int64_t b = 0; b < k / kQuantBlock; ++b) {
    for (int n = 0; n < n_tokens; ++n) {
      const float* p = x + n * x_stride + b * kQuantBlock;
      const Lanes lo = Lanes::load(p), hi = Lanes::load(p + 16);
      const float largest = highest_magnitude(lo, hi);
      const bool none = largest < kQuantSmallest;
      const Lanes inverse = Lanes::broadcast(none ? 0.0F : 127.0F / largest);
      const int64_t i = b * n_tokens + n;
      tile.scale[i] = none ? 0.0F : largest / 127.0F;
      tile.sums[2 * i] = store_rounded(lo * inverse, tile.q + i * kQuantBlock);
      tile.sums[2 * i + 1] = store_rounded(hi * inverse, tile.q + i * kQuantBlock + 16);
    }
  }
}

template <class V, class Type>
constexpr QuantKernels make_quant_kernels() {
  using Shape = DotShapeOf<V, Type>;
  constexpr int kStreamTokens = Type::kSub == 16 || has_codebook(Type::kType) ? V::kStreamTokens16 : V::kStreamTokens32;
  return {Type::kType,
          Type::kSub,
          Type::kElements,
          Type::kBytes,
          kTileTokens<V, Shape>,
          kStreamTokens,
          V::kGroups,
          finish_quant_sums<V, Type>,
          interleave_blocks<V, Type::kBytes, Type::kOdd, Type::kOddBytes>,
          unpack_quant<V, Type>,
          run_quant_tiles<V, Shape>,
          stream_quant<V, Type, kStreamTokens>};
}

}  // namespace hermes::kernels
