#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"

namespace hermes::ops::reference {

void linear(const LinearArgs& args) {
  const int64_t n_tokens = args.x.shape[0], n_in = args.x.shape[1], n_out = args.weight.shape[0];
  const bool round_x = args.activations == Activations::kBF16 && args.weight.dtype == DType::kBF16;
  const float* x = args.x.f32();
  float* y = args.y.f32();
  for (int64_t t = 0; t < n_tokens; ++t) {
    for (int64_t n = 0; n < n_out; ++n) {
      double sum = 0;
      for (int64_t k = 0; k < n_in; ++k) {
        const float stored = x[t * n_in + k];
        const float used = round_x ? to_float(to_bf16(stored)) : stored;
        sum += static_cast<double>(used) * element(args.weight, n * n_in + k);
      }
      if (args.bias) sum += element(args.bias, n);
      y[t * n_out + n] = static_cast<float>(sum);
    }
  }
}

}  // namespace hermes::ops::reference
