// Attention of a block of queries that share one KV head. `V` is the lane type of an instruction set (scalar/lanes.h).
//
// For each tile of kAttentionTile positions K is widened and transposed once, V widened once, for all queries
// of the block; then, a few queries at a time:
//   scores   s[j] = scale * (q[0] K[j][0] + q[1] K[j][1] + ...), by fma in that order; lanes are positions
//   weights  p[j] = exp(s[j] - max); their sum: by vectors of 16 (0 + 1) + (2 + 3), then the fixed tree
//   values   o[i] = p[0] V[0][i] + p[1] V[1][i] + ..., by fma in that order, over visible positions; lanes are i
// and the tile's (max, sum, o) is merged into the query's. Nothing here depends on the other queries of the block.
#pragma once

#include "kernels/cpu/exp_lanes.h"
#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/outer_products.h"

namespace hermes::kernels {

inline constexpr int64_t kTile = 64;  // = ops::kAttentionTile, checked where both are seen

template <class T>
inline constexpr bool kIsBf16 = false;
template <>
inline constexpr bool kIsBf16<Bf16> = true;

HERMES_INLINE int64_t padded_head_dim(int64_t head_dim) { return (head_dim + 15) / 16 * 16; }

template <class V, class Cached>
class AttentionTiles {
 public:
  static constexpr int64_t kRows = V::kAttentionRows;

