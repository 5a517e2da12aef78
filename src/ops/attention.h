// Grouped-query attention over a paged KV cache. For each query token t and head h, with g = h / (heads / kv_heads):
//   s[j] = scale * <q[t, h], K[j, g]>  for kv_begin[t] <= j < kv_end[t];  out[t, h] = sum_j softmax(s)[j] V[j, g].
// Causality is kv_end = position + 1; documents packed in one row are kept apart by kv_begin.
//
// Positions are visited in fixed tiles of kAttentionTile, aligned to absolute positions. A tile's weights exp(s - highest),
// their sum and the weighted values are sums of its own, added to its segment's of kAttentionSegment positions, where `highest`
// is of the segment's scores so far; segments are merged in order into the result: threads may take them apart. So the bits
// of a query depend on its own q and the cached K and V, never on chunking, batch, threads or page boundaries. Sums in F32;
// a weight below 2^-126 of the highest counts as 0.
//
// A Q8_0 cache holds K and V as blocks of 32 neighbouring elements of a head, int8 times an F16 scale (ops/int8_blocks.h says
// how they are rounded); head_dim is padded with zeros to whole blocks. There
//   s[j] = sum over blocks b of (float(dot[b]) * k_scale[j, b]) * q_scale[b],  one fma a block, in order,
// where dot is of K's int8 with those of scale * q, rounded to int8 by blocks too (round_to_int8), a whole number. A tile's
// weights p[j] are relative to its own highest score, and its weighted values, for i in block b, are
//   sum_j w[j, b] v[j, i] * (unit[b] / 16383),  w[j, b] = round(p[j] v_scale[j, b] / (unit[b] / 16383)),
// with unit[b] the highest of the v_scale[j, b] that the query sees there: whole numbers, so the sum is exact.
// All else is as above. So beside an exact cache a score is off by at most sum over blocks of
// (q_scale |k|_1 + k_scale |scale q|_1 + 16 q_scale k_scale) / 2, a value by half a v_scale, and their mean by the weights'
// rounding: 1/512 of the largest value at most, where a tile's 64 all err alike. Where K or V has a NaN or an infinity, their
// block is NaN to all that see it.
#pragma once

#include <span>

#include "tensor/padded_rows.h"
#include "tensor/tensor.h"

namespace hermes::ops {

inline constexpr int kAttentionTile = 64;
inline constexpr int kAttentionSegment = 1024;

// K and V of one layer and one sequence: page p holds positions [p * page_size, (p + 1) * page_size). page_size is a
// multiple of kAttentionTile. V's pages are laid out [kv_heads, page_size, head_dim]; K's are transposed tile by tile,
// [kv_heads, page_size / kAttentionTile, head_dim, kAttentionTile], so that scores of neighbouring positions are computed
// side by side without shuffling.
struct KvPagesView {
  std::span<std::byte* const> k;
  std::span<std::byte* const> v;
  DType dtype = DType::kF32;  // F32, F16, BF16 or Q8_0
  int64_t page_size = 0;
};

// Where element i of K lies in its page, for KV head `head` and row `row` of the page.
inline int64_t key_offset(int64_t page_size, int64_t head_dim, int64_t head, int64_t row, int64_t i) {
  return (head * page_size + row / kAttentionTile * kAttentionTile) * head_dim + i * kAttentionTile +
         row % kAttentionTile;
}

// A tile of Q8_0, of one head, in K's pages and in V's: int8 first, then the scales [width / 32, kAttentionTile], F16; width
// is head_dim in whole blocks (padded_elements). Of K the int8 are [kAttentionTile / 16, width / 4, 16 positions, 4 elements],
// as dots want them; of V [16 positions, width, 4 positions], where the four are 16 apart. Here is what lies where, in bytes:
// a tile in its page; element i and the scale of block b of a row of the page in its tile.
inline int64_t q8_tile_offset(int64_t page_size, int64_t width, int64_t head, int64_t row) {
  return (head * page_size + row / kAttentionTile * kAttentionTile) * padded_bytes(DType::kQ8_0, width);
}
inline int64_t q8_key_offset(int64_t width, int64_t row, int64_t i) {
  return row % kAttentionTile / 16 * 16 * width + i / 4 * 64 + row % 16 * 4 + i % 4;
}
inline int64_t q8_value_offset(int64_t width, int64_t row, int64_t i) {
  return (row % 16 * width + i) * 4 + row % kAttentionTile / 16;
}
inline int64_t q8_scale_offset(int64_t width, int64_t row, int64_t b) {
  return kAttentionTile * width + (b * kAttentionTile + row % kAttentionTile) * 2;
}

// Stores k and v of T tokens at `positions`, rounding to the pages' dtype (nearest, ties to even; Q8_0: ops/int8_blocks.h).
struct KvStoreArgs {
  ConstTensorView k;                   // [T, kv_heads, head_dim], F32
  ConstTensorView v;                   // [T, kv_heads, head_dim], F32
  std::span<const int32_t> positions;  // [T], each within the pages
  KvPagesView pages;
};

struct AttentionArgs {
  ConstTensorView q;  // [T, heads, head_dim], F32
  KvPagesView pages;
  int64_t kv_heads = 0;               // divides heads
  std::span<const int32_t> kv_begin;  // [T]
  std::span<const int32_t> kv_end;    // [T], kv_begin < kv_end
  float scale = 1;
  TensorView out;  // [T, heads, head_dim], F32; must not alias q
};

// Backward for whole documents packed in one row of T tokens: document i is rows [documents[i], documents[i + 1]), and
// token t attends to the tokens of its own document up to itself. With p = softmax(s) recomputed from q and k:
//   d_v[j] += p[t, j] d_out[t];   d_s[t, j] = p[t, j] (<d_out[t], v[j]> - <d_out[t], out[t]>);
//   d_q[t] = scale * sum_j d_s[t, j] k[j];   d_k[j] = scale * sum_t d_s[t, j] q[t],
// heads of a group summed into their KV head in a fixed order. Bits do not depend on threads or on other documents.
// All F32; gradients are overwritten.
struct AttentionBackwardArgs {
  ConstTensorView q;                   // [T, heads, head_dim], after RoPE
  ConstTensorView k;                   // [T, kv_heads, head_dim], after RoPE
  ConstTensorView v;                   // [T, kv_heads, head_dim]
  ConstTensorView out;                 // [T, heads, head_dim]: what the forward pass gave
  ConstTensorView d_out;               // [T, heads, head_dim]
  std::span<const int32_t> documents;  // ascending, first 0, last T
  float scale = 1;
  TensorView d_q;  // [T, heads, head_dim]
  TensorView d_k;  // [T, kv_heads, head_dim]
  TensorView d_v;  // [T, kv_heads, head_dim]
};

}  // namespace hermes::ops
