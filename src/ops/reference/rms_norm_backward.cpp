#include <cmath>
#include <vector>

#include "ops/reference/element.h"
#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {

void rms_norm_backward(const RmsNormBackwardArgs& args) {
  const int64_t n_rows = args.x.shape[0], n = args.x.shape[1];
  std::vector<double> d_weight(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) d_weight[static_cast<size_t>(i)] = element(args.d_weight, i);
  for (int64_t row = 0; row < n_rows; ++row) {
    double squares = 0, products = 0;  // of x with itself, of weight * d_out with x
    for (int64_t i = 0; i < n; ++i) {
      const double x = element(args.x, row * n + i);
      squares += x * x;
      products += element(args.weight, i) * element(args.d_out, row * n + i) * x;
    }
    const double r = 1 / std::sqrt(squares / static_cast<double>(n) + static_cast<double>(args.eps));
    const double along_x = r * r * products / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) {
      const double x = element(args.x, row * n + i), d_out = element(args.d_out, row * n + i);
      d_weight[static_cast<size_t>(i)] += d_out * x * r;
      args.d_x.f32()[row * n + i] = static_cast<float>(r * (element(args.weight, i) * d_out - x * along_x));
    }
  }
  for (int64_t i = 0; i < n; ++i) args.d_weight.f32()[i] = static_cast<float>(d_weight[static_cast<size_t>(i)]);
}

}  // namespace hermes::ops::reference
