// Attention of a block of queries that share one KV head. `V` is the lane type of an instruction set (scalar/lanes.h).
//
// For each tile of kAttentionTile positions, a few queries at a time:
//   scores   s[j] = scale * (q[0] K[j][0] + q[1] K[j][1] + ...), by fma in that order; lanes are positions
//   weights  p[j] = exp(s[j] - max); their sum: by vectors of 16 (0 + 1) + (2 + 3), then the fixed tree
//   values   o[i] = p[0] V[0][i] + p[1] V[1][i] + ..., by fma in that order, over visible positions; lanes are i
// and the tile's (max, sum, o) is merged into its segment's, at the segment's end that into the query's. Nothing here
// depends on the other queries of the block.
//
// A few queries read K and V as they are stored and widen on the way; many share one widened copy of a tile.
#pragma once

#include "kernels/cpu/exp_lanes.h"
#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/outer_products.h"

namespace hermes::kernels {

inline constexpr int64_t kTile = 64;  // = ops::kAttentionTile, checked where both are seen
inline constexpr int64_t kSegment = 1024;

template <class T>
inline constexpr bool kIsFloat = false;
template <>
inline constexpr bool kIsFloat<float> = true;

HERMES_INLINE int64_t padded_head_dim(int64_t head_dim) { return (head_dim + 15) / 16 * 16; }

// Weighted values, maximum and sum of queries: of a tile, a segment or all so far. Rows of `width` floats.
template <class V>
struct AttentionSums {
  float *out, *highest, *sum;
  int64_t width;

  static int64_t floats(int64_t n, int64_t width) { return n * (width + 2); }
  AttentionSums(float* memory, int64_t n, int64_t row_width)
      : out(memory), highest(memory + n * row_width), sum(highest + n), width(row_width) {}
  AttentionSums from(int64_t row) const {
    AttentionSums part = *this;
    part.out += row * width;
    part.highest += row;
    part.sum += row;
    return part;
  }

  void clear(int64_t n) {
    for (int64_t i = 0; i < n * width; ++i) out[i] = 0;
    for (int64_t i = 0; i < n; ++i) {
      highest[i] = -__builtin_inff();
      sum[i] = 0;
    }
  }

  // Takes in `part`, rows [0, n), n <= 16; its rows that saw nothing (maximum -inf) change nothing.
  void merge(const AttentionSums& part, int64_t n) {
    float keep[16] = {}, add[16] = {};
    for (int64_t r = 0; r < n; ++r) {
      const float before = highest[r], now = part.highest[r];
      const float top = before > now ? before : now;
      // exp(-inf) = 0 by hand.
      keep[r] = before == -__builtin_inff() ? 0 : before - top;
      add[r] = now == -__builtin_inff() ? 0 : now - top;
    }
    exp(V::load(keep)).store(keep);
    exp(V::load(add)).store(add);
    for (int64_t r = 0; r < n; ++r) {
      if (part.highest[r] == -__builtin_inff()) continue;
      if (highest[r] == -__builtin_inff()) keep[r] = 0;
      highest[r] = highest[r] > part.highest[r] ? highest[r] : part.highest[r];
      sum[r] = sum[r] * keep[r] + part.sum[r] * add[r];
      const V keep_r = V::broadcast(keep[r]), add_r = V::broadcast(add[r]);
      for (int64_t i = 0; i < width; i += V::kCount) {
        const int64_t at = r * width + i;
        fma(V::load(part.out + at), add_r, V::load(out + at) * keep_r).store(out + at);
      }
    }
  }
};

// out[i] / sum, for one query.
template <class V>
HERMES_INLINE void write_mean(const float* sums, float sum, int64_t head_dim, float* out) {
  for (int64_t i = 0; i < head_dim; i += V::kCount) {
    const int64_t left = head_dim - i;
    (V::load(sums + i) / V::broadcast(sum)).store_first(out + i, static_cast<int>(left < V::kCount ? left : V::kCount));
  }
}

template <class V, class Cached>
class AttentionTiles {
 public:
  static constexpr int64_t kRows = V::kAttentionRows;
  // Up to this many queries a tile is widened by each kRows of them anew.
  static constexpr int64_t kFewQueries = 2 * kRows;

  static int64_t scratch_floats(int64_t n_queries, int64_t head_dim) {
    const int64_t width = padded_head_dim(head_dim);
    return 2 * kTile * width + kRows * kTile + AttentionSums<V>::floats(kRows, width) +
           2 * AttentionSums<V>::floats(n_queries, width) + n_queries * head_dim;
  }

  AttentionTiles(const AttentionBlock& block, float* scratch)
      : block_(block),
        width_(padded_head_dim(block.head_dim)),
        n_queries_(block.n_tokens * block.group),
        direct_(kIsFloat<Cached> || n_queries_ <= kFewQueries),
        keys_(scratch),                      // [head_dim][kTile]
        values_(keys_ + kTile * width_),     // [kTile][width]
        weights_(values_ + kTile * width_),  // [kRows][kTile]
        tile_(weights_ + kRows * kTile, kRows, width_),
        segment_(tile_.sum + kRows, n_queries_, width_),
        all_(segment_.sum + n_queries_, n_queries_, width_),
        queries_(all_.sum + n_queries_) {}  // [n_queries][head_dim]

