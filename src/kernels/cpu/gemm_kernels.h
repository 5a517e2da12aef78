// y = x W^T for many rows of x, where arithmetic is the limit. Weights go through a panel in the first-level cache that
// all rows of a block share; a tile of y stays in registers along a block of K, its sums are kept between blocks.
#pragma once

#include "kernels/cpu/linear_operands.h"

namespace hermes::kernels {

// Rows of x that share one reading of the weights; with a block of K they stay in the second-level cache.
inline constexpr int64_t kTokenBlock = 96;
// Bytes of a row in one block of K: a panel of weights, and one tile of x, fit the first-level cache.
inline constexpr int64_t kBlockBytes = 4096;

template <class M>
struct Gemm {
  using V = typename M::Lanes;
  using Chunk = typename M::Chunk;
  using Packed = typename M::Packed;
  static constexpr int kRows = V::kLinearRows, kCols = V::kLinearCols, kCount = Chunk::kCount;
  static constexpr int64_t kBlock = kBlockBytes / static_cast<int64_t>(sizeof(Packed));  // elements of K
  static constexpr int64_t kWeightBytes = static_cast<int64_t>(sizeof(typename M::Weight));
  static constexpr int64_t kTileFloats = kRows * kCols * V::kCount;

  static_assert(kTokenBlock % kRows == 0);

  static int64_t scratch_bytes(int64_t k, int64_t n_columns) {
    const int64_t panels = (n_columns + kCols - 1) / kCols;
    const int64_t sums = k > kBlock ? panels * (kTokenBlock / kRows) * kTileFloats * 4 : 0;
    return kCols * kBlockBytes + sums;
  }

  // Weights [n, n + n_valid) x [k, k_end) as [chunk][kCols][kCount], zeros elsewhere.
  static void pack_panel(const LinearPiece& piece, int64_t n, int64_t n_valid, int64_t k, int64_t k_end,
                         Packed* panel) {
    const int64_t chunks = chunks_of<M>(k_end - k);
    for (int64_t c = 0; c < kCols; ++c) {
      Packed* out = panel + c * kCount;
      if (c >= n_valid) {
        for (int64_t i = 0; i < chunks; ++i) Chunk::load_first(panel, 0).store(out + i * kCols * kCount);
        continue;
      }
      const WeightRow<M> row(piece, n + c);
      int64_t at = k;
      for (; at + kCount <= k_end; at += kCount, out += kCols * kCount) row.load(at).store(out);
      if (at < k_end) row.load_first(at, static_cast<int>(k_end - at)).store(out);
    }
  }

  // Weights that come next, asked for from memory while this tile is multiplied: some rows of the next panel.
  struct Ahead {
    const char* begin = nullptr;
    int64_t row_bytes = 0, n_rows = 0;
    HERMES_INLINE void prefetch(int64_t chunk) const {
      const int64_t at = chunk * kCount * kWeightBytes;
      for (int64_t r = 0; r < n_rows; ++r) __builtin_prefetch(begin + r * row_bytes + at, 0, 2);
    }
  };
  // The share of tile i of n_tiles: as few rows as will do, so that the requests are spread over the tiles.
  static HERMES_INLINE Ahead ahead_of(const LinearPiece& piece, int64_t n, int64_t k, int64_t i, int64_t n_tiles) {
    const int64_t n_cols = piece.n_end - n < kCols ? piece.n_end - n : kCols;
    const int64_t share = (n_cols + n_tiles - 1) / n_tiles;
    const int64_t row = i * share, left = n_cols - row;
    const auto* weight = static_cast<const char*>(piece.weight);
    const int64_t row_bytes = piece.k * kWeightBytes;
    if (left <= 0) return {};
    return {weight + (n + row) * row_bytes + k * kWeightBytes, row_bytes, left < share ? left : share};
  }

