#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"

namespace hermes::ops::reference {

void embedding(const EmbeddingArgs& args) {
  const int64_t n_hidden = args.table.shape[1];
  float* out = args.out.f32();
  for (const int32_t token : args.tokens) {
    for (int64_t h = 0; h < n_hidden; ++h) {
      *out++ = static_cast<float>(element(args.table, token * n_hidden + h));
    }
  }
}

}  // namespace hermes::ops::reference
