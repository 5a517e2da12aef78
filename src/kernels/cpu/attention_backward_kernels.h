// attention_backward of one document and one KV head (ops/attention.h). `V` is the lane type of an instruction set.
//
// Keys come in tiles of 64, queries in blocks of about 64 rows (a row is one head of one token). A block's weights
// p for all keys it sees are computed first, so that softmax is done once; then, tile by tile,
//   d_p = d_out V^T;  d_s = p (d_p - <d_out, out>);  d_v += p^T d_out;  d_k += d_s^T (scale q);  d_q += d_s K.
// Blocks go from the first token to the last: that is the order of the sums of d_k and d_v.
#pragma once

#include "kernels/cpu/exp_lanes.h"
#include "kernels/cpu/product_kernels.h"

namespace hermes::kernels {

template <class V>
class AttentionBackward {
 public:
  static constexpr int64_t kKeys = 64;       // in a tile
  static constexpr int64_t kBlockRows = 64;  // queries in a block, unless one token has more heads

  static int64_t scratch_floats(int64_t n_tokens, int64_t group, int64_t head_dim) {
    const Sizes s(n_tokens, group, head_dim);
    return s.keys * (5 * s.width + s.rows) + s.rows * (3 * s.width + kKeys + 1);
  }

  AttentionBackward(const AttentionBackwardPiece& piece, float* scratch)
      : piece_(piece), size_(piece.n_tokens, piece.group, piece.head_dim) {
    const auto take = [&](int64_t n) {
      float* taken = scratch;
      scratch += n;
      return taken;
    };
    k_ = take(size_.keys * size_.width);
    k_transposed_ = take(size_.keys * size_.width);
    v_transposed_ = take(size_.keys * size_.width);
    d_k_ = take(size_.keys * size_.width);
    d_v_ = take(size_.keys * size_.width);
    p_ = take(size_.keys * size_.rows);
    q_ = take(size_.rows * size_.width);
    d_out_ = take(size_.rows * size_.width);
    d_q_ = take(size_.rows * size_.width);
    d_s_ = take(size_.rows * kKeys);
    mean_ = take(size_.rows);
  }

  void run() {
    load_keys();
    for (int64_t t = 0; t < piece_.n_tokens; t += size_.block_tokens) {
      const int64_t left = piece_.n_tokens - t;
      block(t, left < size_.block_tokens ? left : size_.block_tokens);
    }
    for (int64_t j = 0; j < piece_.n_tokens; ++j) {
      copy_row(d_k_ + j * size_.width, piece_.d_k + j * piece_.kv_stride);
      copy_row(d_v_ + j * size_.width, piece_.d_v + j * piece_.kv_stride);
    }
  }

 private:
  struct Sizes {
    int64_t width, block_tokens, rows, keys;
    HERMES_INLINE Sizes(int64_t n_tokens, int64_t group, int64_t head_dim)
        : width((head_dim + 15) / 16 * 16),
          block_tokens(group < kBlockRows ? kBlockRows / group : 1),
          rows(block_tokens * group),
          keys((n_tokens + kKeys - 1) / kKeys * kKeys) {}
  };

  template <class Op>
  HERMES_INLINE void for_head(const Op& op) const {  // op(i, n): runs of a row of head_dim
    for (int64_t i = 0; i < piece_.head_dim; i += V::kCount) {
      const int64_t left = piece_.head_dim - i;
      op(i, static_cast<int>(left < V::kCount ? left : V::kCount));
    }
  }
  HERMES_INLINE void copy_row(const float* from, float* to) const {
    for_head([&](int64_t i, int n) HERMES_LAMBDA_INLINE { V::load_first(from + i, n).store_first(to + i, n); });
  }

