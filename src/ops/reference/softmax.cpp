#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"

namespace hermes::ops::reference {

void softmax(const SoftmaxArgs& args) {
  const int64_t n_rows = args.x.shape[0], n = args.x.shape[1];
  float* out = args.out.f32();
  for (int64_t r = 0; r < n_rows; ++r) {
    double highest = -std::numeric_limits<double>::infinity();
    for (int64_t i = 0; i < n; ++i) highest = std::max(highest, element(args.x, r * n + i));
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += std::exp(element(args.x, r * n + i) - highest);
    for (int64_t i = 0; i < n; ++i) {
      out[r * n + i] = static_cast<float>(std::exp(element(args.x, r * n + i) - highest) / sum);
    }
  }
}

}  // namespace hermes::ops::reference
