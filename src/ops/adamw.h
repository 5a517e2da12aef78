// AdamW (Loshchilov & Hutter 2019), one step over one tensor, in place, with g = grad_scale * grad:
//   m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
//   p <- p - lr * weight_decay * p - lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)
// The formula and its order are PyTorch's torch.optim.AdamW.
#pragma once

#include <cstdint>
#include <span>

namespace hermes::ops {

struct AdamwArgs {
  std::span<float> parameter;   // [n] master weights
  std::span<const float> grad;  // [n]
  std::span<float> m;           // [n] first moment
  std::span<float> v;           // [n] second moment
  int64_t step = 1;             // this step's number, from 1
  float lr = 0;
  float beta1 = 0.9F, beta2 = 0.95F, eps = 1e-8F;
  float weight_decay = 0;
  float grad_scale = 1;  // gradient clipping: min(1, max_norm / norm)
};

}  // namespace hermes::ops
