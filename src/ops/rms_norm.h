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

}  // namespace hermes::ops