  static int64_t scratch_floats(int64_t n_queries, int64_t head_dim) {
    const int64_t width = padded_head_dim(head_dim);
    return 2 * kTile * width + kRows * (kTile + width) + 16 + n_queries * (2 * width + 2);
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
    queries_ = sums_ + n_queries_;           // [n_queries][head_dim]
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
    load_queries();
    for (int64_t tile = begin / kTile * kTile; tile < end; tile += kTile) {
      const int64_t next = tile + kTile < end ? tile + kTile : tile;
      load_tile(tile, end - tile < kTile ? end - tile : kTile, next);
      ahead_ = reinterpret_cast<const char*>(rows_of(block_.v_pages, next));
      for (int64_t q = 0; q < n_queries_; q += kRows) {
        visit(tile, q, n_queries_ - q < kRows ? n_queries_ - q : kRows);
        ahead_ = reinterpret_cast<const char*>(keys_);  // asked for already: from now on a hint that costs nothing
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
    return reinterpret_cast<const Cached*>(page) + block_.head_offset + tile % block_.page_size * block_.head_dim;
  }

  // The first n positions of the tile, n <= kTile; what lies beyond them was perhaps never written and is not read.
  // K of the next tile is asked for meanwhile, V of it during the products: memory is never idle.
  void load_tile(int64_t tile, int64_t n, int64_t next) {
    const Cached* k = rows_of(block_.k_pages, tile);
    const Cached* v = rows_of(block_.v_pages, tile);
    const Cached* next_k = rows_of(block_.k_pages, next);
    const int64_t dim = block_.head_dim;
    for (int64_t j = 0; j < kTile; j += V::kCount) {
      for (int64_t i = 0; i < dim; i += kKeyStep) {
        prefetch(next_k + j * dim + i * V::kCount, kKeyStep * V::kCount);
        if (j + V::kCount <= n && i + kKeyStep <= dim) {
          load_keys(k + j * dim + i, keys_ + i * kTile + j);
        } else {
          load_some_keys(k + j * dim + i, n - j, dim - i, keys_ + i * kTile + j);
        }
      }
    }
    const int64_t full = dim / V::kCount * V::kCount;
    for (int64_t j = 0; j < n; ++j) {
      const Cached* from = v + j * dim;
      float* to = values_ + j * width_;
      for (int64_t i = 0; i < full; i += V::kCount) V::load(from + i).store(to + i);
      if (full < dim) V::load_first(from + full, static_cast<int>(dim - full)).store(to + full);
    }
  }

  // Only a hint: may reach beyond the tile, and beyond the page.
  static HERMES_INLINE void prefetch(const Cached* from, int64_t n) {
    const auto* bytes = reinterpret_cast<const char*>(from);
    for (int64_t at = 0; at < n * static_cast<int64_t>(sizeof(Cached)); at += 64) __builtin_prefetch(bytes + at, 0, 2);
  }

  // Elements that load_keys transposes at a time: BF16 goes in pairs, with half the shuffling.
  static constexpr int64_t kKeyStep = kIsBf16<Cached> ? 2 * V::kCount : V::kCount;

  // Sixteen positions by kKeyStep elements, transposed.
  HERMES_INLINE void load_keys(const Cached* from, float* to) {
    V block[16];
    unrolled<16>([&](auto r) HERMES_LAMBDA_INLINE {
      const Cached* row = from + decltype(r)::value * block_.head_dim;
      if constexpr (kIsBf16<Cached>) {
        block[decltype(r)::value] = V::load_bits(row);
      } else {
        block[decltype(r)::value] = V::load(row);
      }
    });
    transpose(block);
    unrolled<16>([&](auto r) HERMES_LAMBDA_INLINE {
      constexpr int i = decltype(r)::value;
      if constexpr (kIsBf16<Cached>) {
        first_bf16(block[i]).store(to + 2 * i * kTile);
        second_bf16(block[i]).store(to + (2 * i + 1) * kTile);
      } else {
        block[i].store(to + i * kTile);
      }
    });
  }
  // Where the tile or the head ends sooner. Positions beyond are zeros: they are scored with the others and ignored.
  void load_some_keys(const Cached* from, int64_t positions, int64_t elements, float* to) {
    for (int64_t i = 0; i < elements && i < kKeyStep; i += V::kCount) {
      const int n = static_cast<int>(elements - i < V::kCount ? elements - i : V::kCount);
      V block[16];
      for (int r = 0; r < 16; ++r) {
        block[r] = r < positions ? V::load_first(from + r * block_.head_dim + i, n) : V::zero();
      }
      transpose(block);
      for (int r = 0; r < n; ++r) block[r].store(to + (i + r) * kTile);
    }
  }

  // Queries as rows without gaps, so that some of several tokens are multiplied at once.
  void load_queries() {
    for (int64_t i = 0; i < n_queries_; ++i) {
      const float* from = block_.q + i / block_.group * block_.token_stride + i % block_.group * block_.head_dim;
      __builtin_memcpy(queries_ + i * block_.head_dim, from, static_cast<size_t>(block_.head_dim) * sizeof(float));
    }
  }

  // One tile for queries [q, q + n).
  void visit(int64_t tile, int64_t q, int64_t n) {
    bool any = false;
    for (int64_t r = 0; r < n; ++r) {
      seen_[r] = visible(tile, q + r);
      any = any || seen_[r].begin < seen_[r].end;
    }
    if (!any) return;
    outer_products<V>(n, {queries_ + q * block_.head_dim, block_.head_dim, keys_, kTile, weights_, kTile, kTile, 0,
                          block_.head_dim, true, ahead_});
    for (int64_t r = 0; r < n; ++r) weigh(seen_[r], r);
    sum_values(n);
    merge(q, n);
  }

  // Scores to weights, in place; keeps the tile's maximum and sum. Positions that are not seen take no part in the
  // arithmetic: exp of what stands for them would be a denormal, which is slow. Their weight is 0.
  HERMES_INLINE void weigh(Range seen, int64_t r) {
    float* s = weights_ + r * kTile;
    const V scale = V::broadcast(block_.scale), lowest = V::broadcast(-__builtin_inff());
    V x[4];
    for (int i = 0; i < 4; ++i) x[i] = only(seen, i, V::load(s + i * V::kCount) * scale, lowest);
    tile_highest_[r] = highest(max(max(x[0], x[1]), max(x[2], x[3])));
    const V top = V::broadcast(tile_highest_[r]);
    for (int i = 0; i < 4; ++i) {
      if (seen.begin >= (i + 1) * V::kCount || seen.end <= i * V::kCount) {
        x[i] = V::zero();
      } else {
        x[i] = only(seen, i, exp(only(seen, i, x[i] - top, V::zero())), V::zero());
      }
      x[i].store(s + i * V::kCount);
    }
    tile_sum_[r] = sum((x[0] + x[1]) + (x[2] + x[3]));
  }
  // Lanes of vector i of the tile that are seen, of `other` those that are not.
  static HERMES_INLINE V only(Range seen, int i, V x, V other) {
    if (seen.begin <= i * V::kCount && seen.end >= (i + 1) * V::kCount) return x;
    return first_of(other, lanes_before(seen.begin, i), first_of(x, lanes_before(seen.end, i), other));
  }
  static HERMES_INLINE int lanes_before(int64_t position, int i) {
    const int64_t n = position - i * V::kCount;
    return static_cast<int>(n < 0 ? 0 : n < V::kCount ? n : V::kCount);
  }

  // Visible ranges differ between queries near the diagonal: the common part is done together, what comes
  // before and after it query by query, so that the order of each sum is the same as alone.
  void sum_values(int64_t n) {
    Range common{0, kTile};
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = seen_[r];
      common.begin = seen.begin > common.begin ? seen.begin : common.begin;
      common.end = seen.end < common.end ? seen.end : common.end;
    }
    if (common.begin >= common.end) {
      for (int64_t r = 0; r < n; ++r) sum_values_of(r, 1, seen_[r], true);
      return;
    }
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = seen_[r];
      if (common.begin > 0) sum_values_of(r, 1, {seen.begin, common.begin}, true);
    }
    sum_values_of(0, n, common, common.begin == 0);
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = seen_[r];
      if (seen.end > common.end) sum_values_of(r, 1, {common.end, seen.end}, false);
    }
  }
  void sum_values_of(int64_t r, int64_t n, Range range, bool from_zero) {
    outer_products<V>(n, {weights_ + r * kTile, kTile, values_, width_, tile_out_ + r * width_, width_, width_,
                          range.begin, range.end, from_zero, ahead_ + 64 * block_.head_dim});
  }

  void merge(int64_t q, int64_t n) {
    float keep[16] = {}, add[16] = {};
    for (int64_t r = 0; r < n; ++r) {
      const float before = highest_[q + r], now = tile_highest_[r];
      const float top = before > now ? before : now;
      // exp(-inf) = 0 by hand: a query's first tile, and tiles that it does not see.
      keep[r] = before == -__builtin_inff() ? 0 : before - top;
      add[r] = now == -__builtin_inff() ? 0 : now - top;
    }
    exp(V::load(keep)).store(keep);
    exp(V::load(add)).store(add);
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = seen_[r];
      if (seen.begin >= seen.end) continue;
      if (highest_[q + r] == -__builtin_inff()) keep[r] = 0;
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
    float* out = block_.out + query / block_.group * block_.token_stride + query % block_.group * block_.head_dim;
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
  float *keys_, *values_, *weights_, *tile_out_, *outs_, *highest_, *sums_, *queries_;
  const char* ahead_ = nullptr;  // V of the next tile
  Range seen_[16] = {};          // of the tile that is visited, by the queries that visit it
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
