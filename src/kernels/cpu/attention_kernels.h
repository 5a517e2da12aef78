// Attention of a block of queries that share one KV head. `V` is the lane type of an instruction set
// (scalar/lanes.h).
//
// For each tile of kAttentionTile positions K is widened and transposed once, V widened once, for all queries
// of the block; then, a few queries at a time:
//   scores   s[j] = scale * (q[0] K[j][0] + q[1] K[j][1] + ...), by fma in that order; lanes are positions
//   weights  p[j] = exp(s[j] - max); their sum: by vectors of 16 (0 + 1) + (2 + 3), then the fixed tree
//   values   o[i] = p[0] V[0][i] + p[1] V[1][i] + ..., by fma in that order, over visible positions; lanes
//   are i
// and the tile's (max, sum, o) is merged into the query's. Nothing here depends on the other queries of the
// block.
#pragma once

#include "kernels/cpu/exp_lanes.h"
#include "kernels/cpu/kernel_table.h"

namespace hermes::kernels {

inline constexpr int64_t kTile = 64;  // = ops::kAttentionTile, checked where both are seen

HERMES_INLINE int64_t padded_head_dim(int64_t head_dim) { return (head_dim + 15) / 16 * 16; }

// out[r][0 .. 16 C) += sum over k of a[r][k] * b[k][0 .. 16 C), r < R, each by fma in the order of k.
template <class V, int R, int C>
HERMES_INLINE void outer_products(const float* a, int64_t a_stride, const float* b, int64_t b_stride,
                                  int64_t k_begin, int64_t k_end, bool from_zero, float* out,
                                  int64_t out_stride) {
  V sums[R * C];
  unrolled<R * C>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int r = decltype(i)::value / C, c = decltype(i)::value % C;
    sums[r * C + c] = from_zero ? V::zero() : V::load(out + r * out_stride + c * V::kCount);
  });
  for (int64_t k = k_begin; k < k_end; ++k) {
    V row[C];
    unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
      row[decltype(c)::value] = V::load(b + k * b_stride + decltype(c)::value * V::kCount);
    });
    unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
      const V x = V::broadcast(a[decltype(r)::value * a_stride + k]);
      unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
        V& sum = sums[decltype(r)::value * C + decltype(c)::value];
        sum = fma(x, row[decltype(c)::value], sum);
      });
    });
  }
  unrolled<R * C>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int r = decltype(i)::value / C, c = decltype(i)::value % C;
    sums[r * C + c].store(out + r * out_stride + c * V::kCount);
  });
}

// The same for any number of columns (a multiple of 16).
template <class V, int R>
__attribute__((noinline)) void multiply_rows(const float* a, int64_t a_stride, const float* b,
                                             int64_t b_stride, int64_t k_begin, int64_t k_end, bool from_zero,
                                             float* out, int64_t out_stride, int64_t columns) {
  constexpr int kWide = V::kAttentionCols * V::kCount;
  int64_t c = 0;
  for (; c + kWide <= columns; c += kWide) {
    outer_products<V, R, V::kAttentionCols>(a, a_stride, b + c, b_stride, k_begin, k_end, from_zero, out + c,
                                            out_stride);
  }
  for (; c < columns; c += V::kCount) {
    outer_products<V, R, 1>(a, a_stride, b + c, b_stride, k_begin, k_end, from_zero, out + c, out_stride);
  }
}

// rows <= R, chosen at run time.
template <class V, int R = V::kAttentionRows, class... Args>
HERMES_INLINE void multiply_any(int64_t rows, Args... args) {
  if constexpr (R == 1) {
    multiply_rows<V, 1>(args...);
  } else if (rows == R) {
    multiply_rows<V, R>(args...);
  } else {
    multiply_any<V, R - 1>(rows, args...);
  }
}

template <class V, class Cached>
class AttentionTiles {
 public:
  static constexpr int64_t kRows = V::kAttentionRows;

  static int64_t scratch_floats(int64_t n_queries, int64_t head_dim) {
    const int64_t width = padded_head_dim(head_dim);
    return 2 * kTile * width + kRows * (kTile + width) + 16 + n_queries * (width + 2);
  }

  AttentionTiles(const AttentionBlock& block, float* scratch)
      : block_(block), width_(padded_head_dim(block.head_dim)), n_queries_(block.n_tokens * block.group) {
    keys_ = scratch;                         // [head_dim][kTile]
    values_ = keys_ + kTile * width_;        // [kTile][width]
    weights_ = values_ + kTile * width_;     // [kRows][kTile]
    tile_out_ = weights_ + kRows * kTile;    // [kRows][width]
    outs_ = tile_out_ + kRows * width_;      // [n_queries][width]
    highest_ = outs_ + n_queries_ * width_;  // [n_queries]
    sums_ = highest_ + n_queries_;           // [n_queries]
  }

