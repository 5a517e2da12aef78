// Cross-entropy of rows of logits: loss[r] = log(sum_v exp(logits[r, v])) - logits[r, labels[r]], summed in fp64.
// The gradient replaces the logits: logits[r, v] <- scale * (softmax(logits[r])[v] - [v == labels[r]]).
// A row's bits depend on that row alone.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace hermes::ops {

struct CrossEntropyArgs {
  TensorView logits;                // [R, V], F32; becomes the gradient, unless loss_only
  std::span<const int32_t> labels;  // [R], each in [0, V)
  float scale = 1;                  // of the gradient: 1 / number of trained tokens in the whole step
  bool loss_only = false;           // evaluation: logits stay as they are
  std::span<float> loss;            // [R]
};

}  // namespace hermes::ops
