// y = x W^T for many rows where the rows are short, with the sums of linear_kernels.h and so with its bits.
//
// gemm_kernels.h keeps the sixteen sums of an output in the lanes of one vector and pays for adding them up; with K of
// a few hundred that is a third of the time. Here lanes are columns of y: of each output, first the elements k = l, l +
// 16, l + 32, ... are summed for one l, a tile of rows and columns at a time, then for the next l; and these sums meet
// as the fixed tree has it. Taken in the order 0, 8, 4, 12, 2, ... (bits of l reversed), a sum always waits for the one
// that comes next, so that at most four tiles of them wait.
#pragma once

#include "kernels/cpu/linear_operands.h"

namespace hermes::kernels {

template <class V, class W>
struct LaneGemm {
  static constexpr int R = V::kProductRows, C = V::kProductCols;
  static constexpr int64_t kWidth = C * V::kCount;  // columns of a panel
  static constexpr int kLevels = 4;
  static constexpr int64_t kTileFloats = R * kWidth;

  static HERMES_INLINE int64_t chunks_of_row(int64_t k) { return (k + V::kCount - 1) / V::kCount; }
  static HERMES_INLINE int64_t lane_in_turn(int64_t i) {  // bits reversed
    return (i & 1) << 3 | (i & 2) << 1 | (i & 4) >> 1 | (i & 8) >> 3;
  }

  static int64_t panel_floats(int64_t k) { return chunks_of_row(k) * V::kCount * kWidth; }

  // Weights of n_columns columns from `weight`, as [lane in turn][chunk of K][kWidth]; zeros where there are none.
  static void pack(const void* weight, int64_t k, int64_t n_columns, float* panel) {
    const int64_t chunks = chunks_of_row(k);
    for (int64_t c = 0; c < kWidth; c += V::kCount) {
      const W* from = static_cast<const W*>(weight) + c * k;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        const int64_t left = k - chunk * V::kCount;
        const int n = static_cast<int>(left < V::kCount ? left : V::kCount);
        V rows[16];
        for (int64_t r = 0; r < 16; ++r) {
          rows[r] = V::zero();
          if (c + r < n_columns) rows[r] = V::load_first(from + r * k + chunk * V::kCount, n);
        }
        transpose(rows);
        for (int64_t i = 0; i < 16; ++i) rows[lane_in_turn(i)].store(panel + (i * chunks + chunk) * kWidth + c);
      }
    }
  }

  // Rows [t_begin, t_end) of y for the columns of one panel, which begin at column n.
  static __attribute__((noinline)) void run(const LanePiece& piece) {
    alignas(64) float waiting[kLevels * kTileFloats];
    const int64_t chunks = chunks_of_row(piece.k), tail = piece.k % V::kCount;
    for (int64_t t = piece.t_begin; t < piece.t_end; t += R) {
      const float* x[R];
      for (int64_t r = 0; r < R; ++r) {  // where rows end sooner the last one is taken again, and not stored
        x[r] = piece.x + (t + r < piece.t_end ? t + r : piece.t_end - 1) * piece.k;
      }
      V sums[R * C];
      const float* weights = piece.panel;
      for (int64_t i = 0; i < V::kCount; ++i, weights += chunks * kWidth) {
        const int64_t lane = lane_in_turn(i);
        const bool short_lane = tail != 0 && lane >= tail;  // its last element is one of the zeros that fill the chunk
        multiply(x, lane, weights, short_lane ? chunks - 1 : chunks, sums);
        if (short_lane) each([&](int, V& sum) HERMES_LAMBDA_INLINE { sum = sum + V::zero(); }, sums);
        float* at = waiting;
        for (int64_t bits = i; (bits & 1) != 0; bits >>= 1, at += kTileFloats) {
          each([&](int j, V& sum) HERMES_LAMBDA_INLINE { sum = V::load(at + j * V::kCount) + sum; }, sums);
        }
        if (i + 1 < V::kCount) {
          each([&](int j, V& sum) HERMES_LAMBDA_INLINE { sum.store(at + j * V::kCount); }, sums);
        }
      }
      write(piece, t, sums);
    }
  }

 private:
  template <class Op>
  static HERMES_INLINE void each(const Op& op, V (&sums)[R * C]) {
    unrolled<R * C>([&](auto j) HERMES_LAMBDA_INLINE { op(decltype(j)::value, sums[decltype(j)::value]); });
  }

  static HERMES_INLINE void multiply(const float* const (&x)[R], int64_t lane, const float* weights, int64_t count,
                                     V (&sums)[R * C]) {
    each([](int, V& sum) HERMES_LAMBDA_INLINE { sum = V::zero(); }, sums);
    for (int64_t i = 0, at = lane; i < count; ++i, at += V::kCount, weights += kWidth) {
      V row[C];
      unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
        row[decltype(c)::value] = V::load(weights + decltype(c)::value * V::kCount);
      });
      unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
        const V a = V::broadcast(x[decltype(r)::value][at]);
        unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
          V& sum = sums[decltype(r)::value * C + decltype(c)::value];
          sum = fma(a, row[decltype(c)::value], sum);
        });
      });
    }
  }

  static HERMES_INLINE void write(const LanePiece& piece, int64_t t, const V (&sums)[R * C]) {
    unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
      if (t + decltype(r)::value >= piece.t_end) return;
      float* y = piece.y + (t + decltype(r)::value) * piece.n + piece.n_begin;
      unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
        constexpr int at = decltype(c)::value * V::kCount;
        const int64_t left = piece.n - piece.n_begin - at;
        if (left <= 0) return;
        const int n = static_cast<int>(left < V::kCount ? left : V::kCount);
        V sum = sums[decltype(r)::value * C + decltype(c)::value];
        if (piece.bias != nullptr) sum = sum + V::load_first(piece.bias + piece.n_begin + at, n);
        if (n == V::kCount) {
          sum.store(y + at);
        } else {
          sum.store_first(y + at, n);
        }
      });
    });
  }
};

template <class V, class W>
constexpr LaneGemmKernels make_lane_gemm_kernels() {
  return {LaneGemm<V, W>::kWidth, LaneGemm<V, W>::panel_floats, LaneGemm<V, W>::pack, LaneGemm<V, W>::run};
}

}  // namespace hermes::kernels
