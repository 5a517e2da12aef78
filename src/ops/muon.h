// Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon), one step over weight matrices, in place. For each, with
// g = grad_scale * grad:
//   m <- momentum m + (1 - momentum) g;   u = nesterov ? momentum m + (1 - momentum) g : m
//   p <- p - lr * weight_decay * p - lr * 0.2 sqrt(max(R, C)) * O(u)
// The factor (Liu et al. 2025, arXiv 2502.16982, section 2.2) gives the step the root mean square of an AdamW step, about
// 0.2: one learning rate and one weight decay serve both. The formula and its order are those of PyTorch's
// torch.optim.Muon with adjust_lr_fn="match_rms_adamw".
//
// O(u), the orthogonalised u = U S V^T, is about U V^T: X = u / max(|u|, 1e-7) in the Frobenius norm, then five times
//   X <- a X + b X X^T X + c (X X^T)^2 X,   (a, b, c) = (3.4445, -4.7750, 2.0315),
// which takes each singular value s to p(s) = a s + b s^3 + c s^5. The coefficients make small ones grow fast: those that
// began above 0.002 end between 0.68 and 1.21, not at 1. PyTorch iterates in BF16; here it is F32 throughout.
#pragma once

#include "tensor/tensor.h"

namespace hermes::ops {

inline constexpr int kNewtonSchulzSteps = 5;
inline constexpr double kNewtonSchulz[] = {3.4445, -4.7750, 2.0315};  // a, b, c
inline constexpr double kSmallestMuonNorm = 1e-7;
inline constexpr double kMuonRms = 0.2;

struct MuonArgs {
  TensorView parameter;  // [R, C] master weights
  ConstTensorView grad;  // [R, C]
  TensorView m;          // [R, C] moving mean of the gradient
  float lr = 0;
  float momentum = 0.95F;
  bool nesterov = true;
  float weight_decay = 0;
  float grad_scale = 1;  // gradient clipping: min(1, max_norm / norm)
};

}  // namespace hermes::ops
