// Attention of a block of queries that share one KV head. `V` is the lane type of an instruction set (scalar/lanes.h).
//
// For each tile of kAttentionTile positions, a few queries at a time, with top the highest score of the query's segment up to
// and with this tile, before what it was:
//   scores   s[j] = (scale q[0]) K[j][0] + (scale q[1]) K[j][1] + ..., by fma in that order; lanes are positions
//   weights  p[j] = exp(s[j] - top); their sum: by vectors of 16 (0 + 1) + (2 + 3), then the fixed tree
//   values   o[i] = p[0] V[0][i] + p[1] V[1][i] + ..., by fma in that order, over visible positions; lanes are i
// and the segment's sums become sums * exp(before - top) + the tile's, by fma; at its end they are merged into the query's.
// Nothing here depends on the other queries of the block.
//
// A few queries read K and V as they are stored and widen on the way; many share one widened copy of a tile.
#pragma once

#include "kernels/cpu/attention_sums.h"
#include "kernels/cpu/outer_products.h"

namespace hermes::kernels {

inline constexpr int64_t kTile = 64;  // = ops::kAttentionTile, checked where both are seen
inline constexpr int64_t kSegment = 1024;

template <class T>
inline constexpr bool kIsFloat = false;
template <>
inline constexpr bool kIsFloat<float> = true;

// Positions of a tile that a query sees, counted from the tile's begin; none where begin >= end.
struct SeenRange {
  int64_t begin, end;
  HERMES_INLINE bool empty() const { return begin >= end; }
};
HERMES_INLINE bool operator==(SeenRange a, SeenRange b) { return a.begin == b.begin && a.end == b.end; }

// Scores of one tile to weights, in place. Positions that are not seen take no part in the arithmetic and have weight 0.
// kWhole: all are seen.
template <class V, bool kWhole>
struct TileWeights {
  static constexpr int kVectors = kTile / V::kCount;

  // The highest score that is seen, or `before` where that is higher.
  static HERMES_INLINE float highest_of(const float* scores, SeenRange seen, float before) {
    const V lowest = V::broadcast(-__builtin_inff());
    V x[kVectors];
    for (int i = 0; i < kVectors; ++i) x[i] = only(seen, i, V::load(scores + i * V::kCount), lowest);
    const float now = highest(max(max(x[0], x[1]), max(x[2], x[3])));
    return before > now ? before : now;
  }
  // Returns the sum of the weights.
  static HERMES_INLINE float weigh(float* scores, SeenRange seen, float highest) {
    const V top = V::broadcast(highest);
    V x[kVectors];
    for (int i = 0; i < kVectors; ++i) {
      x[i] = only(seen, i, V::load(scores + i * V::kCount) - top, V::zero());
      x[i] = only(seen, i, exp_of_nonpositive(x[i]), V::zero());
      x[i].store(scores + i * V::kCount);
    }
    return sum((x[0] + x[1]) + (x[2] + x[3]));
  }

 private:
  static_assert(kVectors == 4);
  // Lanes of vector i of the tile that are seen, of `other` those that are not.
  static HERMES_INLINE V only(SeenRange seen, int i, V x, V other) {
    if (kWhole || (seen.begin <= i * V::kCount && seen.end >= (i + 1) * V::kCount)) return x;
    return first_of(other, lanes_before(seen.begin, i), first_of(x, lanes_before(seen.end, i), other));
  }
  static HERMES_INLINE int lanes_before(int64_t position, int i) {
    const int64_t n = position - i * V::kCount;
    return static_cast<int>(n < 0 ? 0 : n < V::kCount ? n : V::kCount);
  }
};

template <class V, class Cached>
class AttentionTiles {
 public:
  static constexpr int64_t kRows = V::kAttentionRows;
  // Up to this many queries a tile is widened by each kRows of them anew.
  static constexpr int64_t kFewQueries = 2 * kRows;

  static int64_t scratch_floats(int64_t n_queries, int64_t head_dim) {
    const int64_t width = padded_head_dim(head_dim);
    return 2 * kTile * width + 2 * kRows * kTile + kRows * width + 2 * AttentionSums<V>::floats(n_queries, width) +
           n_groups(n_queries) * kRows * head_dim;
  }

  AttentionTiles(const AttentionBlock& block, float* scratch)
      : block_(block),
        width_(padded_head_dim(block.head_dim)),
        n_queries_(block.n_tokens * block.group),
        rows_((n_queries_ + n_groups(n_queries_) - 1) / n_groups(n_queries_)),
        direct_(kIsFloat<Cached> || n_queries_ <= kFewQueries),
        keys_(scratch),                       // [head_dim][kTile]
        values_(keys_ + kTile * width_),      // [kTile][width]
        weights_(values_ + kTile * width_),   // [2][kRows][kTile]
        tile_(weights_ + 2 * kRows * kTile),  // [kRows][width]
        segment_(tile_ + kRows * width_, n_queries_, width_),
        all_(segment_.sum + n_queries_, n_queries_, width_),
        queries_(all_.sum + n_queries_) {}  // [n_groups][head_dim][kRows]

