// y = x W^T. `V` is the lane type of an instruction set (scalar/lanes.h), `M` says how two chunks are
// multiplied.
//
// The sum of one output has one shape, whatever computes it (a contract: ops/linear.h). Sixteen F32 sums; F32
// operands: element k goes to sum k % 16 by fma, in the order of k; pairs of BF16: of each 32 elements, sum l
// takes 2l + 1, then 2l, by fma, denormals counting as zero (the instruction vdpbf16ps). The tail of K is
// filled with zeros to a whole chunk. At the end the fixed tree over the sixteen, then the bias. So gemv,
// gemm, blocks and threads cannot change a bit: where K is cut into blocks, the sixteen sums are kept as they
// are.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels/cpu/always_inline.h"
#include "kernels/cpu/kernel_table.h"

namespace hermes::kernels {

// F32 arithmetic; weights of type W widen exactly.
template <class V, class W>
struct WidenedMultiply {
  using Lanes = V;
  using Weight = W;
  using Packed = float;
  using Chunk = V;
};

// Products of BF16 pairs.
template <class V, class Pairs>
struct Bf16Multiply {
  using Lanes = V;
  using Weight = Bf16;
  using Packed = Bf16;
  using Chunk = Pairs;
};

// While it lives, this thread's arithmetic takes denormals for zero, as vdpbf16ps always does. Where this is
// not x86, denormals are kept: the bits are then the same on all machines of that kind only.
template <class V>
class DenormalsAreZero {
 public:
#if defined(__x86_64__)
  HERMES_INLINE DenormalsAreZero() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040U); }
  HERMES_INLINE ~DenormalsAreZero() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#endif
};

// A chunk of weights as it is multiplied: widened where that is the way.
template <class M>
HERMES_INLINE typename M::Chunk load_chunk(const typename M::Weight* p) {
  return M::Chunk::load(p);
}
template <class M>
HERMES_INLINE typename M::Chunk load_chunk_first(const typename M::Weight* p, int n) {
  return M::Chunk::load_first(p, n);
}

template <class M>
constexpr int64_t chunks_of(int64_t k) {
  return (k + M::Chunk::kCount - 1) / M::Chunk::kCount;
}
template <class M>
int64_t packed_bytes(int64_t k, int64_t rows) {
  return chunks_of<M>(k) * M::Chunk::kCount * rows * static_cast<int64_t>(sizeof(typename M::Packed));
}

// Rows of x as tiles, one block of K after the other: [block][tile][chunk][row][kCount], zeros where there is
// no row or no element. A tile's block is one stream to read, and the tiles of a block are neighbours: had
// they the distance of rows of x, a power of two more often than not, they would drive each other out of the
// cache.
template <class M>
void pack_rows(const RowsToPack& rows, int64_t tile_begin, int64_t tile_end, void* packed) {
  using V = typename M::Lanes;
  constexpr int kCount = M::Chunk::kCount;
  const int64_t n_tiles = (rows.t + rows.tile_rows - 1) / rows.tile_rows;
  for (int64_t k = 0; k < rows.k; k += rows.k_block) {
    const int64_t k_end = k + rows.k_block < rows.k ? k + rows.k_block : rows.k;
    const int64_t tile_elements = chunks_of<M>(k_end - k) * kCount * rows.tile_rows;
    auto* block = static_cast<typename M::Packed*>(packed) + k * n_tiles * rows.tile_rows;
    for (int64_t tile = tile_begin; tile < tile_end; ++tile) {
      auto* out = block + tile * tile_elements;
      for (int64_t chunk = k; chunk < k_end; chunk += kCount) {
        for (int64_t t = tile * rows.tile_rows; t < (tile + 1) * rows.tile_rows; ++t) {
          for (int64_t i = chunk; i < chunk + kCount; i += V::kCount, out += V::kCount) {
            const int64_t left = t < rows.t && i < k_end ? k_end - i : 0;
            const V part = left <= 0 ? V::zero()
                                     : V::load_first(rows.x + t * rows.k + i,
                                                     static_cast<int>(left < V::kCount ? left : V::kCount));
            part.store_first(out, V::kCount);
          }
        }
      }
    }
  }
}

// ---- gemv: few rows of x; memory is the limit
// --------------------------------------------------------------------

// How far ahead of its use a stream of weights is asked for.
inline constexpr int64_t kPrefetchBytes = 1024;
// Streams of weights one thread reads at a time. More hide the latency of a sum's chain, too many confuse
// prefetching.
inline constexpr int kStreams = 4;