  // K as rows and K, V as tiles [tile][width][kKeys]; zeros beyond the last token and beyond head_dim.
  void load_keys() {
    const int64_t width = size_.width;
    for (int64_t i = 0; i < size_.keys * width; ++i) d_k_[i] = d_v_[i] = k_[i] = 0;
    for (int64_t j = 0; j < piece_.n_tokens; ++j) copy_row(piece_.k + j * piece_.kv_stride, k_ + j * width);
    transpose_tiles(piece_.k, k_transposed_);
    transpose_tiles(piece_.v, v_transposed_);
  }
  void transpose_tiles(const float* from, float* to) {
    for (int64_t j = 0; j < size_.keys; j += V::kCount) {
      float* tile = to + j / kKeys * kKeys * size_.width + j % kKeys;
      for (int64_t i = 0; i < size_.width; i += V::kCount) {
        const int64_t left = piece_.head_dim - i;
        const int n = static_cast<int>(left < V::kCount ? left : V::kCount);
        V rows[16];
        for (int r = 0; r < 16; ++r) {
          rows[r] = j + r < piece_.n_tokens ? V::load_first(from + (j + r) * piece_.kv_stride + i, n) : V::zero();
        }
        transpose(rows);
        for (int r = 0; r < 16; ++r) rows[r].store(tile + (i + r) * kKeys);
      }
    }
  }

  // scale q, d_out, <d_out, out> of tokens [t, t + n), as rows.
  void load_queries(int64_t t, int64_t n) {
    const V scale = V::broadcast(piece_.scale);
    for (int64_t r = 0; r < n * piece_.group; ++r) {
      const int64_t at = (t + r / piece_.group) * piece_.q_stride + r % piece_.group * piece_.head_dim;
      V dot = V::zero();
      for_head([&](int64_t i, int run) HERMES_LAMBDA_INLINE {
        const V d_out = V::load_first(piece_.d_out + at + i, run);
        (V::load_first(piece_.q + at + i, run) * scale).store(q_ + r * size_.width + i);
        d_out.store(d_out_ + r * size_.width + i);
        dot = fma(d_out, V::load_first(piece_.out + at + i, run), dot);
      });
      mean_[r] = sum(dot);
    }
  }

  // Keys of `tile` that some query before token `end` sees.
  static HERMES_INLINE int64_t seen_keys(int64_t tile, int64_t end) { return end - tile < kKeys ? end - tile : kKeys; }

  // out[rows, kKeys] = a[rows, width] times a tile [width, kKeys].
  HERMES_INLINE void scores(const float* a, int64_t rows, const float* tile, int64_t keys, float* out) {
    Product p;
    p.a = a;
    p.a_row = size_.width;
    p.b = tile;
    p.b_row = p.out_row = kKeys;
    p.out = out;
    p.rows = rows;
    p.columns = (keys + 15) / 16 * 16;
    p.k = piece_.head_dim;
    product<V>(p);
  }
  // out[keys, width] += a[rows, kKeys]^T b[rows, width].
  HERMES_INLINE void add_transposed(const float* a, int64_t rows, const float* b, int64_t keys, float* out) {
    Product p;
    p.a = a;
    p.a_row = 1;
    p.a_step = kKeys;
    p.b = b;
    p.b_row = p.out_row = p.columns = size_.width;
    p.out = out;
    p.rows = keys;
    p.k = rows;
    p.add = true;
    product<V>(p);
  }
  // out[rows, width] += a[rows, kKeys] b[keys, width].
  HERMES_INLINE void add_product(const float* a, int64_t rows, const float* b, int64_t keys, float* out) {
    Product p;
    p.a = a;
    p.a_row = kKeys;
    p.b = b;
    p.b_row = p.out_row = p.columns = size_.width;
    p.out = out;
    p.rows = rows;
    p.k = keys;
    p.add = true;
    product<V>(p);
  }

