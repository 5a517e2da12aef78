#include <cmath>

#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"

namespace hermes::ops::reference {

void swiglu(const SwigluArgs& args) {
  float* out = args.out.f32();
  for (int64_t i = 0; i < args.out.shape.elements(); ++i) {
    const double gate = element(args.gate, i);
    out[i] = static_cast<float>(gate / (1 + std::exp(-gate)) * element(args.up, i));
  }
}

}  // namespace hermes::ops::reference
