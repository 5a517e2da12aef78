#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/reference/element.h"
#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {
namespace {

// Rows of [T, heads, head_dim] as vectors of doubles.
struct Heads {
  ConstTensorView view;
  double at(int64_t t, int64_t h, int64_t i) const {
    return element(view, (t * view.shape[1] + h) * view.shape[2] + i);
  }
};

double dot(const Heads& a, int64_t t, int64_t h, const Heads& b, int64_t j, int64_t g) {
  double sum = 0;
  for (int64_t i = 0; i < a.view.shape[2]; ++i) sum += a.at(t, h, i) * b.at(j, g, i);
  return sum;
}

void round_to(const std::vector<double>& values, const TensorView& out) {
  for (size_t i = 0; i < values.size(); ++i) out.f32()[i] = static_cast<float>(values[i]);
}

}  // namespace

void attention_backward(const AttentionBackwardArgs& args) {
  const int64_t n_heads = args.q.shape[1], head_dim = args.q.shape[2], kv_heads = args.k.shape[1];
  const Heads q{args.q}, k{args.k}, v{args.v}, out{args.out}, d_out{args.d_out};
  const auto scale = static_cast<double>(args.scale);
  std::vector<double> d_q(static_cast<size_t>(args.d_q.shape.elements()), 0.0);
  std::vector<double> d_k(static_cast<size_t>(args.d_k.shape.elements()), 0.0), d_v = d_k;
  std::vector<double> p;
  for (size_t document = 0; document + 1 < args.documents.size(); ++document) {
    const int64_t begin = args.documents[document], end = args.documents[document + 1];
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t h = 0; h < n_heads; ++h) {
        const int64_t g = h / (n_heads / kv_heads);
        p.clear();
        for (int64_t j = begin; j <= t; ++j) p.push_back(scale * dot(q, t, h, k, j, g));
        const double highest = *std::max_element(p.begin(), p.end());
        double sum = 0;
        for (double& s : p) sum += s = std::exp(s - highest);
        for (double& s : p) s /= sum;

        const double mean = dot(d_out, t, h, out, t, h);
        for (int64_t j = begin; j <= t; ++j) {
          const double weight = p[static_cast<size_t>(j - begin)];
          const double d_s = weight * (dot(d_out, t, h, v, j, g) - mean);
          for (int64_t i = 0; i < head_dim; ++i) {
            const auto at_q = static_cast<size_t>((t * n_heads + h) * head_dim + i);
            const auto at_kv = static_cast<size_t>((j * kv_heads + g) * head_dim + i);
            d_q[at_q] += scale * d_s * k.at(j, g, i);
            d_k[at_kv] += scale * d_s * q.at(t, h, i);
            d_v[at_kv] += weight * d_out.at(t, h, i);
          }
        }
      }
    }
  }
  round_to(d_q, args.d_q);
  round_to(d_k, args.d_k);
  round_to(d_v, args.d_v);
}

}  // namespace hermes::ops::reference
