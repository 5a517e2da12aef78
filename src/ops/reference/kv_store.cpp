#include "ops/reference/reference_ops.h"
#include "tensor/float_types.h"

namespace hermes::ops::reference {
namespace {

void store(std::byte* page, DType dtype, int64_t i, float value) {
  switch (dtype) {
    case DType::kF16:
      reinterpret_cast<F16*>(page)[i] = to_f16(value);
      break;
    case DType::kBF16:
      reinterpret_cast<Bf16*>(page)[i] = to_bf16(value);
      break;
    default:
      reinterpret_cast<float*>(page)[i] = value;
      break;
  }
}

}  // namespace

void kv_store(const KvStoreArgs& args) {
  const int64_t kv_heads = args.k.shape[1], head_dim = args.k.shape[2];
  const KvPagesView& pages = args.pages;
  for (size_t t = 0; t < args.positions.size(); ++t) {
    const auto page = static_cast<size_t>(args.positions[t] / pages.page_size);
    const int64_t row = args.positions[t] % pages.page_size;
    for (int64_t h = 0; h < kv_heads; ++h) {
      for (int64_t i = 0; i < head_dim; ++i) {
        const int64_t from = (static_cast<int64_t>(t) * kv_heads + h) * head_dim + i;
        const int64_t to = (h * pages.page_size + row) * head_dim + i;
        store(pages.k[page], pages.dtype, key_offset(pages.page_size, head_dim, h, row, i), args.k.f32()[from]);
        store(pages.v[page], pages.dtype, to, args.v.f32()[from]);
      }
    }
  }
}

}  // namespace hermes::ops::reference