  void run() {
    int64_t begin = block_.kv_begin[0], end = block_.kv_end[0];
    for (int64_t t = 1; t < block_.n_tokens; ++t) {
      begin = block_.kv_begin[t] < begin ? block_.kv_begin[t] : begin;
      end = block_.kv_end[t] > end ? block_.kv_end[t] : end;
    }
    for (int64_t i = 0; i < n_queries_ * width_; ++i) outs_[i] = 0;
    for (int64_t i = 0; i < n_queries_; ++i) {
      highest_[i] = -__builtin_inff();
      sums_[i] = 0;
    }
    for (int64_t tile = begin / kTile * kTile; tile < end; tile += kTile) {
      load_tile(tile, end - tile < kTile ? end - tile : kTile);
      for (int64_t q = 0; q < n_queries_; q += kRows) {
        visit(tile, q, n_queries_ - q < kRows ? n_queries_ - q : kRows);
      }
    }
    for (int64_t i = 0; i < n_queries_; ++i) write(i);
  }

 private:
  struct Range {
    int64_t begin, end;
  };

  // Positions of the tile that a query sees, counted from the tile's begin; empty where begin >= end.
  HERMES_INLINE Range visible(int64_t tile, int64_t query) const {
    const int64_t token = query / block_.group;
    const int64_t begin = block_.kv_begin[token] - tile, end = block_.kv_end[token] - tile;
    return {begin > 0 ? begin : 0, end < kTile ? end : kTile};
  }

  HERMES_INLINE const Cached* rows_of(const std::byte* const* pages, int64_t tile) const {
    const std::byte* page = pages[tile / block_.page_size];
    return reinterpret_cast<const Cached*>(page) + block_.head_offset +
           tile % block_.page_size * block_.head_dim;
  }

  // The first n positions of the tile; what lies beyond them was perhaps never written and is not read.
  void load_tile(int64_t tile, int64_t n) {
    const Cached* k = rows_of(block_.k_pages, tile);
    const Cached* v = rows_of(block_.v_pages, tile);
    const int64_t dim = block_.head_dim;
    for (int64_t i = 0; i < dim; i += V::kCount) {
      const int run = static_cast<int>(dim - i < V::kCount ? dim - i : V::kCount);
      for (int64_t j = 0; j < n; j += V::kCount) {
        V block[16];
        for (int64_t r = 0; r < 16; ++r) {
          block[r] = j + r < n ? V::load_first(k + (j + r) * dim + i, run) : V::zero();
        }
        transpose(block);
        for (int r = 0; r < run; ++r) block[r].store(keys_ + (i + r) * kTile + j);
      }
      for (int64_t j = 0; j < n; ++j) V::load_first(v + j * dim + i, run).store(values_ + j * width_ + i);
    }
    // Scores of positions beyond are computed with the others and thrown away; they must be numbers all the
    // same.
    const int64_t filled = (n + V::kCount - 1) / V::kCount * V::kCount;
    for (int64_t i = 0; i < dim; ++i) {
      for (int64_t j = filled; j < kTile; j += V::kCount) V::zero().store(keys_ + i * kTile + j);
    }
  }

  const float* query_row(int64_t query) const {
    return block_.q + query / block_.group * block_.token_stride + query % block_.group * block_.head_dim;
  }

  // One tile for queries [q, q + n).
  void visit(int64_t tile, int64_t q, int64_t n) {
    for (int64_t r = 0; r < n;) {  // runs of queries at one distance from each other: heads of one token
      const int64_t left_in_token = block_.group - (q + r) % block_.group;
      const int64_t run = n - r < left_in_token ? n - r : left_in_token;
      multiply_any<V>(run, query_row(q + r), block_.head_dim, keys_, kTile, int64_t{0}, block_.head_dim, true,
                      weights_ + r * kTile, kTile, kTile);
      r += run;
    }
    for (int64_t r = 0; r < n; ++r) weigh(visible(tile, q + r), r);
    sum_values(tile, q, n);
    merge(tile, q, n);
  }

