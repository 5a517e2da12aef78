// RMSNorm (Zhang & Sennrich 2019): out[r, i] = weight[i] * x[r, i] / sqrt(mean_i(x[r, i]^2) + eps).
// Each row's bits depend on that row alone. Accuracy: a few ulp of F32 beside the fp64 reference.
#pragma once

#include "tensor/tensor.h"

namespace hermes::ops {

struct RmsNormArgs {
  ConstTensorView x;       // [R, D], F32; for the per-head norm of Qwen3, R counts tokens x heads
  ConstTensorView weight;  // [D], F32, F16 or BF16
  float eps = 1e-5F;
  TensorView out;  // [R, D], F32; may be x itself
};

// Backward, with r = 1 / sqrt(mean_i(x_i^2) + eps) and g_i = weight_i * d_out_i:
//   d_x[i] = r * (g_i - x_i * r^2 * mean_j(g_j x_j));   d_weight[i] += sum over rows of d_out_i * x_i * r.
// The sum over rows has a fixed order for any number of threads.
struct RmsNormBackwardArgs {
  ConstTensorView x;       // [R, D], F32: what the forward pass read
  ConstTensorView weight;  // [D], F32
  ConstTensorView d_out;   // [R, D], F32
  float eps = 1e-5F;
  TensorView d_x;       // [R, D], F32, overwritten; may be d_out itself
  TensorView d_weight;  // [D], F32, added to
};

}  // namespace hermes::ops
