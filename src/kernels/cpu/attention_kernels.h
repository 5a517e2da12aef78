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
// A few queries read K and V as they are stored and widen on the way; many share one widened copy of a tile. What a Q8_0 cache
// does otherwise is in attention_q8.h.
#pragma once

#include "kernels/cpu/attention_pass.h"
#include "kernels/cpu/attention_q8.h"
#include "kernels/cpu/outer_products.h"

namespace hermes::kernels {

template <class T>
inline constexpr bool kIsFloat = false;
template <>
inline constexpr bool kIsFloat<float> = true;

template <class V, class Cached>
class AttentionTiles final : public AttentionPass<V, AttentionTiles<V, Cached>> {
  using Pass = AttentionPass<V, AttentionTiles<V, Cached>>;
  friend Pass;
  using Pass::block_;
  using Pass::kRows;
  using Pass::seen_;
  using Pass::width_;

 public:
  static int64_t scratch_floats(int64_t n_queries, int64_t head_dim) {
    return Pass::pass_floats(n_queries, padded_head_dim(head_dim), kRows * head_dim, own_floats(head_dim));
  }

  AttentionTiles(const AttentionBlock& block, float* scratch)
      : Pass(block, padded_head_dim(block.head_dim), kRows * block.head_dim, own_floats(block.head_dim), scratch),
        direct_(kIsFloat<Cached> || this->n_queries_ <= kFewQueries),
        keys_(this->own_),                // [head_dim][kTile]
        values_(keys_ + kTile * width_),  // [kTile][width]
        tile_(values_ + kTile * width_)   // [kRows][width]
  {}

 private:
  // Up to this many queries a tile is widened by each kRows of them anew.
  static constexpr int64_t kFewQueries = 2 * kRows;

  static int64_t own_floats(int64_t head_dim) { return (2 * kTile + kRows) * padded_head_dim(head_dim); }

  // A tile of K is [head_dim][kTile], of V [kTile][head_dim].
  void visit_tile(int64_t tile, int64_t end) {
    const auto* k = reinterpret_cast<const Cached*>(this->tile_of(block_.k_pages, tile));
    const auto* v = reinterpret_cast<const Cached*>(this->tile_of(block_.v_pages, tile));
    const int64_t n = end - tile < kTile ? end - tile : kTile, next = tile + kTile < end ? tile + kTile : tile;
    // V's rows must be whole vectors to be read in place; K's are. Sums in pairs cannot go on where others stopped.
    const bool v_direct =
        direct_ && block_.head_dim == width_ && (kIsFloat<Cached> || this->whole_ || block_.n_tokens == 1);
    if (!direct_) widen(k, kTile, kTile, block_.head_dim, kTile, keys_);
    if (!v_direct) widen(v, block_.head_dim, block_.head_dim, n, width_, values_);
    // K of the next tile is asked for during the first product, V of it during the other: memory is never idle.
    const char* next_k = reinterpret_cast<const char*>(this->tile_of(block_.k_pages, next));
    const char* next_v = reinterpret_cast<const char*>(this->tile_of(block_.v_pages, next));
    this->visit_groups(
        tile,
        [&](const float* queries, int64_t rows, float* scores) HERMES_LAMBDA_INLINE {
          direct_ ? score(k, queries, rows, scores, next_k) : score(keys_, queries, rows, scores, next_k);
          next_k = nullptr;  // asked for
        },
        [&](int64_t q, int64_t rows, float* weights) HERMES_LAMBDA_INLINE {
          this->whole_ ? weigh<true>(q, rows, weights) : weigh<false>(q, rows, weights);
          v_direct ? sum_values(weights, v, block_.head_dim, q, rows, next_v)
                   : sum_values(weights, values_, width_, q, rows, next_v);
          next_v = nullptr;
        });
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
    for (int64_t i = 0; i < this->n_queries_; ++i) {
      const float* from = block_.q + i / block_.group * block_.token_stride + i % block_.group * block_.head_dim;
      float* to = this->queries_ + i / this->rows_ * kRows * block_.head_dim + i % this->rows_;
      for (int64_t d = 0; d < block_.head_dim; ++d) to[d * kRows] = from[d] * block_.scale;
    }
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
    const AttentionSums<V> segment = this->segment_.from(q);
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
    float* const out = this->segment_.from(q).out;
    const auto part = [&](int64_t r, int64_t rows, SeenRange range, bool from_zero, float* to, const float* keep)
                          HERMES_LAMBDA_INLINE {
                            multiply<kTile, 1, B>(rows, {weights + r * kTile, values, stride, to + r * width_, width_,
                                                         width_, range.begin, range.end, from_zero, keep, ahead});
                          };
    if (this->whole_) return part(0, n, {0, kTile}, true, out, keep_);
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

  const bool direct_;
  float *keys_, *values_, *tile_;
  float keep_[16] = {};  // of the queries at work: what becomes of the segment's sums
};

template <class V, class Cached>
void attention_block(const AttentionBlock& block, float* scratch) {
  AttentionTiles<V, Cached>(block, scratch).run();
}
template <class Q>
void attention_q8_block(const AttentionBlock& block, float* scratch) {
  Q8Tiles<Q>(block, scratch).run();
}

// Enough for any type of cache.
template <class Q>
int64_t attention_scratch_floats(int64_t n_queries, int64_t head_dim) {
  const int64_t plain = AttentionTiles<typename Q::Lanes, float>::scratch_floats(n_queries, head_dim);
  const int64_t q8 = Q8Tiles<Q>::scratch_floats(n_queries, head_dim);
  return plain > q8 ? plain : q8;
}

template <class Q>
constexpr AttentionKernels make_attention_kernels() {
  using V = typename Q::Lanes;
  return {attention_block<V, float>,   attention_block<V, F16>,     attention_block<V, Bf16>, attention_q8_block<Q>,
          attention_scratch_floats<Q>, attention_partial_floats<V>, combine_attention<V>,     round_q8<Q>};
}

}  // namespace hermes::kernels
