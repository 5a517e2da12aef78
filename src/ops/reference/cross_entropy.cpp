#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/reference/element.h"
#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {

void cross_entropy(const CrossEntropyArgs& args) {
  const int64_t n_rows = args.logits.shape[0], n = args.logits.shape[1];
  for (int64_t r = 0; r < n_rows; ++r) {
    const int64_t label = args.labels[static_cast<size_t>(r)];
    double highest = -std::numeric_limits<double>::infinity();
    for (int64_t i = 0; i < n; ++i) highest = std::max(highest, element(args.logits, r * n + i));
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += std::exp(element(args.logits, r * n + i) - highest);
    const double log_sum = highest + std::log(sum);
    args.loss[static_cast<size_t>(r)] = static_cast<float>(log_sum - element(args.logits, r * n + label));
    if (args.loss_only) continue;
    for (int64_t i = 0; i < n; ++i) {
      const double p = std::exp(element(args.logits, r * n + i) - log_sum);
      args.logits.f32()[r * n + i] = static_cast<float>(static_cast<double>(args.scale) * (p - (i == label ? 1 : 0)));
    }
  }
}

}  // namespace hermes::ops::reference
