// What attention does whatever the type of the cache: a block of queries that share one KV head goes from tile to tile, in groups
// of as many as registers hold. `V` is the lane type of an instruction set (scalar/lanes.h); Tiles, which derives from this,
// has load_queries() and visit_tile(tile, end), for the products.
#pragma once

#include "kernels/cpu/attention_weights.h"

namespace hermes::kernels {

template <class V, class Tiles>
class AttentionPass {
 public:
  static constexpr int64_t kRows = V::kAttentionRows;

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
    self().load_queries();
    for (int64_t tile = begin / kTile * kTile; tile < end; tile += kTile) {
      whole_ = seen_by_all_.begin <= tile && seen_by_all_.end >= tile + kTile;
      self().visit_tile(tile, end);
      if ((tile + kTile) % kSegment == 0 && block_.partial == nullptr) end_segment();
    }
    if (block_.partial != nullptr) return write_partials();
    end_segment();
    for (int64_t i = 0; i < n_queries_; ++i) {
      float* out = block_.out + i / block_.group * block_.token_stride + i % block_.group * block_.head_dim;
      write_mean<V>(all_.out + i * width_, all_.sum[i], block_.head_dim, out);
    }
  }

 protected:
  // Queries are taken in groups of at most kRows, as even as can be: what a group costs beside its products is shared.
  static int64_t n_groups(int64_t n_queries) { return (n_queries + kRows - 1) / kRows; }

  // Rows of sums are `width` floats, a group of packed queries is `group_floats`, and Tiles has `own_floats` at own_.
  static int64_t pass_floats(int64_t n_queries, int64_t width, int64_t group_floats, int64_t own_floats) {
    return 2 * kRows * kTile + own_floats + 2 * AttentionSums<V>::floats(n_queries, width) +
           n_groups(n_queries) * group_floats;
  }
  AttentionPass(const AttentionBlock& block, int64_t width, int64_t group_floats, int64_t own_floats, float* scratch)
      : block_(block),
        width_(width),
        n_queries_(block.n_tokens * block.group),
        rows_((n_queries_ + n_groups(n_queries_) - 1) / n_groups(n_queries_)),
        group_floats_(group_floats),
        weights_(scratch),
        own_(weights_ + 2 * kRows * kTile),
        segment_(own_ + own_floats, n_queries_, width_),
        all_(segment_.sum + n_queries_, n_queries_, width_),
        queries_(all_.sum + n_queries_) {}

  // Of K or V: as many bytes, in the same place of their pages.
  HERMES_INLINE const std::byte* tile_of(const std::byte* const* pages, int64_t tile) const {
    return pages[tile / block_.page_size] + block_.head_offset + tile % block_.page_size * block_.row_bytes;
  }

  // score(queries, rows, scores) for each group that sees something of the tile, then take(q, rows, weights): queries from q
  // on, their scores of the tile in `weights`. Scores of a group are made before the weights of the one before: these are few
  // operations that wait for each other, and the processor does them in the shadow of the other group's products.
  template <class Score, class Take>
  HERMES_INLINE void visit_groups(int64_t tile, const Score& score, const Take& take) {
    float *scores = weights_, *weights = weights_ + kRows * kTile;
    int64_t waiting = -1;  // the group whose scores are in `weights`
    float* queries = queries_;
    const auto take_waiting = [&]() HERMES_LAMBDA_INLINE {
      const int64_t rows = rows_of(waiting);
      see(tile, waiting, rows);
      take(waiting, rows, weights);
    };
    for (int64_t q = 0; q < n_queries_; q += rows_, queries += group_floats_) {
      const int64_t rows = rows_of(q);
      if (!see(tile, q, rows)) continue;
      score(queries, rows, scores);
      if (waiting >= 0) take_waiting();
      float* const swapped = weights;
      weights = scores;
      scores = swapped;
      waiting = q;
    }
    if (waiting >= 0) take_waiting();
  }

 private:
  HERMES_INLINE Tiles& self() { return static_cast<Tiles&>(*this); }

  HERMES_INLINE int64_t rows_of(int64_t q) const { return n_queries_ - q < rows_ ? n_queries_ - q : rows_; }
  HERMES_INLINE SeenRange visible(int64_t tile, int64_t query) const {
    const int64_t token = query / block_.group;
    const int64_t begin = block_.kv_begin[token] - tile, end = block_.kv_end[token] - tile;
    return {begin > 0 ? begin : 0, end < kTile ? end : kTile};
  }

  bool see(int64_t tile, int64_t q, int64_t n) {
    bool any = whole_;
    for (int64_t r = 0; r < n && !whole_; ++r) {
      seen_[r] = visible(tile, q + r);
      any = any || !seen_[r].empty();
    }
    return any;
  }

  void end_segment() {
    for (int64_t q = 0; q < n_queries_; q += kRows) {
      all_.from(q).merge(segment_.from(q), n_queries_ - q < kRows ? n_queries_ - q : kRows);
    }
    segment_.clear(n_queries_);
  }

  void write_partials() {
    const int64_t width = padded_head_dim(block_.head_dim);
    for (int64_t i = 0; i < n_queries_; ++i) {
      float* to = block_.partial + i * block_.partial_stride;
      __builtin_memcpy(to, segment_.out + i * width_, static_cast<size_t>(width) * sizeof(float));
      to[width] = segment_.highest[i];
      to[width + 1] = segment_.sum[i];
    }
  }

 protected:
  const AttentionBlock& block_;
  const int64_t width_, n_queries_, rows_, group_floats_;
  float *weights_, *own_;  // [2][kRows][kTile]; what Tiles asked for
  AttentionSums<V> segment_, all_;
  float* queries_;           // [n_groups][group_floats]
  SeenRange seen_by_all_{};  // positions
  bool whole_ = false;       // whether all queries see all of the tile
  SeenRange seen_[kRows]{};  // where not: what the queries at work see of it
};

}  // namespace hermes::kernels
