#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"

namespace hermes::ops::reference {
namespace {

// Element i of K or V for position j and KV head g.
double key(const KvPagesView& pages, int64_t head_dim, int64_t j, int64_t g, int64_t i) {
  const std::byte* page = pages.k[static_cast<size_t>(j / pages.page_size)];
  return element(page, pages.dtype, key_offset(pages.page_size, head_dim, g, j % pages.page_size, i));
}
double value(const KvPagesView& pages, int64_t head_dim, int64_t j, int64_t g, int64_t i) {
  const std::byte* page = pages.v[static_cast<size_t>(j / pages.page_size)];
  return element(page, pages.dtype, (g * pages.page_size + j % pages.page_size) * head_dim + i);
}

}  // namespace

void attention(const AttentionArgs& args) {
  const int64_t n_tokens = args.q.shape[0], n_heads = args.q.shape[1], head_dim = args.q.shape[2];
  std::vector<double> p;
  for (int64_t t = 0; t < n_tokens; ++t) {
    const int64_t begin = args.kv_begin[static_cast<size_t>(t)], end = args.kv_end[static_cast<size_t>(t)];
    for (int64_t h = 0; h < n_heads; ++h) {
      const int64_t g = h / (n_heads / args.kv_heads);
      const float* q = args.q.f32() + (t * n_heads + h) * head_dim;
      float* out = args.out.f32() + (t * n_heads + h) * head_dim;

      p.assign(static_cast<size_t>(end - begin), 0.0);
      double highest = -std::numeric_limits<double>::infinity();
      for (int64_t j = begin; j < end; ++j) {
        double dot = 0;
        for (int64_t i = 0; i < head_dim; ++i) {
          dot += static_cast<double>(q[i]) * key(args.pages, head_dim, j, g, i);
        }
        p[static_cast<size_t>(j - begin)] = static_cast<double>(args.scale) * dot;
        highest = std::max(highest, static_cast<double>(args.scale) * dot);
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
