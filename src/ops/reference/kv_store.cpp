#include <algorithm>

#include "ops/int8_blocks.h"
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

// Row `row` of KV head `head`, element i at offset(width, row, i) of its tile.
template <class Offset>
void store_q8(std::byte* page, int64_t page_size, int64_t head, int64_t row, std::span<const float> values,
              const Offset& offset) {
  const auto head_dim = static_cast<int64_t>(values.size());
  const int64_t width = padded_elements(DType::kQ8_0, head_dim);
  std::byte* tile = page + q8_tile_offset(page_size, width, head, row);
  for (int64_t i = 0; i < width; i += kInt8Block) {
    int8_t q[kInt8Block];
    const int64_t n = std::min<int64_t>(kInt8Block, head_dim - i);
    const F16 scale = round_to_kept_int8(values.data() + i, static_cast<int>(n), q);
    *reinterpret_cast<F16*>(tile + q8_scale_offset(width, row, i / kInt8Block)) = scale;
    for (int64_t j = 0; j < kInt8Block; ++j) {
      *reinterpret_cast<int8_t*>(tile + offset(width, row, i + j)) = q[j];
    }
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
      if (pages.dtype == DType::kQ8_0) {
        const auto values = [&](const ConstTensorView& x) {
          return std::span(x.f32() + (static_cast<int64_t>(t) * kv_heads + h) * head_dim,
                           static_cast<size_t>(head_dim));
        };
        store_q8(pages.k[page], pages.page_size, h, row, values(args.k), q8_key_offset);
        store_q8(pages.v[page], pages.page_size, h, row, values(args.v), q8_value_offset);
        continue;
      }
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