  // sums += x tile times panel, over `chunks` chunks. Begins with zeros or with kept sums.
  static HERMES_INLINE void multiply(const Packed* x, const Packed* panel, int64_t chunks, bool begin,
                                     const float* kept, const Ahead& ahead, V (&sums)[kRows * kCols]) {
    if (begin) {
      unrolled<kRows * kCols>([&](auto i) HERMES_LAMBDA_INLINE { sums[decltype(i)::value] = V::zero(); });
    } else {
      unrolled<kRows * kCols>([&](auto i) HERMES_LAMBDA_INLINE {
        sums[decltype(i)::value] = V::load(kept + decltype(i)::value * V::kCount);
      });
    }
    for (int64_t i = 0; i < chunks; ++i, x += kRows * kCount, panel += kCols * kCount) {
      ahead.prefetch(i);
      Chunk rows[kRows];
      unrolled<kRows>([&](auto r) HERMES_LAMBDA_INLINE {
        rows[decltype(r)::value] = Chunk::load(x + decltype(r)::value * kCount);
      });
      unrolled<kCols>([&](auto c) HERMES_LAMBDA_INLINE {
        const Chunk weights = Chunk::load(panel + decltype(c)::value * kCount);
        unrolled<kRows>([&](auto r) HERMES_LAMBDA_INLINE {
          V& sum = sums[decltype(r)::value * kCols + decltype(c)::value];
          sum = fma(rows[decltype(r)::value], weights, sum);
        });
      });
    }
  }

  // The sums of a tile to y: rows [t, t + n_rows), columns [n, n + n_cols).
  static HERMES_INLINE void finish(const LinearPiece& piece, const V (&sums)[kRows * kCols], int64_t t, int64_t n_rows,
                                   int64_t n, int n_cols) {
    constexpr int kGroups = (kRows * kCols + V::kCount - 1) / V::kCount;
    float tile[kGroups * V::kCount + V::kCount];
    unrolled<kGroups>([&](auto group) HERMES_LAMBDA_INLINE {
      V some[16];
      unrolled<16>([&](auto i) HERMES_LAMBDA_INLINE {
        constexpr int at = decltype(group)::value * V::kCount + decltype(i)::value;
        some[decltype(i)::value] = sums[at < kRows * kCols ? at : 0];
      });
      sum_each(some).store(tile + decltype(group)::value * V::kCount);
    });
    for (int64_t r = 0; r < n_rows; ++r) {
      V y = V::load_first(tile + r * kCols, n_cols);
      if (piece.bias != nullptr) y = y + V::load_first(piece.bias + n, n_cols);
      y.store_first(piece.y + (t + r) * piece.n + n, n_cols);
    }
  }

  static __attribute__((noinline)) void run(const LinearPiece& piece, void* scratch) {
    auto* panel = static_cast<Packed*>(scratch);
    float* kept = reinterpret_cast<float*>(static_cast<char*>(scratch) + kCols * kBlockBytes);
    const int64_t padded_t = (piece.t + kRows - 1) / kRows * kRows;
    for (int64_t t_begin = 0; t_begin < piece.t; t_begin += kTokenBlock) {
      const int64_t t_end = t_begin + kTokenBlock < piece.t ? t_begin + kTokenBlock : piece.t;
      const int64_t n_tiles = (t_end - t_begin + kRows - 1) / kRows;
      int64_t k = 0;
      do {  // once even where K is 0: y is then the bias
        const int64_t k_end = k + kBlock < piece.k ? k + kBlock : piece.k;
        const int64_t chunks = chunks_of<M>(k_end - k);
        const auto* x_block = static_cast<const Packed*>(piece.x) + k * padded_t;
        float* tile = kept;
        for (int64_t n = piece.n_begin; n < piece.n_end; n += kCols) {
          const int n_cols = static_cast<int>(piece.n_end - n < kCols ? piece.n_end - n : kCols);
          pack_panel(piece, n, n_cols, k, k_end, panel);
          // The next panel; after the last one, the first of the next block of K.
          const bool last = n + kCols >= piece.n_end;
          const int64_t next_n = last ? piece.n_begin : n + kCols;
          const int64_t next_k = !last ? k : k_end < piece.k ? k_end : 0;
          for (int64_t i = 0; i < n_tiles; ++i, tile += kTileFloats) {
            const int64_t t = t_begin + i * kRows;
            V sums[kRows * kCols];
            multiply(x_block + t * chunks * kCount, panel, chunks, k == 0, tile,
                     ahead_of(piece, next_n, next_k, i, n_tiles), sums);
            if (k_end == piece.k) {
              finish(piece, sums, t, t_end - t < kRows ? t_end - t : kRows, n, n_cols);
            } else {
              unrolled<kRows * kCols>([&](auto j) HERMES_LAMBDA_INLINE {
                sums[decltype(j)::value].store(tile + decltype(j)::value * V::kCount);
              });
            }
          }
        }
        k = k_end;
      } while (k < piece.k);
    }
  }
};

}  // namespace hermes::kernels
