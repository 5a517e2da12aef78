// SwiGLU (Shazeer 2020): out[i] = silu(gate[i]) * up[i], silu(a) = a / (1 + exp(-a)). Element by element.
#pragma once

#include "tensor/tensor.h"

namespace hermes::ops {

struct SwigluArgs {
  ConstTensorView gate;  // [T, F], F32
  ConstTensorView up;    // [T, F], F32
  TensorView out;        // [T, F], F32; may be gate or up
};

}  // namespace hermes::ops
