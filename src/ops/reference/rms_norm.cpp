#include <cmath>

#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"

namespace hermes::ops::reference {

void rms_norm(const RmsNormArgs& args) {
  const int64_t n_rows = args.x.shape[0], n = args.x.shape[1];
  float* out = args.out.f32();
  for (int64_t r = 0; r < n_rows; ++r) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += element(args.x, r * n + i) * element(args.x, r * n + i);
    const double rms = std::sqrt(sum / static_cast<double>(n) + static_cast<double>(args.eps));
    for (int64_t i = 0; i < n; ++i) {
      out[r * n + i] = static_cast<float>(element(args.weight, i) * element(args.x, r * n + i) / rms);
    }
  }
}

}  // namespace hermes::ops::reference
