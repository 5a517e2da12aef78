#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {
namespace {

struct Matrix {
  int64_t rows, columns;
  std::vector<double> values;
  Matrix(int64_t r, int64_t c) : rows(r), columns(c), values(static_cast<size_t>(r * c)) {}
  double& at(int64_t r, int64_t c) { return values[static_cast<size_t>(r * columns + c)]; }
  double at(int64_t r, int64_t c) const { return values[static_cast<size_t>(r * columns + c)]; }
};

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out(a.rows, b.columns);
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t k = 0; k < a.columns; ++k) {
      for (int64_t c = 0; c < b.columns; ++c) out.at(r, c) += a.at(r, k) * b.at(k, c);
    }
  }
  return out;
}

Matrix transposed(const Matrix& a) {
  Matrix out(a.columns, a.rows);
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t c = 0; c < a.columns; ++c) out.at(c, r) = a.at(r, c);
  }
  return out;
}

Matrix orthogonalised(Matrix x) {
  double squares = 0;
  for (const double value : x.values) squares += value * value;
  for (double& value : x.values) value /= std::max(std::sqrt(squares), kSmallestMuonNorm);
  const auto [a, b, c] = kNewtonSchulz;
  for (int step = 0; step < kNewtonSchulzSteps; ++step) {
    const Matrix gram = product(x, transposed(x)), cubic = product(gram, x), quintic = product(gram, cubic);
    for (size_t i = 0; i < x.values.size(); ++i) {
      x.values[i] = a * x.values[i] + b * cubic.values[i] + c * quintic.values[i];
    }
  }
  return x;
}

}  // namespace

void muon(const MuonArgs& args) {
  Matrix update(args.parameter.shape[0], args.parameter.shape[1]);
  const auto momentum = static_cast<double>(args.momentum), lr = static_cast<double>(args.lr);
  for (size_t i = 0; i < update.values.size(); ++i) {
    const double g = static_cast<double>(args.grad_scale) * static_cast<double>(args.grad.f32()[i]);
    const double m = momentum * static_cast<double>(args.m.f32()[i]) + (1 - momentum) * g;
    update.values[i] = args.nesterov ? momentum * m + (1 - momentum) * g : m;
    args.m.f32()[i] = static_cast<float>(m);
  }
  const double step = lr * kMuonRms * std::sqrt(static_cast<double>(std::max(update.rows, update.columns)));
  update = orthogonalised(std::move(update));
  for (size_t i = 0; i < update.values.size(); ++i) {
    const auto p = static_cast<double>(args.parameter.f32()[i]);
    args.parameter.f32()[i] =
        static_cast<float>(p - lr * static_cast<double>(args.weight_decay) * p - step * update.values[i]);
  }
}

}  // namespace hermes::ops::reference