// Rows n + s * apart, s < S, of the weight, with all T rows of x.
template <class M, int T, int S>
HERMES_INLINE void gemv_step(const LinearPiece& piece, int64_t n, int64_t apart) {
  using V = typename M::Lanes;
  using Chunk = typename M::Chunk;
  constexpr int kCount = Chunk::kCount;
  const auto* x = static_cast<const typename M::Packed*>(piece.x);
  const auto* w = static_cast<const typename M::Weight*>(piece.weight) + n * piece.k;
  const int64_t stream = apart * piece.k;

  V sums[S * T];
  unrolled<S * T>([&](auto i) HERMES_LAMBDA_INLINE { sums[decltype(i)::value] = V::zero(); });
  int64_t k = 0;
  for (; k + kCount <= piece.k; k += kCount, x += T * kCount) {
    unrolled<S>([&](auto s) HERMES_LAMBDA_INLINE {
      const auto* from = w + decltype(s)::value * stream + k;
      __builtin_prefetch(reinterpret_cast<const char*>(from) + kPrefetchBytes);
      const Chunk weights = load_chunk<M>(from);
      unrolled<T>([&](auto t) HERMES_LAMBDA_INLINE {
        V& sum = sums[decltype(s)::value * T + decltype(t)::value];
        sum = fma(Chunk::load(x + decltype(t)::value * kCount), weights, sum);
      });
    });
  }
  if (k < piece.k) {
    unrolled<S>([&](auto s) HERMES_LAMBDA_INLINE {
      const Chunk weights = load_chunk_first<M>(w + decltype(s)::value * stream + k, static_cast<int>(piece.k - k));
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

// ---- gemm: many rows of x; arithmetic is the limit
// ---------------------------------------------------------------

// Rows of x that share one reading of the weights; with a block of K they stay in the second-level cache.
inline constexpr int64_t kTokenBlock = 96;
// Bytes of a row in one block of K: a panel of weights, and one tile of x, fit the first-level cache.
inline constexpr int64_t kBlockBytes = 4096;
inline constexpr int64_t kTilePrefetchBytes = 2048;

template <class M>
struct Gemm {
  using V = typename M::Lanes;
  using Chunk = typename M::Chunk;
  using Packed = typename M::Packed;
  static constexpr int kRows = V::kLinearRows, kCols = V::kLinearCols, kCount = Chunk::kCount;
  static constexpr int64_t kBlock = kBlockBytes / static_cast<int64_t>(sizeof(Packed));  // elements of K
  static constexpr int64_t kWeightBytes = static_cast<int64_t>(sizeof(typename M::Weight));
  static constexpr int64_t kTileFloats = kRows * kCols * V::kCount;

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
      const auto* from = static_cast<const typename M::Weight*>(piece.weight) + (n + c) * piece.k;
      int64_t at = k;
      for (; at + kCount <= k_end; at += kCount, out += kCols * kCount) load_chunk<M>(from + at).store(out);
      if (at < k_end) load_chunk_first<M>(from + at, static_cast<int>(k_end - at)).store(out);
    }
  }

  // Weights that come next, asked for from memory while this tile is multiplied: some rows of the next panel.
  struct Ahead {
    const char* begin = nullptr;
    int64_t row_bytes = 0, n_rows = 0;
    HERMES_INLINE void prefetch(int64_t chunk) const {
      const char* from = begin + chunk * kCount * kWeightBytes;
      for (int64_t r = 0; r < n_rows; ++r) __builtin_prefetch(from + r * row_bytes, 0, 2);
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

template <class M>
void gemm(const LinearPiece& piece, void* scratch) {
  Gemm<M>::run(piece, scratch);
}

// The same for pairs of BF16, with the processor in the mode that gives every instruction set the same bits.
template <class M>
void gemv_flushing(const LinearPiece& piece) {
  const DenormalsAreZero<M> mode;
  gemv<M>(piece);
}
template <class M>
void gemm_flushing(const LinearPiece& piece, void* scratch) {
  const DenormalsAreZero<M> mode;
  Gemm<M>::run(piece, scratch);
}

template <class M>
constexpr LinearKernels make_linear_kernels() {
  const int rows = Gemm<M>::kRows, cols = Gemm<M>::kCols;
  return {rows, cols, Gemm<M>::kBlock, packed_bytes<M>, pack_rows<M>, gemv<M>, gemm<M>, Gemm<M>::scratch_bytes};
}
template <class M>
constexpr LinearKernels make_flushing_linear_kernels() {
  LinearKernels kernels = make_linear_kernels<M>();
  kernels.gemv = gemv_flushing<M>;
  kernels.gemm = gemm_flushing<M>;
  return kernels;
}

}  // namespace hermes::kernels
