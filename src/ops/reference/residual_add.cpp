#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"

namespace hermes::ops::reference {

void residual_add(const ResidualAddArgs& args) {
  float* x = args.x.f32();
  for (int64_t i = 0; i < args.x.shape.elements(); ++i) {
    x[i] = static_cast<float>(static_cast<double>(x[i]) + element(args.y, i));
  }
}

}  // namespace hermes::ops::reference
