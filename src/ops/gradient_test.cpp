// The oracle of the backward passes against derivatives taken numerically. Each op's forward formula is written
// here once more, on doubles, and held to the forward oracle; for a loss L = sum of d_out * forward(inputs), its
// five-point differences (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h are the gradient up to h^4 / 30
// times the fifth derivative and a few 1e-16 |L| / h: with h = 2^-9 both are below 1e-11 for the inputs used here.
// What the oracle adds is one rounding to F32.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::ops {
namespace {

using test::kUnitRoundoff;
using test::random_tensor;
using test::TestTensor;
using Doubles = std::vector<double>;

constexpr double kStep = 0x1.0p-9;
constexpr double kDifferencing = 1e-9;  // a hundred times what is estimated above, for |L| and derivatives up to 100

Doubles doubles_of(const TestTensor& x) { return {x.f32().begin(), x.f32().end()}; }

double dot(const Doubles& a, const Doubles& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Doubles gradient_of(const std::function<double(const Doubles&)>& f, Doubles x) {
  Doubles gradient;
  for (double& at : x) {
    const double kept = at;
    const auto shifted = [&](double by) {
      at = kept + by * kStep;
      return f(x);
    };
    gradient.push_back((shifted(-2) - 8 * shifted(-1) + 8 * shifted(1) - shifted(2)) / (12 * kStep));
    at = kept;
  }
  return gradient;
}

// `extra`: what the oracle's inputs add, where one of them was itself rounded.
void expect_gradient(const TestTensor& actual, const Doubles& expected, double extra = 0) {
  ASSERT_EQ(actual.f32().size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const double tolerance = kUnitRoundoff * std::fabs(expected[i]) + kDifferencing + extra;
    EXPECT_TRUE(test::is_close(static_cast<double>(actual.f32()[i]), expected[i], tolerance))
        << i << ": " << actual.f32()[i] << " beside " << expected[i];
  }
}

// The forward formula of this file is the oracle's.
void expect_forward(const TestTensor& oracle, const Doubles& formula) { expect_gradient(oracle, formula); }

// After `factor` calls that add the same: each rounds once.
void expect_multiple(const TestTensor& actual, const TestTensor& once, int factor) {
  for (int64_t i = 0; i < once.shape.elements(); ++i) {
    const double expected = factor * once.at(i);
    EXPECT_TRUE(test::is_close(actual.at(i), expected, factor * kUnitRoundoff * std::fabs(expected))) << i;
  }
}

TestTensor copy_of(const TestTensor& x) {
  TestTensor copy(DType::kF32, x.shape);
  std::copy(x.f32().begin(), x.f32().end(), copy.f32().begin());
  return copy;
}

class Gradient : public testing::Test {
 protected:
  std::unique_ptr<Backend> forward = make_reference_backend();
  std::unique_ptr<TrainingBackend> backward = make_reference_training_backend();
};

TEST_F(Gradient, OfEmbeddingAddsRowsOfEqualTokens) {
  const std::vector<int32_t> tokens = {2, 0, 2, 2};
  const TestTensor table = random_tensor(DType::kF32, {4, 3}, 1), d_out = random_tensor(DType::kF32, {4, 3}, 2);
  const TestTensor d_table(DType::kF32, {4, 3});
  const auto loss = [&](const Doubles& x) {
    double sum = 0;
    for (size_t t = 0; t < tokens.size(); ++t) {
      for (size_t i = 0; i < 3; ++i)
        sum += d_out.at(static_cast<int64_t>(t * 3 + i)) * x[static_cast<size_t>(tokens[t]) * 3 + i];
    }
    return sum;
  };
  backward->embedding_backward({.tokens = tokens, .d_out = d_out.view(), .d_table = d_table.view()});
  expect_gradient(d_table, gradient_of(loss, doubles_of(table)));
}

Doubles rms_norm_of(const Doubles& x, const Doubles& weight, double eps) {
  const size_t n = weight.size();
  Doubles out;
  for (size_t row = 0; row < x.size(); row += n) {
    double squares = 0;
    for (size_t i = 0; i < n; ++i) squares += x[row + i] * x[row + i];
    const double rms = std::sqrt(squares / static_cast<double>(n) + eps);
    for (size_t i = 0; i < n; ++i) out.push_back(weight[i] * x[row + i] / rms);
  }
  return out;
}

TEST_F(Gradient, OfRmsNorm) {
  for (const int64_t n : {1, 2, 7, 17}) {
    constexpr float kEps = 0.25F;
    const TestTensor x = random_tensor(DType::kF32, {3, n}, 3), weight = random_tensor(DType::kF32, {n}, 4, 0.3, 1);
    const TestTensor d_out = random_tensor(DType::kF32, {3, n}, 5), out(DType::kF32, {3, n});
    const TestTensor d_x = copy_of(d_out), d_weight(DType::kF32, {n});  // d_x in the place of d_out
    forward->rms_norm({.x = x.view(), .weight = weight.view(), .eps = kEps, .out = out.view()});
    expect_forward(out, rms_norm_of(doubles_of(x), doubles_of(weight), 0.25));
    backward->rms_norm_backward({.x = x.view(),
                                 .weight = weight.view(),
                                 .d_out = d_x.view(),
                                 .eps = kEps,
                                 .d_x = d_x.view(),
                                 .d_weight = d_weight.view()});
    const Doubles xs = doubles_of(x), weights = doubles_of(weight), d = doubles_of(d_out);
    const auto of_x = [&](const Doubles& v) { return dot(d, rms_norm_of(v, weights, 0.25)); };
    const auto of_weight = [&](const Doubles& v) { return dot(d, rms_norm_of(xs, v, 0.25)); };
    expect_gradient(d_x, gradient_of(of_x, xs));
    expect_gradient(d_weight, gradient_of(of_weight, weights));
  }
}

Doubles linear_of(const Doubles& x, const Doubles& weight, const Doubles& bias, size_t k) {
  Doubles y;
  for (size_t t = 0; t < x.size(); t += k) {
    for (size_t n = 0; n < bias.size(); ++n) {
      double sum = bias[n];
      for (size_t i = 0; i < k; ++i) sum += x[t + i] * weight[n * k + i];
      y.push_back(sum);
    }
  }
  return y;
}

TEST_F(Gradient, OfLinear) {
  const int64_t t = 5, k = 3, n = 4;
  const TestTensor x = random_tensor(DType::kF32, {t, k}, 6), weight = random_tensor(DType::kF32, {n, k}, 7);
  const TestTensor bias = random_tensor(DType::kF32, {n}, 8), d_y = random_tensor(DType::kF32, {t, n}, 9);
  const TestTensor y(DType::kF32, {t, n});
  const Doubles xs = doubles_of(x), weights = doubles_of(weight), biases = doubles_of(bias), d = doubles_of(d_y);
  forward->linear({.x = x.view(), .weight = weight.view(), .bias = bias.view(), .y = y.view()});
  expect_forward(y, linear_of(xs, weights, biases, k));

  const TestTensor d_x = random_tensor(DType::kF32, {t, k}, 10), d_weight(DType::kF32, {n, k}),
                   d_bias(DType::kF32, {n});
  LinearBackwardArgs args;
  args.x = x.view();
  args.weight = weight.view();
  args.d_y = d_y.view();
  args.d_x = d_x.view();
  args.d_weight = d_weight.view();
  args.d_bias = d_bias.view();
  backward->linear_backward(args);
  expect_gradient(d_x, gradient_of([&](const Doubles& v) { return dot(d, linear_of(v, weights, biases, k)); }, xs));
  expect_gradient(d_weight,
                  gradient_of([&](const Doubles& v) { return dot(d, linear_of(xs, v, biases, k)); }, weights));
  expect_gradient(d_bias, gradient_of([&](const Doubles& v) { return dot(d, linear_of(xs, weights, v, k)); }, biases));

  // Where it adds, a second call doubles; where it overwrites, it does not.
  const TestTensor once_x = copy_of(d_x), once_weight = copy_of(d_weight), once_bias = copy_of(d_bias);
  backward->linear_backward(args);
  EXPECT_TRUE(test::same_bits(d_x.f32(), once_x.f32()));
  args.accumulate_d_x = true;
  args.d_bias = {};
  backward->linear_backward(args);
  expect_multiple(d_x, once_x, 2);
  expect_multiple(d_weight, once_weight, 3);
  expect_multiple(d_bias, once_bias, 2);
}

// A rotation: what the forward pass does, the backward pass undoes, and the gradient is that of <d, R x>.
TEST_F(Gradient, OfRope) {
  const std::vector<int32_t> positions = {0, 1, 77, 3000};
  const std::vector<float> inv_freq = {1, 0.1F, 0.003F};
  const TestTensor x = random_tensor(DType::kF32, {4, 2, 6}, 11), d = random_tensor(DType::kF32, {4, 2, 6}, 12);
  const Doubles weights = doubles_of(d);
  const auto rotated = [&](const Doubles& v) {
    Doubles out(v.size());
    for (size_t head = 0; head < 8; ++head) {
      for (size_t i = 0; i < 3; ++i) {
        const float angle = static_cast<float>(positions[head / 2]) * inv_freq[i];
        const double c = std::cos(static_cast<double>(angle)), s = std::sin(static_cast<double>(angle));
        const double a = v[head * 6 + i], b = v[head * 6 + 3 + i];
        out[head * 6 + i] = a * c - b * s;
        out[head * 6 + 3 + i] = b * c + a * s;
      }
    }
    return out;
  };
  const TestTensor forwarded = copy_of(x);
  forward->rope({.x = forwarded.view(), .positions = positions, .inv_freq = inv_freq});
  expect_forward(forwarded, rotated(doubles_of(x)));
  const TestTensor d_x = copy_of(d);
  backward->rope_backward({.d_x = d_x.view(), .positions = positions, .inv_freq = inv_freq});
  expect_gradient(d_x, gradient_of([&](const Doubles& v) { return dot(weights, rotated(v)); }, doubles_of(x)));
}

TEST_F(Gradient, OfSwiglu) {
  const TestTensor gate = random_tensor(DType::kF32, {3, 5}, 13, 2), up = random_tensor(DType::kF32, {3, 5}, 14);
  const TestTensor d_out = random_tensor(DType::kF32, {3, 5}, 15), out(DType::kF32, {3, 5});
  const Doubles gates = doubles_of(gate), ups = doubles_of(up), d = doubles_of(d_out);
  const auto swiglu = [](const Doubles& a, const Doubles& b) {
    Doubles y;
    for (size_t i = 0; i < a.size(); ++i) y.push_back(a[i] / (1 + std::exp(-a[i])) * b[i]);
    return y;
  };
  forward->swiglu({.gate = gate.view(), .up = up.view(), .out = out.view()});
  expect_forward(out, swiglu(gates, ups));
  const Doubles by_gate = gradient_of([&](const Doubles& v) { return dot(d, swiglu(v, ups)); }, gates);
  const Doubles by_up = gradient_of([&](const Doubles& v) { return dot(d, swiglu(gates, v)); }, ups);
  for (const bool d_gate_is_d_out : {false, true}) {
    const TestTensor a = copy_of(gate), b = copy_of(up), c = copy_of(d_out);
    const TestTensor& d_gate = d_gate_is_d_out ? c : a;
    const TestTensor& d_up = d_gate_is_d_out ? b : c;
    backward->swiglu_backward(
        {.gate = a.view(), .up = b.view(), .d_out = c.view(), .d_gate = d_gate.view(), .d_up = d_up.view()});
    expect_gradient(d_gate, by_gate);
    expect_gradient(d_up, by_up);
  }
}

TEST_F(Gradient, OfCrossEntropyReplacesTheLogits) {
  constexpr float kScale = 0.375F;
  const std::vector<int32_t> labels = {0, 6, 3};
  const TestTensor x = random_tensor(DType::kF32, {3, 7}, 16, 2), logits = copy_of(x);
  const auto losses = [&](const Doubles& v) {
    Doubles out;
    for (size_t r = 0; r < 3; ++r) {
      double sum = 0;
      for (size_t i = 0; i < 7; ++i) sum += std::exp(v[r * 7 + i]);
      out.push_back(std::log(sum) - v[r * 7 + static_cast<size_t>(labels[r])]);
    }
    return out;
  };
  TestTensor loss(DType::kF32, {3});
  CrossEntropyArgs args{
      .logits = logits.view(), .labels = labels, .scale = kScale, .loss_only = true, .loss = loss.f32()};
  backward->cross_entropy(args);
  expect_forward(loss, losses(doubles_of(x)));
  EXPECT_TRUE(test::same_bits(logits.f32(), x.f32()));  // loss_only
  for (float& value : loss.f32()) value = std::numeric_limits<float>::quiet_NaN();
  args.loss_only = false;
  backward->cross_entropy(args);
  expect_forward(loss, losses(doubles_of(x)));
  const auto total = [&](const Doubles& v) { return 0.375 * dot(losses(v), {1, 1, 1}); };
  expect_gradient(logits, gradient_of(total, doubles_of(x)));
}

TEST_F(Gradient, OfCrossEntropyHoldsLargeLogits) {
  TestTensor logits(DType::kF32, {1, 3}), loss(DType::kF32, {1});
  logits.set(0, 1000);
  logits.set(1, -1000);
  const std::vector<int32_t> labels = {1};
  backward->cross_entropy({.logits = logits.view(), .labels = labels, .scale = 2, .loss = loss.f32()});
  EXPECT_EQ(loss.f32()[0], 2000);
  EXPECT_EQ(std::vector<float>(logits.f32().begin(), logits.f32().end()), (std::vector<float>{2, -2, 0}));
}

struct Attention {
  int64_t heads, kv_heads, dim;
  std::vector<int32_t> documents;
  double scale;

  Doubles operator()(const Doubles& q, const Doubles& k, const Doubles& v) const {
    const auto d = static_cast<size_t>(dim), n_q = static_cast<size_t>(heads), n_kv = static_cast<size_t>(kv_heads);
    Doubles out(q.size(), 0.0);
    for (size_t document = 0; document + 1 < documents.size(); ++document) {
      const auto begin = static_cast<size_t>(documents[document]), end = static_cast<size_t>(documents[document + 1]);
      for (size_t t = begin; t < end; ++t) {
        for (size_t h = 0; h < n_q; ++h) {
          const size_t g = h * n_kv / n_q, at_q = (t * n_q + h) * d;
          double sum = 0;
          for (size_t j = begin; j <= t; ++j) {
            const size_t at_kv = (j * n_kv + g) * d;
            double s = 0;
            for (size_t i = 0; i < d; ++i) s += q[at_q + i] * k[at_kv + i];
            const double e = std::exp(scale * s);
            sum += e;
            for (size_t i = 0; i < d; ++i) out[at_q + i] += e * v[at_kv + i];
          }
          for (size_t i = 0; i < d; ++i) out[at_q + i] /= sum;
        }
      }
    }
    return out;
  }
};

TEST_F(Gradient, OfAttentionOverPackedDocuments) {
  const Attention cases[] = {{1, 1, 1, {0, 1}, 1},
                             {2, 1, 3, {0, 1, 6, 6, 7, 9}, 0.5},
                             {6, 2, 5, {0, 4, 5, 9}, 0.75},
                             {3, 3, 2, {0, 1, 2, 10}, -0.5}};
  for (const Attention& attention : cases) {
    const int64_t t = attention.documents.back(), heads = attention.heads, kv_heads = attention.kv_heads;
    const Shape q_shape = {t, heads, attention.dim}, kv_shape = {t, kv_heads, attention.dim};
    SCOPED_TRACE(to_string(q_shape) + " over " + to_string(kv_shape));
    const TestTensor q = random_tensor(DType::kF32, q_shape, 17), k = random_tensor(DType::kF32, kv_shape, 18);
    const TestTensor v = random_tensor(DType::kF32, kv_shape, 19), d_out = random_tensor(DType::kF32, q_shape, 20);
    const Doubles qs = doubles_of(q), ks = doubles_of(k), vs = doubles_of(v), d = doubles_of(d_out);
    const TestTensor out(DType::kF32, q_shape);
    const Doubles exact = attention(qs, ks, vs);
    for (size_t i = 0; i < exact.size(); ++i) out.f32()[i] = static_cast<float>(exact[i]);

    const TestTensor d_q(DType::kF32, q_shape), d_k(DType::kF32, kv_shape), d_v(DType::kF32, kv_shape);
    backward->attention_backward({.q = q.view(),
                                  .k = k.view(),
                                  .v = v.view(),
                                  .out = out.view(),
                                  .d_out = d_out.view(),
                                  .documents = attention.documents,
                                  .scale = static_cast<float>(attention.scale),
                                  .d_q = d_q.view(),
                                  .d_k = d_k.view(),
                                  .d_v = d_v.view()});
    // `out` was rounded, so <d_out, out> of every query is off by u sum |d_out out|, weighed by scale p q or scale p k.
    double rounding = 0, largest = 0;
    for (size_t i = 0; i < exact.size(); ++i) rounding += kUnitRoundoff * std::fabs(d[i] * exact[i]);
    for (const Doubles* x : {&qs, &ks}) {
      for (const double value : *x) largest = std::max(largest, std::fabs(value));
    }
    const double extra = std::fabs(attention.scale) * rounding * largest;
    expect_gradient(d_q, gradient_of([&](const Doubles& x) { return dot(d, attention(x, ks, vs)); }, qs), extra);
    expect_gradient(d_k, gradient_of([&](const Doubles& x) { return dot(d, attention(qs, x, vs)); }, ks), extra);
    expect_gradient(d_v, gradient_of([&](const Doubles& x) { return dot(d, attention(qs, ks, x)); }, vs));
  }
}

}  // namespace
}  // namespace hermes::ops
