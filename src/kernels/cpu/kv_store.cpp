#include <algorithm>
#include <cstring>

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

// One head of one token, of K or of V, to row `row` of its page; n int8 from i on go to offset(width, row, i).
template <int64_t n, class Offset>
void store_q8(const AttentionKernels& kernels, const float* from, int64_t head_dim, int8_t* rounded, std::byte* page,
              int64_t page_size, int64_t head, int64_t row, const Offset& offset) {
  const int64_t width = padded_elements(DType::kQ8_0, head_dim), n_blocks = width / 32;
  std::byte* tile = page + ops::q8_tile_offset(page_size, width, head, row);
  F16* const scales = reinterpret_cast<F16*>(rounded + width);
  kernels.round_q8(from, head_dim, rounded, scales);
  for (int64_t i = 0; i < width; i += n) std::memcpy(tile + offset(width, row, i), rounded + i, n);
  for (int64_t b = 0; b < n_blocks; ++b) {
    std::memcpy(tile + ops::q8_scale_offset(width, row, b), scales + b, sizeof(F16));
  }
}

}  // namespace

void run_kv_store(CpuContext& context, const ops::KvStoreArgs& args) {
  const int64_t kv_heads = args.k.shape[1], head_dim = args.k.shape[2];
  const ops::KvPagesView& pages = args.pages;
  // One thread: a few kilobytes a token, and two tokens may share a position only if the caller wants the last one.
  std::byte* rounded = static_cast<std::byte*>(context.shared.reserve((head_dim + 32) * int64_t{sizeof(float)}));
  for (size_t t = 0; t < args.positions.size(); ++t) {
    const auto page = static_cast<size_t>(args.positions[t] / pages.page_size);
    const int64_t row = args.positions[t] % pages.page_size;
    for (int64_t g = 0; g < kv_heads; ++g) {
      const int64_t from = (static_cast<int64_t>(t) * kv_heads + g) * head_dim;
      if (pages.dtype == DType::kQ8_0) {
        const AttentionKernels& kernels = context.kernels.attention;
        auto* q = reinterpret_cast<int8_t*>(rounded);
        store_q8<4>(kernels, args.k.f32() + from, head_dim, q, pages.k[page], pages.page_size, g, row,
                    ops::q8_key_offset);
        store_q8<1>(kernels, args.v.f32() + from, head_dim, q, pages.v[page], pages.page_size, g, row,
                    ops::q8_value_offset);
        continue;
      }
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
