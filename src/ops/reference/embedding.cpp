#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"
#include "tensor/quant/quant_format.h"

namespace hermes::ops::reference {

void embedding(const EmbeddingArgs& args) {
  const int64_t n_hidden = args.table.shape[1];
  float* out = args.out.f32();
  for (const int32_t token : args.tokens) {
    if (is_block_type(args.table.dtype)) {
      const size_t row_bytes = bytes_of(args.table.dtype, n_hidden);
      quant_format(args.table.dtype)
          ->decode(args.table.as<std::byte>() + static_cast<size_t>(token) * row_bytes, n_hidden, out);
      out += n_hidden;
      continue;
    }
    for (int64_t h = 0; h < n_hidden; ++h) {
      *out++ = static_cast<float>(element(args.table, token * n_hidden + h));
    }
  }
}

}  // namespace hermes::ops::reference