  void run() {
    int64_t begin = block_.kv_begin[0], end = block_.kv_end[0];
    for (int64_t t = 1; t < block_.n_tokens; ++t) {
      begin = block_.kv_begin[t] < begin ? block_.kv_begin[t] : begin;
      end = block_.kv_end[t] > end ? block_.kv_end[t] : end;
    }
    begin = begin > block_.first ? begin : block_.first;
    end = end < block_.last ? end : block_.last;
    segment_.clear(n_queries_);
    all_.clear(n_queries_);
    load_queries();
    for (int64_t tile = begin / kTile * kTile; tile < end; tile += kTile) {
      visit_tile(tile, end);
      if ((tile + kTile) % kSegment == 0 && block_.partial == nullptr) end_segment();
    }
    if (block_.partial != nullptr) return write_partials();
    end_segment();
    for (int64_t i = 0; i < n_queries_; ++i) {
      float* out = block_.out + i / block_.group * block_.token_stride + i % block_.group * block_.head_dim;
      write_mean<V>(all_.out + i * width_, all_.sum[i], block_.head_dim, out);
    }
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

  // A tile of K is [head_dim][kTile], of V [kTile][head_dim]: as many elements, in the same place of their pages.
  HERMES_INLINE const Cached* tile_of(const std::byte* const* pages, int64_t tile) const {
    const std::byte* page = pages[tile / block_.page_size];
    return reinterpret_cast<const Cached*>(page) + block_.head_offset + tile % block_.page_size * block_.head_dim;
  }

  void visit_tile(int64_t tile, int64_t end) {
    const Cached *k = tile_of(block_.k_pages, tile), *v = tile_of(block_.v_pages, tile);
    const int64_t n = end - tile < kTile ? end - tile : kTile, next = tile + kTile < end ? tile + kTile : tile;
    // V's rows must be whole vectors to be read in place; K's are.
    const bool v_direct = direct_ && block_.head_dim == width_;
    if (!direct_) widen(k, kTile, kTile, block_.head_dim, kTile, keys_);
    if (!v_direct) widen(v, block_.head_dim, block_.head_dim, n, width_, values_);
    next_k_ = reinterpret_cast<const char*>(tile_of(block_.k_pages, next));
    next_v_ = reinterpret_cast<const char*>(tile_of(block_.v_pages, next));
    ahead_step_ = block_.head_dim * static_cast<int64_t>(sizeof(Cached));
    for (int64_t q = 0; q < n_queries_; q += kRows) {
      const int64_t rows = n_queries_ - q < kRows ? n_queries_ - q : kRows;
      if (!see(tile, q, rows)) continue;
      direct_ ? score(k, q, rows) : score(keys_, q, rows);
      for (int64_t r = 0; r < rows; ++r) weigh(seen_[r], r);
      v_direct ? sum_values(v, block_.head_dim, rows) : sum_values(values_, width_, rows);
      segment_.from(q).merge(tile_, rows);
      ahead_step_ = 0;  // asked for
    }
  }

  // `rows` rows of `columns` floats, from rows that are `stride` apart.
  void widen(const Cached* from, int64_t stride, int64_t columns, int64_t rows, int64_t width, float* to) {
    const int64_t full = columns / V::kCount * V::kCount;
    for (int64_t r = 0; r < rows; ++r, from += stride, to += width) {
      for (int64_t i = 0; i < full; i += V::kCount) V::load(from + i).store(to + i);
      if (full < columns) V::load_first(from + full, static_cast<int>(columns - full)).store(to + full);
    }
  }

  // Queries as rows without gaps, so that some of several tokens are multiplied at once.
  void load_queries() {
    for (int64_t i = 0; i < n_queries_; ++i) {
      const float* from = block_.q + i / block_.group * block_.token_stride + i % block_.group * block_.head_dim;
      __builtin_memcpy(queries_ + i * block_.head_dim, from, static_cast<size_t>(block_.head_dim) * sizeof(float));
    }
  }

  bool see(int64_t tile, int64_t q, int64_t n) {
    bool any = false;
    for (int64_t r = 0; r < n; ++r) {
      seen_[r] = visible(tile, q + r);
      any = any || seen_[r].begin < seen_[r].end;
    }
    return any;
  }

  // What stands beyond the positions that were written is multiplied with the others and ignored. K of the next tile is
  // asked for meanwhile, V of it during the other product: memory is never idle.
  template <class B>
  HERMES_INLINE void score(const B* keys, int64_t q, int64_t n) {
    outer_products<V, B>(n, {queries_ + q * block_.head_dim, block_.head_dim, keys, kTile, weights_, kTile, kTile, 0,
                             block_.head_dim, true, next_k_, ahead_step_ > 0 ? key_step() : 0});
  }
  HERMES_INLINE int64_t key_step() const { return kTile * static_cast<int64_t>(sizeof(Cached)); }

  // Scores to weights, in place; keeps the tile's maximum and sum. Positions that are not seen take no part in the
  // arithmetic: exp of what stands for them would be a denormal, which is slow. Their weight is 0.
  HERMES_INLINE void weigh(Range seen, int64_t r) {
    float* s = weights_ + r * kTile;
    const V scale = V::broadcast(block_.scale), lowest = V::broadcast(-__builtin_inff());
    V x[4];
    for (int i = 0; i < 4; ++i) x[i] = only(seen, i, V::load(s + i * V::kCount) * scale, lowest);
    tile_.highest[r] = highest(max(max(x[0], x[1]), max(x[2], x[3])));
    const V top = V::broadcast(tile_.highest[r]);
    for (int i = 0; i < 4; ++i) {
      if (seen.begin >= (i + 1) * V::kCount || seen.end <= i * V::kCount) {
        x[i] = V::zero();
      } else {
        x[i] = only(seen, i, exp(only(seen, i, x[i] - top, V::zero())), V::zero());
      }
      x[i].store(s + i * V::kCount);
    }
    tile_.sum[r] = sum((x[0] + x[1]) + (x[2] + x[3]));
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
  template <class B>
  void sum_values(const B* values, int64_t stride, int64_t n) {
    const auto part = [&](int64_t r, int64_t rows, Range range, bool from_zero) HERMES_LAMBDA_INLINE {
      outer_products<V, B>(rows, {weights_ + r * kTile, kTile, values, stride, tile_.out + r * width_, width_, width_,
                                  range.begin, range.end, from_zero, next_v_, value_step()});
    };
    Range common{0, kTile};
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = seen_[r];
      common.begin = seen.begin > common.begin ? seen.begin : common.begin;
      common.end = seen.end < common.end ? seen.end : common.end;
    }
    if (common.begin >= common.end) {
      for (int64_t r = 0; r < n; ++r) part(r, 1, seen_[r], true);
      return;
    }
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = seen_[r];
      if (common.begin > 0) part(r, 1, {seen.begin, common.begin}, true);
    }
    part(0, n, common, common.begin == 0);
    for (int64_t r = 0; r < n; ++r) {
      const Range seen = seen_[r];
      if (seen.end > common.end) part(r, 1, {common.end, seen.end}, false);
    }
  }
  // A row of the next tile for each row, in as many parts as there are passes over the columns.
  HERMES_INLINE int64_t value_step() const {
    constexpr int64_t kWide = V::kAttentionCols * V::kCount;
    const int64_t passes = width_ < kWide ? 1 : width_ / kWide;
    return ahead_step_ / passes;
  }

