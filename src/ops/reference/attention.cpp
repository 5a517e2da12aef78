#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/int8_blocks.h"
#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"

namespace hermes::ops::reference {
namespace {

// Element i of row `row` of KV head g, which is at `offset` of its tile.
double q8_element(const std::byte* page, const KvPagesView& pages, int64_t head_dim, int64_t g, int64_t row, int64_t i,
                  int64_t offset) {
  const int64_t width = padded_elements(DType::kQ8_0, head_dim);
  const std::byte* tile = page + q8_tile_offset(pages.page_size, width, g, row);
  const auto* scale = reinterpret_cast<const F16*>(tile + q8_scale_offset(width, row, i / kInt8Block));
  return static_cast<double>(to_float(*scale)) * *reinterpret_cast<const int8_t*>(tile + offset);
}

// Element i of K or V for position j and KV head g.
double key(const KvPagesView& pages, int64_t head_dim, int64_t j, int64_t g, int64_t i) {
  const std::byte* page = pages.k[static_cast<size_t>(j / pages.page_size)];
  if (pages.dtype == DType::kQ8_0) {
    const int64_t row = j % pages.page_size;
    return q8_element(page, pages, head_dim, g, row, i, q8_key_offset(padded_elements(pages.dtype, head_dim), row, i));
  }
  return element(page, pages.dtype, key_offset(pages.page_size, head_dim, g, j % pages.page_size, i));
}
double value(const KvPagesView& pages, int64_t head_dim, int64_t j, int64_t g, int64_t i) {
  const std::byte* page = pages.v[static_cast<size_t>(j / pages.page_size)];
  if (pages.dtype == DType::kQ8_0) {
    const int64_t row = j % pages.page_size;
    return q8_element(page, pages, head_dim, g, row, i,
                      q8_value_offset(padded_elements(pages.dtype, head_dim), row, i));
  }
  return element(page, pages.dtype, (g * pages.page_size + j % pages.page_size) * head_dim + i);
}

// scale * q as products take it: beside a Q8_0 cache rounded to int8, by blocks.
std::vector<double> scaled_query(const float* q, int64_t head_dim, float scale, DType dtype) {
  std::vector<double> scaled(static_cast<size_t>(head_dim));
  for (int64_t i = 0; i < head_dim; ++i) {
    scaled[static_cast<size_t>(i)] = static_cast<double>(scale) * static_cast<double>(q[i]);
  }
  if (dtype != DType::kQ8_0) return scaled;
  for (int64_t i = 0; i < head_dim; i += kInt8Block) {
    float block[kInt8Block] = {};
    int8_t rounded[kInt8Block];
    const int64_t n = std::min<int64_t>(kInt8Block, head_dim - i);
    for (int64_t j = 0; j < n; ++j) block[j] = q[i + j] * scale;
    const auto unit = static_cast<double>(round_to_int8(block, rounded));
    for (int64_t j = 0; j < n; ++j) scaled[static_cast<size_t>(i + j)] = unit * rounded[j];
  }
  return scaled;
}

}  // namespace

void attention(const AttentionArgs& args) {
  const int64_t n_tokens = args.q.shape[0], n_heads = args.q.shape[1], head_dim = args.q.shape[2];
  std::vector<double> p;
  for (int64_t t = 0; t < n_tokens; ++t) {
    const int64_t begin = args.kv_begin[static_cast<size_t>(t)], end = args.kv_end[static_cast<size_t>(t)];
    for (int64_t h = 0; h < n_heads; ++h) {
      const int64_t g = h / (n_heads / args.kv_heads);
      const std::vector<double> q =
          scaled_query(args.q.f32() + (t * n_heads + h) * head_dim, head_dim, args.scale, args.pages.dtype);
      float* out = args.out.f32() + (t * n_heads + h) * head_dim;

      p.assign(static_cast<size_t>(end - begin), 0.0);
      double highest = -std::numeric_limits<double>::infinity();
      for (int64_t j = begin; j < end; ++j) {
        double dot = 0;
        for (int64_t i = 0; i < head_dim; ++i) {
          dot += q[static_cast<size_t>(i)] * key(args.pages, head_dim, j, g, i);
        }
        p[static_cast<size_t>(j - begin)] = dot;
        highest = std::max(highest, dot);
      }
      double sum = 0;
      for (double& s : p) sum += s = std::exp(s - highest);
      for (int64_t i = 0; i < head_dim; ++i) {
        double mean = 0;
        for (int64_t j = begin; j < end; ++j) {
          mean += p[static_cast<size_t>(j - begin)] * value(args.pages, head_dim, j, g, i);
        }
        out[i] = static_cast<float>(mean / sum);
      }
    }
  }
}

}  // namespace hermes::ops::reference
