#include <cmath>

#include "ops/reference/element.h"
#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {

void swiglu_backward(const SwigluBackwardArgs& args) {
  for (int64_t i = 0; i < args.gate.shape.elements(); ++i) {
    const double gate = element(args.gate, i), up = element(args.up, i), d_out = element(args.d_out, i);
    const double s = 1 / (1 + std::exp(-gate));
    args.d_up.f32()[i] = static_cast<float>(d_out * gate * s);
    args.d_gate.f32()[i] = static_cast<float>(d_out * up * s * (1 + gate * (1 - s)));
  }
}

}  // namespace hermes::ops::reference