  void end_segment() {
    for (int64_t q = 0; q < n_queries_; q += kRows) {
      all_.from(q).merge(segment_.from(q), n_queries_ - q < kRows ? n_queries_ - q : kRows);
    }
    segment_.clear(n_queries_);
  }

  void write_partials() {
    for (int64_t i = 0; i < n_queries_; ++i) {
      float* to = block_.partial + i * block_.partial_stride;
      __builtin_memcpy(to, segment_.out + i * width_, static_cast<size_t>(width_) * sizeof(float));
      to[width_] = segment_.highest[i];
      to[width_ + 1] = segment_.sum[i];
    }
  }

  AttentionBlock block_;
  int64_t width_;
  int64_t n_queries_;
  bool direct_;  // K and V are read as they are stored
  float *keys_, *values_, *weights_;
  AttentionSums<V> tile_, segment_, all_;
  float* queries_;
  const char *next_k_ = nullptr, *next_v_ = nullptr;
  int64_t ahead_step_ = 0;  // bytes of a row of V; 0 where the next tile has been asked for
  Range seen_[16] = {};     // of the tile that is visited, by the queries that visit it
};

template <class V, class Cached>
void attention_block(const AttentionBlock& block, float* scratch) {
  AttentionTiles<V, Cached>(block, scratch).run();
}

template <class V>
int64_t attention_partial_floats(int64_t head_dim) {
  return AttentionSums<V>::floats(1, padded_head_dim(head_dim));
}

template <class V>
void combine_attention(float* partials, int64_t n_segments, int64_t head_dim, float* out) {
  const int64_t width = padded_head_dim(head_dim), step = attention_partial_floats<V>(head_dim);
  AttentionSums<V> all(partials + n_segments * step, 1, width);
  all.clear(1);
  for (int64_t i = 0; i < n_segments; ++i) all.merge(AttentionSums<V>(partials + i * step, 1, width), 1);
  write_mean<V>(all.out, *all.sum, head_dim, out);
}

template <class V>
constexpr AttentionKernels make_attention_kernels() {
  return {attention_block<V, float>,   attention_block<V, F16>,
          attention_block<V, Bf16>,    AttentionTiles<V, float>::scratch_floats,
          attention_partial_floats<V>, combine_attention<V>};
}

}  // namespace hermes::kernels
