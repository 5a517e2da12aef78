// Softmax over rows: out[r, i] = exp(x[r, i] - max_r) / sum_i exp(x[r, i] - max_r), summed in fp64.
// -inf is allowed (probability 0) as long as one entry of the row is finite.
#pragma once

#include "tensor/tensor.h"

namespace hermes::ops {

struct SoftmaxArgs {
  ConstTensorView x;  // [R, N], F32
  TensorView out;     // [R, N], F32; may be x itself
};

}  // namespace hermes::ops
