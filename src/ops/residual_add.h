// Residual add: x[i] += y[i], F32, element by element.
#pragma once

#include "tensor/tensor.h"

namespace hermes::ops {

struct ResidualAddArgs {
  ConstTensorView y;  // [T, H], F32
  TensorView x;       // [T, H], F32; must not alias y
};

}  // namespace hermes::ops
