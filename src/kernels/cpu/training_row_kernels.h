// Kernels of training that go over rows or arrays: norms, SwiGLU, softmax with its sum, AdamW, sums
// (training_table.h). `V` is the lane type of an instruction set.
#pragma once

#include "kernels/cpu/attention_backward_kernels.h"
#include "kernels/cpu/row_kernels.h"
#include "kernels/cpu/training_table.h"

namespace hermes::kernels {

// Sums in F32: sixteen of them, then the fixed tree.
template <class V>
void rms_norm_backward(const RmsNormRows& rows) {
  const int64_t n = rows.n;
  for (int64_t row = 0; row < rows.n_rows; ++row) {
    const float *x = rows.x + row * n, *d_out = rows.d_out + row * n;
    V squares = V::zero(), products = V::zero();
    for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
      const V xs = V::load_first(x + i, run);
      squares = fma(xs, xs, squares);
      products = fma(V::load_first(rows.weight + i, run) * V::load_first(d_out + i, run), xs, products);
    });
    const double mean = static_cast<double>(sum(squares)) / static_cast<double>(n);
    const double r = 1.0 / __builtin_sqrt(mean + static_cast<double>(rows.eps));
    const double along_x = r * r * r * static_cast<double>(sum(products)) / static_cast<double>(n);
    const V scale = V::broadcast(static_cast<float>(r)), minus = V::broadcast(static_cast<float>(-along_x));
    float* d_x = rows.d_x + row * n;
    for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
      const V xs = V::load_first(x + i, run), d = V::load_first(d_out + i, run) * scale;
      fma(d, xs, V::load_first(rows.d_weight + i, run)).store_first(rows.d_weight + i, run);
      fma(xs, minus, d * V::load_first(rows.weight + i, run)).store_first(d_x + i, run);
    });
  }
}

template <class V>
void rotate_head_back(float* x, const float* cosine, const float* sine, int64_t half) {
  for_each_run<V>(half, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    const V a = V::load_first(x + i, run), b = V::load_first(x + half + i, run);
    const V c = V::load_first(cosine + i, run), s = V::load_first(sine + i, run);
    fma(a, c, b * s).store_first(x + i, run);
    fma(b, c, V::zero() - a * s).store_first(x + half + i, run);
  });
}

template <class V>
void swiglu_backward(const float* gate, const float* up, const float* d_out, int64_t n, float* d_gate, float* d_up) {
  const V one = V::broadcast(1.0F);
  for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    const V g = V::load_first(gate + i, run), u = V::load_first(up + i, run), d = V::load_first(d_out + i, run);
    const V s = one / (one + exp(V::zero() - g));
    const V ds = d * s;
    (ds * u * fma(g, one - s, one)).store_first(d_gate + i, run);
    (ds * g).store_first(d_up + i, run);
  });
}

template <class V>
void add_columns(const float* x, int64_t x_row, int64_t rows, int64_t columns, float* out) {
  for_each_run<V>(columns, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    V total = V::zero();
    for (int64_t r = 0; r < rows; ++r) total = total + V::load_first(x + r * x_row + i, run);
    (V::load_first(out + i, run) + total).store_first(out + i, run);
  });
}

template <class V>
SoftmaxParts softmax_parts(const float* x, int64_t n, float* exps) {
  V top = V::broadcast(-__builtin_inff());
  for (int64_t i = 0; i + V::kCount <= n; i += V::kCount) top = max(V::load(x + i), top);
  SoftmaxParts parts;
  parts.highest = highest(top);
  for (int64_t i = n - n % V::kCount; i < n; ++i) parts.highest = x[i] > parts.highest ? x[i] : parts.highest;

  const V shift = V::broadcast(parts.highest);
  typename V::Sums sums = V::Sums::zero();
  for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    __builtin_prefetch(x + n + i);  // the next row, of many
    V e = exp(V::load_first(x + i, run) - shift);
    if (run < V::kCount) e = first_of(e, run, V::zero());  // lanes beyond the end count for nothing
    if (exps != nullptr) e.store_first(exps + i, run);
    add(sums, e);
  });
  parts.sum = total(sums);
  return parts;
}

template <class V>
void scale_run(float* x, int64_t n, float factor) {
  const V by = V::broadcast(factor);
  for_each_run<V>(
      n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE { (V::load_first(x + i, run) * by).store_first(x + i, run); });
}

template <class V>
void adamw_run(const AdamwStep& step, int64_t n, float* parameter, const float* grad, float* m, float* v) {
  const V grad_scale = V::broadcast(step.grad_scale), keep = V::broadcast(step.keep), eps = V::broadcast(step.eps);
  const V beta1 = V::broadcast(step.beta1), one_minus_beta1 = V::broadcast(step.one_minus_beta1);
  const V beta2 = V::broadcast(step.beta2), one_minus_beta2 = V::broadcast(step.one_minus_beta2);
  const V minus_lr = V::broadcast(-step.lr), inv_sqrt_correction2 = V::broadcast(step.inv_sqrt_correction2);
  for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE {
    const V g = V::load_first(grad + i, run) * grad_scale;
    const V new_m = fma(one_minus_beta1, g, beta1 * V::load_first(m + i, run));
    const V new_v = fma(one_minus_beta2, g * g, beta2 * V::load_first(v + i, run));
    new_m.store_first(m + i, run);
    new_v.store_first(v + i, run);
    const V ratio = new_m / fma(sqrt(new_v), inv_sqrt_correction2, eps);
    fma(minus_lr, ratio, V::load_first(parameter + i, run) * keep).store_first(parameter + i, run);
  });
}

template <class V>
double sum_of_squares(const float* x, int64_t n) {
  typename V::Sums squares = V::Sums::zero();
  for_each_run<V>(n, [&](int64_t i, int run) HERMES_LAMBDA_INLINE { add_squares(squares, V::load_first(x + i, run)); });
  return total(squares);
}

template <class V>
constexpr TrainingKernels make_training_kernels() {
  return {V::kProductRows,
          V::kProductCols * V::kCount,
          product<V>,
          packed_product<V, PackedRows>,
          packed_product<V, PackedTransposed>,
          pack_rows<V>,
          pack_transposed<V>,
          pack_panels<V>,
          attention_backward<V>,
          AttentionBackward<V>::scratch_floats,
          rms_norm_backward<V>,
          rotate_head_back<V>,
          swiglu_backward<V>,
          add_columns<V>,
          softmax_parts<V>,
          scale_run<V>,
          adamw_run<V>,
          sum_of_squares<V>};
}

}  // namespace hermes::kernels
