#include <cmath>

#include "ops/reference/reference_ops.h"

namespace hermes::ops::reference {

void rope(const RopeArgs& args) {
  const int64_t n_tokens = args.x.shape[0], n_heads = args.x.shape[1], head_dim = args.x.shape[2];
  const int64_t half = head_dim / 2;
  for (int64_t t = 0; t < n_tokens; ++t) {
    for (int64_t h = 0; h < n_heads; ++h) {
      float* x = args.x.f32() + (t * n_heads + h) * head_dim;
      for (int64_t i = 0; i < half; ++i) {
        // One F32 product by contract; from there on fp64.
        const float rounded =
            static_cast<float>(args.positions[static_cast<size_t>(t)]) * args.inv_freq[static_cast<size_t>(i)];
        const auto angle = static_cast<double>(rounded);
        float& u = args.interleaved ? x[2 * i] : x[i];
        float& v = args.interleaved ? x[2 * i + 1] : x[i + half];
        const auto a = static_cast<double>(u), b = static_cast<double>(v);
        u = static_cast<float>(a * std::cos(angle) - b * std::sin(angle));
        v = static_cast<float>(b * std::cos(angle) + a * std::sin(angle));
      }
    }
  }
}

}  // namespace hermes::ops::reference
