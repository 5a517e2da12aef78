#include "ops/reference/element.h"
#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {

void linear_backward(const LinearBackwardArgs& args) {
  const int64_t n_tokens = args.x.shape[0], n_in = args.x.shape[1], n_out = args.weight.shape[0];
  if (args.d_x) {
    for (int64_t t = 0; t < n_tokens; ++t) {
      for (int64_t k = 0; k < n_in; ++k) {
        double sum = args.accumulate_d_x ? element(args.d_x, t * n_in + k) : 0;
        for (int64_t n = 0; n < n_out; ++n) {
          sum += element(args.d_y, t * n_out + n) * element(args.weight, n * n_in + k);
        }
        args.d_x.f32()[t * n_in + k] = static_cast<float>(sum);
      }
    }
  }
  for (int64_t n = 0; n < n_out; ++n) {
    for (int64_t k = 0; k < n_in; ++k) {
      double sum = element(args.d_weight, n * n_in + k);
      for (int64_t t = 0; t < n_tokens; ++t) sum += element(args.d_y, t * n_out + n) * element(args.x, t * n_in + k);
      args.d_weight.f32()[n * n_in + k] = static_cast<float>(sum);
    }
    if (!args.d_bias) continue;
    double sum = element(args.d_bias, n);
    for (int64_t t = 0; t < n_tokens; ++t) sum += element(args.d_y, t * n_out + n);
    args.d_bias.f32()[n] = static_cast<float>(sum);
  }
}

}  // namespace hermes::ops::reference
