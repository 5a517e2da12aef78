#include <vector>

#include "ops/reference/element.h"
#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {

void embedding_backward(const EmbeddingBackwardArgs& args) {
  const int64_t n_hidden = args.d_table.shape[1];
  std::vector<double> sums(static_cast<size_t>(args.d_table.shape.elements()));
  for (size_t i = 0; i < sums.size(); ++i) sums[i] = element(args.d_table, static_cast<int64_t>(i));
  for (size_t t = 0; t < args.tokens.size(); ++t) {
    for (int64_t h = 0; h < n_hidden; ++h) {
      sums[static_cast<size_t>(args.tokens[t] * n_hidden + h)] +=
          element(args.d_out, static_cast<int64_t>(t) * n_hidden + h);
    }
  }
  for (size_t i = 0; i < sums.size(); ++i) args.d_table.f32()[i] = static_cast<float>(sums[i]);
}

}  // namespace hermes::ops::reference
