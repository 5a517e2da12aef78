// What attention keeps of the positions it has seen: weighted values, the maximum of the scores and the sum of the weights,
// of a segment or of all. `V` is the lane type of an instruction set (scalar/lanes.h).
#pragma once

#include "kernels/cpu/exp_lanes.h"
#include "kernels/cpu/kernel_table.h"

namespace hermes::kernels {

inline constexpr int64_t kTile = 64;  // = ops::kAttentionTile, checked where both are seen
inline constexpr int64_t kSegment = 1024;

HERMES_INLINE int64_t padded_head_dim(int64_t head_dim) { return (head_dim + 15) / 16 * 16; }

// Of several queries: rows of `width` floats.
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
    for (int64_t i = 0; i < n * width; i += V::kCount) V::zero().store(out + i);
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
    exp_of_nonpositive(V::load(keep)).store(keep);
    exp_of_nonpositive(V::load(add)).store(add);
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

}  // namespace hermes::kernels
