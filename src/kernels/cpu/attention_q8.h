// Attention of a block of queries where the cache is Q8_0 (ops/attention.h): as attention_kernels.h has it, but that the products
// are those of attention_q8_products.h, and that weights are taken beside the highest score of the tile alone, so that as
// whole numbers they are as exact as they can be. With `now` the highest of the segment, then
//   sums = sums * exp(before - now) + (the tile's) * exp(top - now).
#pragma once

#include "kernels/cpu/attention_pass.h"
#include "kernels/cpu/attention_q8_products.h"
#include "ops/int8_blocks.h"

namespace hermes::kernels {

template <class Q>
class Q8Tiles final : public AttentionPass<typename Q::Lanes, Q8Tiles<Q>> {
  using V = typename Q::Lanes;
  using Pass = AttentionPass<V, Q8Tiles<Q>>;
  friend Pass;
  using Pass::block_;
  using Pass::kRows;
  using Pass::seen_;
  using Pass::width_;

 public:
  static int64_t scratch_floats(int64_t n_queries, int64_t head_dim) {
    const int64_t width = padded(head_dim);
    return Pass::pass_floats(n_queries, width, Q8Scores<Q>::query_floats(kRows, width), own_floats(width));
  }

  Q8Tiles(const AttentionBlock& block, float* scratch)
      : Pass(block, padded(block.head_dim), Q8Scores<Q>::query_floats(kRows, padded(block.head_dim)),
             own_floats(padded(block.head_dim)), scratch),
        scores_(width_),
        values_(kRows, width_, this->own_) {}

 private:
  static int64_t padded(int64_t head_dim) { return (head_dim + kQuantBlock - 1) / kQuantBlock * kQuantBlock; }
  static int64_t own_floats(int64_t width) {
    const int64_t to_pack = kRows * width, values = Q8Values<Q>::floats(kRows, width);
    return (to_pack > values ? to_pack : values);
  }

  // Queries times scale, rounded.
  void load_queries() {
    const int64_t head_dim = block_.head_dim, n = this->n_queries_, group = this->rows_;
    float* const rows = this->own_;  // nothing is there yet
    for (int64_t i = 0; i < n; ++i) {
      const float* from = block_.q + i / block_.group * block_.token_stride + i % block_.group * head_dim;
      float* const to = rows + i % group * width_;
      for (int64_t d = 0; d < width_; ++d) to[d] = d < head_dim ? from[d] * block_.scale : 0;
      if (i % group != group - 1 && i != n - 1) continue;
      scores_.pack(rows, i % group + 1, this->queries_ + i / group * this->group_floats_);
    }
  }

  void visit_tile(int64_t tile, int64_t end) {
    const std::byte *k = this->tile_of(block_.k_pages, tile), *v = this->tile_of(block_.v_pages, tile);
    const int64_t next = tile + kTile < end ? tile + kTile : tile;
    // K of the next tile is asked for during the first product, V of it during the other: memory is never idle.
    const char* next_k = reinterpret_cast<const char*>(this->tile_of(block_.k_pages, next));
    const char* next_v = reinterpret_cast<const char*>(this->tile_of(block_.v_pages, next));
    for (int64_t i = kTile * width_; i < kTile * block_.row_bytes; i += 64) {  // their scales
      __builtin_prefetch(next_k + i, 0, 2);
      __builtin_prefetch(next_v + i, 0, 2);
    }
    if (this->whole_) values_.template load_scales<true>(v, {0, kTile});
    this->visit_groups(
        tile,
        [&](float* queries, int64_t rows, float* scores) HERMES_LAMBDA_INLINE {
          scores_.score(queries, rows, k, next_k, scores);
          next_k = nullptr;  // asked for
        },
        [&](int64_t q, int64_t rows, float* weights) HERMES_LAMBDA_INLINE {
          this->whole_ ? take_in<true>(v, q, rows, weights, next_v) : take_in<false>(v, q, rows, weights, next_v);
          next_v = nullptr;
        });
  }

  template <bool kWhole>
  void take_in(const std::byte* v, int64_t q, int64_t rows, float* weights, const char* ahead) {
    using Weights = TileWeights<V, kWhole>;
    const AttentionSums<V> segment = this->segment_.from(q);
    float sums[16] = {}, keep[16] = {}, add[16] = {};
    for (int64_t r = 0; r < rows; ++r) {
      if (!kWhole && seen_[r].empty()) continue;
      float* const scores = weights + r * kTile;
      const float before = segment.highest[r], top = Weights::highest_of(scores, seen_[r], -__builtin_inff());
      const float now = before > top ? before : top;
      sums[r] = Weights::weigh(scores, seen_[r], top);
      segment.highest[r] = now;
      if (before != -__builtin_inff()) keep[r] = before - now;  // else there is nothing to keep
      add[r] = top - now;
    }
    const V kept = exp_of_nonpositive(V::load(keep)), added = exp_of_nonpositive(V::load(add));
    kept.store(keep);
    added.store(add);
    const int n = static_cast<int>(rows);
    fma(V::load_first(segment.sum, n), kept, V::load(sums) * added).store_first(segment.sum, n);

    SeenRange loaded{};  // whose scales are
    for (int64_t r = 0; r < rows; ++r) {
      if (!kWhole && seen_[r].empty()) {
        values_.skip(r);
        continue;
      }
      if (!kWhole && !(seen_[r] == loaded)) values_.template load_scales<false>(v, loaded = seen_[r]);
      values_.take(r, weights + r * kTile, add[r]);
    }
    values_.sum(v, rows, keep, ahead, segment.out);
  }

  Q8Scores<Q> scores_;
  Q8Values<Q> values_;
};

// round_q8 of AttentionKernels.
template <class Q>
void round_q8(const float* x, int64_t n, int8_t* q, F16* scales) {
  using Lanes = typename Q::Lanes;
  for (int64_t i = 0; i < n; i += kQuantBlock, q += kQuantBlock) {
    const int left = static_cast<int>(n - i < kQuantBlock ? n - i : kQuantBlock);
    const Lanes lo = Lanes::load_first(x + i, left < 16 ? left : 16);
    const Lanes hi = left > 16 ? Lanes::load_first(x + i + 16, left - 16) : Lanes::zero();
    const ops::KeptScale kept = ops::kept_scale(highest_magnitude(lo, hi));
    *scales++ = kept.scale;
    if (kept.inverse == 0) {  // what is no number must not become one
      __builtin_memset(q, 0, kQuantBlock);
      continue;
    }
    const Lanes inverse = Lanes::broadcast(kept.inverse);
    store_rounded(lo * inverse, q);
    store_rounded(hi * inverse, q + 16);
  }
}

}  // namespace hermes::kernels
