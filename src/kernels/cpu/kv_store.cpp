#include <algorithm>

#include "kernels/cpu/cpu_context.h"
#include "ops/attention.h"

namespace hermes::kernels {
namespace {

void narrow(const RowKernels& kernels, const float* from, int64_t n, DType dtype, std::byte* page, int64_t at) {
  switch (dtype) {
    case DType::kF16:
      return kernels.narrow_f16(from, n, reinterpret_cast<F16*>(page) + at);
    case DType::kBF16:
      return kernels.narrow_bf16(from, n, reinterpret_cast<Bf16*>(page) + at);
    default:
      std::copy_n(from, n, reinterpret_cast<float*>(page) + at);
  }
}

// Element i to page[at + i * kAttentionTile].
template <class T>
void scatter(const T* from, int64_t n, std::byte* page, int64_t at) {
  T* to = reinterpret_cast<T*>(page) + at;
  for (int64_t i = 0; i < n; ++i) to[i * ops::kAttentionTile] = from[i];
}

}  // namespace

void run_kv_store(CpuContext& context, const ops::KvStoreArgs& args) {
  const int64_t kv_heads = args.k.shape[1], head_dim = args.k.shape[2];
  const ops::KvPagesView& pages = args.pages;
  // One thread: a few kilobytes a token, and two tokens may share a position only if the caller wants the last one.
  std::byte* rounded = static_cast<std::byte*>(context.shared.reserve(head_dim * int64_t{sizeof(float)}));
  for (size_t t = 0; t < args.positions.size(); ++t) {
    const auto page = static_cast<size_t>(args.positions[t] / pages.page_size);
    const int64_t row = args.positions[t] % pages.page_size;
    for (int64_t g = 0; g < kv_heads; ++g) {
      const int64_t from = (static_cast<int64_t>(t) * kv_heads + g) * head_dim;
      const int64_t to = (g * pages.page_size + row) * head_dim;
      narrow(context.kernels.rows, args.k.f32() + from, head_dim, pages.dtype, rounded, 0);
      const int64_t key = ops::key_offset(pages.page_size, head_dim, g, row, 0);
      if (pages.dtype == DType::kF32) {
        scatter(reinterpret_cast<const float*>(rounded), head_dim, pages.k[page], key);
      } else {
        scatter(reinterpret_cast<const uint16_t*>(rounded), head_dim, pages.k[page], key);
      }
      narrow(context.kernels.rows, args.v.f32() + from, head_dim, pages.dtype, pages.v[page], to);
    }
  }
}

}  // namespace hermes::kernels
