// Kernels that go over a row of numbers once or twice: conversions, RMSNorm, RoPE, SwiGLU, softmax. `V` is the lane
// type of an instruction set (scalar/lanes.h). Sums are in fp64: sixteen of them, element i in sum i % 16, then the
// fixed tree; so that they are right to F32 at any length and the same however they are vectorised.
#pragma once

#include "kernels/cpu/exp_lanes.h"
#include "kernels/cpu/kernel_table.h"

namespace hermes::kernels {

// op(i, n) for runs of 16 elements from 0; the last may be shorter.
template <class V, class Op>
HERMES_INLINE void for_each_run(int64_t n, const Op& op) {
  for (int64_t i = 0; i + V::kCount <= n; i += V::kCount) op(i, V::kCount);
  if (n % V::kCount != 0) op(n - n % V::kCount, static_cast<int>(n % V::kCount));
}

template <class V, class From, class To>
void convert(const From* x, int64_t n, To* out) {
  for_each_run<V>(
      n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE { V::load_first(x + i, run).store_first(out + i, run); });
}

// The fixed tree over sixteen sums in fp64.
template <class Sums>
HERMES_INLINE double total(const Sums& sums) {
  double r[16];
  sums.store(r);
  for (int step = 8; step >= 1; step /= 2) {
    for (int l = 0; l < step; ++l) r[l] += r[l + step];
  }
  return r[0];
}

template <class V>
void rms_norm_row(const float* x, const float* weight, int64_t n, float eps, float* out) {
  typename V::Sums squares = V::Sums::zero();
  for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE { add_squares(squares, V::load_first(x + i, run)); });
  const double mean = total(squares) / static_cast<double>(n);
  const V scale = V::broadcast(static_cast<float>(1.0 / __builtin_sqrt(mean + static_cast<double>(eps))));
  for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    const V scaled = V::load_first(x + i, run) * scale;
    (scaled * V::load_first(weight + i, run)).store_first(out + i, run);
  });
}

template <class V>
void rotate_head(float* x, const float* cosine, const float* sine, int64_t half) {
  for_each_run<V>(half, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    const V a = V::load_first(x + i, run), b = V::load_first(x + half + i, run);
    const V c = V::load_first(cosine + i, run), s = V::load_first(sine + i, run);
    fma(a, c, V::zero() - b * s).store_first(x + i, run);
    fma(b, c, a * s).store_first(x + half + i, run);
  });
}

// The same rotation of pairs of neighbours, by the same operations. Left to the compiler: the sums of a layer take a
// thousand times as long.
template <class V>
void rotate_pairs(float* x, const float* cosine, const float* sine, int64_t half) {
  for (int64_t i = 0; i < half; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = __builtin_fmaf(a, cosine[i], 0.0F - b * sine[i]);
    x[2 * i + 1] = __builtin_fmaf(b, cosine[i], a * sine[i]);
  }
}

template <class V>
void swiglu_run(const float* gate, const float* up, int64_t n, float* out) {
  for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    const V g = V::load_first(gate + i, run);
    const V silu = g / (V::broadcast(1.0F) + exp(V::zero() - g));
    (silu * V::load_first(up + i, run)).store_first(out + i, run);
  });
}

template <class V>
void add_run(float* x, const float* y, int64_t n) {
  for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    (V::load_first(x + i, run) + V::load_first(y + i, run)).store_first(x + i, run);
  });
}

template <class V>
void softmax_row(const float* x, int64_t n, float* out) {
  const float lowest = -__builtin_inff();
  V top = V::broadcast(lowest);
  for (int64_t i = 0; i + V::kCount <= n; i += V::kCount) top = max(V::load(x + i), top);
  float max_x = highest(top);
  for (int64_t i = n - n % V::kCount; i < n; ++i) max_x = x[i] > max_x ? x[i] : max_x;

  typename V::Sums sums = V::Sums::zero();
  for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    const V p = exp(V::load_first(x + i, run) - V::broadcast(max_x));
    p.store_first(out + i, run);
    add(sums, V::load_first(out + i, run));  // read back: the lanes beyond the end are 0
  });
  const V scale = V::broadcast(static_cast<float>(1.0 / total(sums)));
  for_each_run<V>(n, [&](int64_t i, int run)
                         HERMES_LAMBDA_INLINE { (V::load_first(out + i, run) * scale).store_first(out + i, run); });
}

template <class V>
constexpr RowKernels make_row_kernels() {
  return {convert<V, F16, float>,  convert<V, Bf16, float>, convert<V, float, F16>,
          convert<V, float, Bf16>, rms_norm_row<V>,         rotate_head<V>,
          rotate_pairs<V>,         swiglu_run<V>,           add_run<V>,
          softmax_row<V>};
}

}  // namespace hermes::kernels
