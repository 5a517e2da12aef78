#include <cmath>

#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {

void rope_backward(const RopeBackwardArgs& args) {
  const int64_t n_tokens = args.d_x.shape[0], n_heads = args.d_x.shape[1], head_dim = args.d_x.shape[2];
  const int64_t half = head_dim / 2;
  for (int64_t t = 0; t < n_tokens; ++t) {
    for (int64_t h = 0; h < n_heads; ++h) {
      float* d_x = args.d_x.f32() + (t * n_heads + h) * head_dim;
      for (int64_t i = 0; i < half; ++i) {
        // The angle of the forward pass: one F32 product by contract.
        const float rounded =
            static_cast<float>(args.positions[static_cast<size_t>(t)]) * args.inv_freq[static_cast<size_t>(i)];
        const auto angle = static_cast<double>(rounded);
        const auto a = static_cast<double>(d_x[i]), b = static_cast<double>(d_x[i + half]);
        d_x[i] = static_cast<float>(a * std::cos(angle) + b * std::sin(angle));
        d_x[i + half] = static_cast<float>(b * std::cos(angle) - a * std::sin(angle));
      }
    }
  }
}

}  // namespace hermes::ops::reference