  // Scores to weights, in place; keeps the tile's maximum and sum.
  HERMES_INLINE void weigh(Range seen, int64_t r) {
    float* s = weights_ + r * kTile;
    const V scale = V::broadcast(block_.scale);
    V x[4];
    for (int i = 0; i < 4; ++i) x[i] = V::load(s + i * V::kCount) * scale;
    if (seen.begin > 0 || seen.end < kTile) {
      for (int i = 0; i < 4; ++i) x[i].store(s + i * V::kCount);
      for (int64_t j = 0; j < kTile; ++j) {
        if (j < seen.begin || j >= seen.end) s[j] = -__builtin_inff();
      }
      for (int i = 0; i < 4; ++i) x[i] = V::load(s + i * V::kCount);
    }
    tile_highest_[r] = highest(max(max(x[0], x[1]), max(x[2], x[3])));
    const V top = V::broadcast(tile_highest_[r]);
    for (int i = 0; i < 4; ++i) {
      x[i] = exp(x[i] - top);
      x[i].store(s + i * V::kCount);
    }
    tile_sum_[r] = sum((x[0] + x[1]) + (x[2] + x[3]));
  }

  // Visible ranges differ between queries near the diagonal: the common part is done together, what comes
  // before and after it query by query, so that the order of each sum is the same as alone.
  void sum_values(int64_t tile, int64_t q, int64_t n) {
    Range common{0, kTile};
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = visible(tile, q + r);
      common.begin = seen.begin > common.begin ? seen.begin : common.begin;
      common.end = seen.end < common.end ? seen.end : common.end;
    }
    if (common.begin >= common.end) {
      for (int64_t r = 0; r < n; ++r) sum_values_of(r, 1, visible(tile, q + r), true);
      return;
    }
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = visible(tile, q + r);
      if (common.begin > 0) sum_values_of(r, 1, {seen.begin, common.begin}, true);
    }
    sum_values_of(0, n, common, common.begin == 0);
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = visible(tile, q + r);
      if (seen.end > common.end) sum_values_of(r, 1, {common.end, seen.end}, false);
    }
  }
  void sum_values_of(int64_t r, int64_t n, Range range, bool from_zero) {
    multiply_any<V>(n, weights_ + r * kTile, kTile, values_, width_, range.begin, range.end, from_zero,
                    tile_out_ + r * width_, width_, width_);
  }

  void merge(int64_t tile, int64_t q, int64_t n) {
    float keep[16] = {}, add[16] = {};
    for (int64_t r = 0; r < n; ++r) {
      const float before = highest_[q + r], now = tile_highest_[r];
      const float top = before > now ? before : now;
      keep[r] = before - top;
      add[r] = now - top;
    }
    exp(V::load(keep)).store(keep);
    exp(V::load(add)).store(add);
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = visible(tile, q + r);
      if (seen.begin >= seen.end) continue;
      highest_[q + r] = highest_[q + r] > tile_highest_[r] ? highest_[q + r] : tile_highest_[r];
      sums_[q + r] = sums_[q + r] * keep[r] + tile_sum_[r] * add[r];
      const V keep_r = V::broadcast(keep[r]), add_r = V::broadcast(add[r]);
      float* out = outs_ + (q + r) * width_;
      const float* tile_out = tile_out_ + r * width_;
      for (int64_t i = 0; i < width_; i += V::kCount) {
        fma(V::load(tile_out + i), add_r, V::load(out + i) * keep_r).store(out + i);
      }
    }
  }

  void write(int64_t query) {
    float* out =
        block_.out + query / block_.group * block_.token_stride + query % block_.group * block_.head_dim;
    const V sum = V::broadcast(sums_[query]);
    for (int64_t i = 0; i < block_.head_dim; i += V::kCount) {
      const int64_t left = block_.head_dim - i;
      (V::load(outs_ + query * width_ + i) / sum)
          .store_first(out + i, static_cast<int>(left < V::kCount ? left : V::kCount));
    }
  }

  AttentionBlock block_;
  int64_t width_;
  int64_t n_queries_;
  float *keys_, *values_, *weights_, *tile_out_, *outs_, *highest_, *sums_;
  float tile_highest_[16] = {}, tile_sum_[16] = {};
};

template <class V, class Cached>
void attention_block(const AttentionBlock& block, float* scratch) {
  AttentionTiles<V, Cached>(block, scratch).run();
}

template <class V>
constexpr AttentionKernels make_attention_kernels() {
  return {attention_block<V, float>, attention_block<V, F16>, attention_block<V, Bf16>,
          AttentionTiles<V, float>::scratch_floats};
}

}  // namespace hermes::kernels
