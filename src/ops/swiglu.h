// SwiGLU (Shazeer 2020): out[i] = silu(gate[i]) * up[i], silu(a) = a / (1 + exp(-a)). Element by element.
// Accuracy: a few ulp of F32; where exp(-a) overflows F32 (a < -88.7) the result may be 0, off by at most 3e-37 |up|.
#pragma once

#include "tensor/tensor.h"

namespace hermes::ops {

struct SwigluArgs {
  ConstTensorView gate;  // [T, F], F32
  ConstTensorView up;    // [T, F], F32
  TensorView out;        // [T, F], F32; may be gate or up
};

// Backward, with s = 1 / (1 + exp(-gate)): d_up = d_out * gate * s;  d_gate = d_out * up * s * (1 + gate * (1 - s)).
struct SwigluBackwardArgs {
  ConstTensorView gate;   // [T, F], F32: what the forward pass read
  ConstTensorView up;     // [T, F], F32
  ConstTensorView d_out;  // [T, F], F32
  TensorView d_gate;      // [T, F], F32, overwritten; may be gate or d_out itself
  TensorView d_up;        // [T, F], F32, overwritten; may be up or d_out itself
};

}  // namespace hermes::ops
