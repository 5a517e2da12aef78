// y = x W^T for few rows of x, where memory is the limit: each weight is read once, straight into the product.
#pragma once

#include "kernels/cpu/linear_operands.h"

namespace hermes::kernels {

// How far ahead of its use a stream of weights is asked for.
inline constexpr int64_t kPrefetchBytes = 1024;
// Streams of weights one thread reads at a time. More hide the latency of a sum's chain, too many confuse the
// prefetching of the processor.
inline constexpr int kStreams = 4;

// Rows n + s * apart, s < S, of the weight, with all T rows of x.
template <class M, int T, int S>
HERMES_INLINE void gemv_step(const LinearPiece& piece, int64_t n, int64_t apart) {
  using V = typename M::Lanes;
  using Chunk = typename M::Chunk;
  constexpr int kCount = Chunk::kCount;
  const auto* x = static_cast<const typename M::Packed*>(piece.x);
  WeightRow<M> rows[S];
  unrolled<S>([&](auto s) HERMES_LAMBDA_INLINE { rows[decltype(s)::value] = {piece, n + decltype(s)::value * apart}; });

  V sums[S * T];
  unrolled<S * T>([&](auto i) HERMES_LAMBDA_INLINE { sums[decltype(i)::value] = V::zero(); });
  int64_t k = 0;
  for (; k + kCount <= piece.k; k += kCount, x += T * kCount) {
    unrolled<S>([&](auto s) HERMES_LAMBDA_INLINE {
      const WeightRow<M>& row = rows[decltype(s)::value];
      __builtin_prefetch(static_cast<const char*>(row.at(k)) + kPrefetchBytes);
      const Chunk weights = row.load(k);
      unrolled<T>([&](auto t) HERMES_LAMBDA_INLINE {
        V& sum = sums[decltype(s)::value * T + decltype(t)::value];
        sum = fma(Chunk::load(x + decltype(t)::value * kCount), weights, sum);
      });
    });
  }
  if (k < piece.k) {
    unrolled<S>([&](auto s) HERMES_LAMBDA_INLINE {
      const Chunk weights = rows[decltype(s)::value].load_first(k, static_cast<int>(piece.k - k));
      unrolled<T>([&](auto t) HERMES_LAMBDA_INLINE {
        V& sum = sums[decltype(s)::value * T + decltype(t)::value];
        sum = fma(Chunk::load(x + decltype(t)::value * kCount), weights, sum);
      });
    });
  }
  unrolled<S * T>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int s = decltype(i)::value / T, t = decltype(i)::value % T;
    const int64_t column = n + s * apart;
    const float y = sum(sums[s * T + t]);
    piece.y[t * piece.n + column] = piece.bias == nullptr ? y : y + piece.bias[column];
  });
}

// The piece is cut into kStreams runs of rows, each read from its begin to its end.
template <class M, int T>
__attribute__((noinline)) void gemv_rows(const LinearPiece& piece) {
  const int64_t apart = (piece.n_end - piece.n_begin) / kStreams;
  for (int64_t i = 0; i < apart; ++i) gemv_step<M, T, kStreams>(piece, piece.n_begin + i, apart);
  for (int64_t n = piece.n_begin + kStreams * apart; n < piece.n_end; ++n) gemv_step<M, T, 1>(piece, n, 0);
}

template <class M>
void gemv(const LinearPiece& piece) {
  switch (piece.t) {
    case 1:
      return gemv_rows<M, 1>(piece);
    case 2:
      return gemv_rows<M, 2>(piece);
    default:
      return gemv_rows<M, 3>(piece);
  }
}

}  // namespace hermes::kernels