  void block(int64_t t, int64_t n) {
    const int64_t rows = n * piece_.group, end = t + n, width = size_.width;
    load_queries(t, n);
    for (int64_t tile = 0; tile < end; tile += kKeys) {
      scores(q_, rows, k_transposed_ + tile * width, seen_keys(tile, end), p_ + tile * rows);
    }
    for (int64_t r = 0; r < rows; ++r) softmax(r, rows, t + r / piece_.group + 1, end);
    for (int64_t i = 0; i < rows * width; ++i) d_q_[i] = 0;
    for (int64_t tile = 0; tile < end; tile += kKeys) {
      const int64_t keys = seen_keys(tile, end);
      const float* p = p_ + tile * rows;
      scores(d_out_, rows, v_transposed_ + tile * width, keys, d_s_);
      for (int64_t r = 0; r < rows; ++r) {
        const V mean = V::broadcast(mean_[r]);
        for (int64_t j = 0; j < keys; j += V::kCount) {
          float* d_s = d_s_ + r * kKeys + j;
          (V::load(p + r * kKeys + j) * (V::load(d_s) - mean)).store(d_s);
        }
      }
      add_transposed(p, rows, d_out_, keys, d_v_ + tile * width);
      add_transposed(d_s_, rows, q_, keys, d_k_ + tile * width);
      add_product(d_s_, rows, k_ + tile * width, keys, d_q_);
    }
    write_d_q(t, rows);
  }

  // Row r of p: scores to weights over its first `seen` keys, zeros from there to the block's `end`. Keys that are not
  // seen take no part in the arithmetic: exp of what stands for them would be a denormal, which is slow.
  HERMES_INLINE void softmax(int64_t r, int64_t rows, int64_t seen, int64_t end) {
    float* p = p_ + r * kKeys;  // key j: p[j / kKeys * kKeys * rows + j % kKeys]
    const V lowest = V::broadcast(-__builtin_inff());
    V top = lowest;
    for_keys(p, rows, seen,
             [&](float* at, int n) HERMES_LAMBDA_INLINE { top = max(top, first_of(V::load(at), n, lowest)); });
    const V highest_score = V::broadcast(highest(top));
    V sums = V::zero();
    for_keys(p, rows, seen, [&](float* at, int n) HERMES_LAMBDA_INLINE {
      const V e = exp(first_of(V::load(at) - highest_score, n, V::zero()));
      const V seen_only = first_of(e, n, V::zero());
      seen_only.store(at);
      sums = sums + seen_only;
    });
    const V factor = V::broadcast(1.0F / sum(sums));
    for_keys(p, rows, seen, [&](float* at, int) HERMES_LAMBDA_INLINE { (V::load(at) * factor).store(at); });
    const int64_t padded = (end + V::kCount - 1) / V::kCount * V::kCount;
    for (int64_t j = (seen + V::kCount - 1) / V::kCount * V::kCount; j < padded; j += V::kCount) {
      V::zero().store(p + j / kKeys * kKeys * rows + j % kKeys);
    }
  }
  // op(at, n) for runs of keys of a row of p, n of which are seen.
  template <class Op>
  static HERMES_INLINE void for_keys(float* p, int64_t rows, int64_t seen, const Op& op) {
    for (int64_t tile = 0; tile < seen; tile += kKeys, p += kKeys * rows) {
      const int64_t n = seen - tile < kKeys ? seen - tile : kKeys;
      int64_t j = 0;
      for (; j + V::kCount <= n; j += V::kCount) op(p + j, V::kCount);
      if (j < n) op(p + j, static_cast<int>(n - j));
    }
  }

  void write_d_q(int64_t t, int64_t rows) {
    const V scale = V::broadcast(piece_.scale);
    for (int64_t r = 0; r < rows; ++r) {
      float* to = piece_.d_q + (t + r / piece_.group) * piece_.q_stride + r % piece_.group * piece_.head_dim;
      const float* from = d_q_ + r * size_.width;
      for_head([&](int64_t i, int n) HERMES_LAMBDA_INLINE { (V::load(from + i) * scale).store_first(to + i, n); });
    }
  }

  AttentionBackwardPiece piece_;
  Sizes size_;
  float *k_, *k_transposed_, *v_transposed_, *d_k_, *d_v_, *p_, *q_, *d_out_, *d_q_, *d_s_, *mean_;
};

template <class V>
void attention_backward(const AttentionBackwardPiece& piece, float* scratch) {
  AttentionBackward<V>(piece, scratch).run();
}

}  // namespace hermes::kernels