  void run() {
    int64_t begin = block_.kv_begin[0], end = block_.kv_end[0];
    seen_by_all_ = {begin, end};
    for (int64_t t = 1; t < block_.n_tokens; ++t) {
      const int64_t from = block_.kv_begin[t], to = block_.kv_end[t];
      begin = from < begin ? from : begin;
      end = to > end ? to : end;
      seen_by_all_.begin = from > seen_by_all_.begin ? from : seen_by_all_.begin;
      seen_by_all_.end = to < seen_by_all_.end ? to : seen_by_all_.end;
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
  // Queries are taken in groups of at most kRows, as even as can be: what a group costs beside its products is shared.
  static int64_t n_groups(int64_t n_queries) { return (n_queries + kRows - 1) / kRows; }

  HERMES_INLINE SeenRange visible(int64_t tile, int64_t query) const {
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
    whole_ = seen_by_all_.begin <= tile && seen_by_all_.end >= tile + kTile;
    // V's rows must be whole vectors to be read in place; K's are. Sums in pairs cannot go on where others stopped.
    const bool v_direct = direct_ && block_.head_dim == width_ && (kIsFloat<Cached> || whole_ || block_.n_tokens == 1);
    if (!direct_) widen(k, kTile, kTile, block_.head_dim, kTile, keys_);
    if (!v_direct) widen(v, block_.head_dim, block_.head_dim, n, width_, values_);
    // K of the next tile is asked for during the first product, V of it during the other: memory is never idle.
    const char* next_k = reinterpret_cast<const char*>(tile_of(block_.k_pages, next));
    const char* next_v = reinterpret_cast<const char*>(tile_of(block_.v_pages, next));
    // Scores of a group are made before the weights of the one before: these are few operations that wait for each other,
    // and the processor does them in the shadow of the other group's products.
    float *scores = weights_, *weights = weights_ + kRows * kTile;
    int64_t waiting = -1;  // the group whose scores are in `weights`
    const float* queries = queries_;
    for (int64_t q = 0; q < n_queries_; q += rows_, queries += kRows * block_.head_dim) {
      const int64_t rows = rows_of(q);
      if (!see(tile, q, rows)) continue;
      direct_ ? score(k, queries, rows, scores, next_k) : score(keys_, queries, rows, scores, next_k);
      next_k = nullptr;  // asked for
      if (waiting >= 0) {
        v_direct ? take_in(tile, waiting, weights, v, block_.head_dim, next_v)
                 : take_in(tile, waiting, weights, values_, width_, next_v);
        next_v = nullptr;
      }
      float* const swapped = weights;
      weights = scores;
      scores = swapped;
      waiting = q;
    }
    if (waiting < 0) return;
    v_direct ? take_in(tile, waiting, weights, v, block_.head_dim, next_v)
             : take_in(tile, waiting, weights, values_, width_, next_v);
  }
  HERMES_INLINE int64_t rows_of(int64_t q) const { return n_queries_ - q < rows_ ? n_queries_ - q : rows_; }

  // The group from query q on, whose scores of the tile are in `weights`.
  template <class B>
  HERMES_INLINE void take_in(int64_t tile, int64_t q, float* weights, const B* values, int64_t stride,
                             const char* ahead) {
    const int64_t rows = rows_of(q);
    see(tile, q, rows);
    whole_ ? weigh<true>(q, rows, weights) : weigh<false>(q, rows, weights);
    sum_values(weights, values, stride, q, rows, ahead);
  }

  // `rows` rows of `columns` floats, from rows that are `stride` apart.
  void widen(const Cached* from, int64_t stride, int64_t columns, int64_t rows, int64_t width, float* to) {
    const int64_t full = columns / V::kCount * V::kCount;
    for (int64_t r = 0; r < rows; ++r, from += stride, to += width) {
      for (int64_t i = 0; i < full; i += V::kCount) V::load(from + i).store(to + i);
      if (full < columns) V::load_first(from + full, static_cast<int>(columns - full)).store(to + full);
    }
  }

  // Queries times scale, in the order in which products read them.
  void load_queries() {
    for (int64_t i = 0; i < n_queries_; ++i) {
      const float* from = block_.q + i / block_.group * block_.token_stride + i % block_.group * block_.head_dim;
      float* to = queries_ + i / rows_ * kRows * block_.head_dim + i % rows_;
      for (int64_t d = 0; d < block_.head_dim; ++d) to[d * kRows] = from[d] * block_.scale;
    }
  }

  bool see(int64_t tile, int64_t q, int64_t n) {
    bool any = whole_;
    for (int64_t r = 0; r < n && !whole_; ++r) {
      seen_[r] = visible(tile, q + r);
      any = any || !seen_[r].empty();
    }
    return any;
  }

  // What stands beyond the positions that were written is multiplied with the others and ignored.
  template <class B>
  HERMES_INLINE void score(const B* keys, const float* queries, int64_t n, float* scores, const char* ahead) {
    multiply<1, kRows, B>(n, {queries, keys, kTile, scores, kTile, kTile, 0, block_.head_dim, true, nullptr, ahead});
  }

  template <int64_t kRowStep, int64_t kStep, class B>
  HERMES_INLINE void multiply(int64_t n, const OuterProducts<B>& p) {
    constexpr int kBytes = static_cast<int>(sizeof(Cached));
    // Read in place, a panel is gone through once or twice: then what is asked for again costs less than another loop.
    if (kIsFloat<Cached> || !kIsFloat<B> || p.ahead != nullptr) {
      OuterProducts<B> asking = p;
      if (p.ahead == nullptr) asking.ahead = reinterpret_cast<const char*>(p.b);
      outer_products<V, OuterShape<kRowStep, kStep, kBytes>>(n, asking);
    } else {
      outer_products<V, OuterShape<kRowStep, kStep, 0>>(n, p);
    }
  }

  template <bool kWhole>
  void weigh(int64_t q, int64_t n, float* weights) {
    using Weights = TileWeights<V, kWhole>;
    const AttentionSums<V> segment = segment_.from(q);
    float sums[16] = {};
    for (int64_t r = 0; r < n; ++r) {
      keep_[r] = 0;  // to 1
      if (!kWhole && seen_[r].empty()) continue;
      float* scores = weights + r * kTile;
      const float before = segment.highest[r], top = Weights::highest_of(scores, seen_[r], before);
      sums[r] = Weights::weigh(scores, seen_[r], top);
      segment.highest[r] = top;
      if (before != -__builtin_inff()) keep_[r] = before - top;  // else there is nothing to keep
    }
    const V keep = exp_of_nonpositive(V::load(keep_));
    keep.store(keep_);
    const int rows = static_cast<int>(n);
    fma(V::load_first(segment.sum, rows), keep, V::load(sums)).store_first(segment.sum, rows);
  }

  // Visible ranges differ between queries near the diagonal: the common part is done together, what comes
  // before and after it query by query, so that the order of each sum is the same as alone.
  template <class B>
  void sum_values(const float* weights, const B* values, int64_t stride, int64_t q, int64_t n, const char* ahead) {
    float* const out = segment_.from(q).out;
    const auto part = [&](int64_t r, int64_t rows, SeenRange range, bool from_zero, float* to, const float* keep)
                          HERMES_LAMBDA_INLINE {
                            multiply<kTile, 1, B>(rows, {weights + r * kTile, values, stride, to + r * width_, width_,
                                                         width_, range.begin, range.end, from_zero, keep, ahead});
                          };
    if (whole_) return part(0, n, {0, kTile}, true, out, keep_);
    SeenRange common = seen_[0];
    bool same = true;
    for (int64_t r = 1; r < n; ++r) {
      const SeenRange seen = seen_[r];
      same = same && seen == common;
      common.begin = seen.begin > common.begin ? seen.begin : common.begin;
      common.end = seen.end < common.end ? seen.end : common.end;
    }
    if (same) return part(0, n, common, true, out, keep_);
    if constexpr (kIsFloat<B>) {
      if (common.empty()) {
        for (int64_t r = 0; r < n; ++r) part(r, 1, seen_[r], true, tile_, nullptr);
      } else {
        for (int64_t r = 0; r < n; ++r) part(r, 1, {seen_[r].begin, common.begin}, true, tile_, nullptr);
        part(0, n, common, false, tile_, nullptr);
        for (int64_t r = 0; r < n; ++r) part(r, 1, {common.end, seen_[r].end}, false, tile_, nullptr);
      }
      for (int64_t r = 0; r < n; ++r) {
        if (!seen_[r].empty()) add_tile(tile_ + r * width_, keep_[r], out + r * width_);
      }
    }
  }
  HERMES_INLINE void add_tile(const float* tile, float keep, float* out) const {
    for (int64_t i = 0; i < width_; i += V::kCount) {
      fma(V::load(out + i), V::broadcast(keep), V::load(tile + i)).store(out + i);
    }
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

  const AttentionBlock& block_;
  const int64_t width_, n_queries_, rows_;
  const bool direct_;
  float *keys_, *values_, *weights_, *tile_;
  AttentionSums<V> segment_, all_;
  float* queries_;
  SeenRange seen_by_all_;    // positions
  bool whole_ = false;       // whether all queries see all of the tile
  SeenRange seen_[kRows]{};  // where not: what the queries at work see of it
  float keep_[16] = {};      // of the queries at work: what becomes of the segment's sums
};

template <class V, class Cached>
void attention_block(const AttentionBlock& block, float* scratch) {
  AttentionTiles<V, Cached>(block, scratch).run();
}

template <class V>
constexpr AttentionKernels make_attention_kernels() {
  return {attention_block<V, float>,   attention_block<V, F16>,
          attention_block<V, Bf16>,    AttentionTiles<V, float>::scratch_floats,
          attention_partial_floats<V>, combine_attention<V>};
}

}  // namespace hermes::kernels
