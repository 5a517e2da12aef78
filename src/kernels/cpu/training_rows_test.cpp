// The ops of training that go over rows or arrays, every instruction set against the fp64 reference, and the same
// bits on any number of threads.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "kernels/cpu/cpu_training_backend.h"
#include "ops/reference/reference_backend.h"
#include "ops/rope.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::kernels {
namespace {

using test::kUnitRoundoff;
using test::random_tensor;
using test::TestTensor;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kLengths[] = {1, 15, 16, 17, 33, 100, 2048};

class TrainingRowsOnIsa : public testing::TestWithParam<CpuIsa> {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<ops::TrainingBackend> backend = make_cpu_training_backend(pool, GetParam());
  std::unique_ptr<ops::TrainingBackend> reference = ops::make_reference_training_backend();

  // `run` gives some values with a backend; they must not depend on its threads.
  void expect_same_bits_on_threads(const std::function<std::vector<float>(ops::TrainingBackend&)>& run) {
    ThreadPool alone(1);
    const std::vector<float> one = run(*make_cpu_training_backend(alone, GetParam()));
    for (const int threads : {2, 3, 4}) {
      ThreadPool some(threads);
      ASSERT_TRUE(test::same_bits(run(*make_cpu_training_backend(some, GetParam())), one)) << threads << " threads";
    }
  }
};

std::vector<float> values_of(std::initializer_list<const TestTensor*> tensors) {
  std::vector<float> values;
  for (const TestTensor* tensor : tensors) values.insert(values.end(), tensor->f32().begin(), tensor->f32().end());
  return values;
}

TestTensor copy_of(const TestTensor& x) {
  TestTensor copy(DType::kF32, x.shape);
  std::copy(x.f32().begin(), x.f32().end(), copy.f32().begin());
  return copy;
}

TEST_P(TrainingRowsOnIsa, EmbeddingBackwardAddsInOrder) {
  for (const int64_t n : {1, 16, 33, 150}) {
    const std::vector<int32_t> tokens = {4, 0, 4, 2, 4, 4, 0};
    const TestTensor d_out = random_tensor(DType::kF32, {7, n}, 1), before = random_tensor(DType::kF32, {5, n}, 2);
    const TestTensor mine = copy_of(before), expected = copy_of(before);
    backend->embedding_backward({.tokens = tokens, .d_out = d_out.view(), .d_table = mine.view()});
    for (size_t t = 0; t < tokens.size(); ++t) {  // in F32 and in order: the same bits
      for (int64_t i = 0; i < n; ++i) {
        expected.f32()[static_cast<size_t>(tokens[t] * n + i)] +=
            d_out.f32()[t * static_cast<size_t>(n) + static_cast<size_t>(i)];
      }
    }
    ASSERT_TRUE(test::same_bits(mine.f32(), expected.f32())) << n;
  }
}

TEST_P(TrainingRowsOnIsa, RmsNormBackwardIsWithinItsRoundings) {
  for (const int64_t n : kLengths) {
    for (const int64_t rows : {int64_t{1}, int64_t{9}, 40000 / n}) {
      const TestTensor x = random_tensor(DType::kF32, {rows, n}, 3, 2),
                       weight = random_tensor(DType::kF32, {n}, 4, 0.3, 1);
      const TestTensor d_out = random_tensor(DType::kF32, {rows, n}, 5), before = random_tensor(DType::kF32, {n}, 6);
      const TestTensor mine(DType::kF32, x.shape), theirs(DType::kF32, x.shape);
      const TestTensor my_weight = copy_of(before), their_weight = copy_of(before);
      const auto run = [&](ops::TrainingBackend& on, const TestTensor& d, const TestTensor& d_x,
                           const TestTensor& d_weight) {
        on.rms_norm_backward({.x = x.view(),
                              .weight = weight.view(),
                              .d_out = d.view(),
                              .d_x = d_x.view(),
                              .d_weight = d_weight.view()});
      };
      run(*backend, d_out, mine, my_weight);
      run(*reference, d_out, theirs, their_weight);

      // Sums of n in sixteen lanes. r is off by half of what the sum of squares is, and one rounding; the term along x,
      // r^3 x mean(g x), by three times that and what the sum of g x is off, which its magnitudes bound.
      const double chain = static_cast<double>((n + 15) / 16 + test::kLaneTree + 2);
      std::vector<double> tolerances, weight_tolerances;
      for (const float value : before.f32()) weight_tolerances.push_back(std::fabs(static_cast<double>(value)));
      for (int64_t row = 0; row < rows; ++row) {
        double squares = 0, products = 0;
        for (int64_t i = row * n; i < (row + 1) * n; ++i) {
          squares += x.at(i) * x.at(i);
          products += std::fabs(weight.at(i % n) * d_out.at(i) * x.at(i));
        }
        const double r = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
        for (int64_t i = row * n; i < (row + 1) * n; ++i) {
          const double direct = r * std::fabs(weight.at(i % n) * d_out.at(i));
          const double along = r * r * r * std::fabs(x.at(i)) * products / static_cast<double>(n);
          tolerances.push_back(kUnitRoundoff * ((chain / 2 + 5) * direct + (2.5 * chain + 6) * along));
          weight_tolerances[static_cast<size_t>(i % n)] += std::fabs(d_out.at(i) * x.at(i)) * r;
        }
      }
      // d_weight: r and two products, then a chain over the rows of a piece and over the pieces.
      for (double& t : weight_tolerances) t *= kUnitRoundoff * (chain / 2 + 4 + static_cast<double>(rows) + 2);
      ASSERT_TRUE(test::all_close(mine.f32(), theirs.f32(), tolerances)) << rows << " x " << n;
      ASSERT_TRUE(test::all_close(my_weight.f32(), their_weight.f32(), weight_tolerances)) << rows << " x " << n;

      const TestTensor in_place = copy_of(d_out), weight_again = copy_of(before);
      run(*backend, in_place, in_place, weight_again);
      ASSERT_TRUE(test::same_bits(in_place.f32(), mine.f32())) << "in place";
      ASSERT_TRUE(test::same_bits(weight_again.f32(), my_weight.f32())) << "in place";
    }
  }
}

TEST_P(TrainingRowsOnIsa, RopeBackwardIsWithinItsRoundings) {
  for (const int64_t head_dim : {2, 8, 34, 64}) {
    const std::vector<int32_t> positions = {0, 1, 2, 63, 8191, 131071, 5, 6};
    const std::vector<float> inv_freq = ops::rope_inv_freq(static_cast<int>(head_dim), 1e4);
    const TestTensor d_x = random_tensor(DType::kF32, {8, 3, head_dim}, 7), mine = copy_of(d_x), theirs = copy_of(d_x);
    backend->rope_backward({.d_x = mine.view(), .positions = positions, .inv_freq = inv_freq});
    reference->rope_backward({.d_x = theirs.view(), .positions = positions, .inv_freq = inv_freq});
    std::vector<double> tolerances;
    for (int64_t i = 0; i < d_x.shape.elements(); ++i) {
      const int64_t pair = i % head_dim < head_dim / 2 ? i + head_dim / 2 : i - head_dim / 2;
      tolerances.push_back(test::rope_tolerance(std::fabs(d_x.at(i)), std::fabs(d_x.at(pair))));
    }
    ASSERT_TRUE(test::all_close(mine.f32(), theirs.f32(), tolerances)) << head_dim;
  }
}

// The table of angles is kept between calls: calls with other positions, other frequencies and other lengths in between
// must not see it.
TEST_P(TrainingRowsOnIsa, RopeWorksOutItsAnglesAgainWhereTheyChange) {
  const auto forward = make_cpu_backend(pool, GetParam());
  const std::vector<float> slow = ops::rope_inv_freq(8, 1e6), fast = ops::rope_inv_freq(8, 1e2);
  const std::vector<std::vector<int32_t>> lists = {{0, 1, 2}, {0, 1, 3}, {0, 1}, {5, 6, 7, 8, 9}, {0, 1, 2}};
  for (const std::vector<int32_t>& positions : lists) {
    for (const std::vector<float>* inv_freq : {&slow, &fast, &fast}) {
      const auto n = static_cast<int64_t>(positions.size());
      const TestTensor x = random_tensor(DType::kF32, {n, 2, 8}, 8), mine = copy_of(x), fresh = copy_of(x);
      forward->rope({.x = mine.view(), .positions = positions, .inv_freq = *inv_freq});
      make_cpu_backend(pool, GetParam())->rope({.x = fresh.view(), .positions = positions, .inv_freq = *inv_freq});
      ASSERT_TRUE(test::same_bits(mine.f32(), fresh.f32()));
      backend->rope_backward({.d_x = mine.view(), .positions = positions, .inv_freq = *inv_freq});  // and back
      std::vector<double> tolerances;
      for (int64_t i = 0; i < x.shape.elements(); ++i) {
        const int64_t pair = i % 8 < 4 ? i + 4 : i - 4;
        // Both ways, and cos^2 + sin^2 of rounded values.
        tolerances.push_back(4 * test::rope_tolerance(std::fabs(x.at(i)), std::fabs(x.at(pair))));
      }
      ASSERT_TRUE(test::all_close(mine.f32(), x.f32(), tolerances));
    }
  }
}

TEST_P(TrainingRowsOnIsa, SwigluBackwardIsWithinItsRoundings) {
  for (const int64_t n : kLengths) {
    for (const double scale : {1.0, 30.0, 1e4}) {
      const TestTensor gate = random_tensor(DType::kF32, {3, n}, 9, scale), up = random_tensor(DType::kF32, {3, n}, 10);
      const TestTensor d_out = random_tensor(DType::kF32, {3, n}, 11);
      const TestTensor d_gate(DType::kF32, {3, n}), d_up(DType::kF32, {3, n}), their_gate(DType::kF32, {3, n}),
          their_up(DType::kF32, {3, n});
      const auto run = [&](ops::TrainingBackend& on, const TestTensor& g, const TestTensor& u, const TestTensor& d,
                           const TestTensor& by_gate, const TestTensor& by_up) {
        on.swiglu_backward(
            {.gate = g.view(), .up = u.view(), .d_out = d.view(), .d_gate = by_gate.view(), .d_up = by_up.view()});
      };
      run(*backend, gate, up, d_out, d_gate, d_up);
      run(*reference, gate, up, d_out, their_gate, their_up);
      std::vector<double> gate_tolerances, up_tolerances;
      for (int64_t i = 0; i < 3 * n; ++i) {
        // s: exp, 1 + exp, the quotient. 1 - s is off by u (exp, sum, quotient, difference) and is multiplied by gate.
        const double s = 1 / (1 + std::exp(-gate.at(i))), d = std::fabs(d_out.at(i)), u = std::fabs(up.at(i));
        const double g = std::fabs(gate.at(i)), s_roundings = test::kExpRoundings + 2;
        // Below gate = -88.7, s is 0 where it should be at most kSiluUnderflow / |gate|; denormals are steps.
        const double lost =
            test::kSmallestF32 * 4 * (1 + d + u) * (1 + g) + test::kSiluUnderflow * (1 + g) * d * (1 + u);
        up_tolerances.push_back(kUnitRoundoff * (s_roundings + 3.01) * std::fabs(their_up.at(i)) + lost);
        const double factor = 1 + g * (1 - s) + g * (s_roundings + 1) * s;
        gate_tolerances.push_back(kUnitRoundoff * (s_roundings + 5.01) * d * u * s * factor + lost);
      }
      ASSERT_TRUE(test::all_close(d_gate.f32(), their_gate.f32(), gate_tolerances)) << n << " scale " << scale;
      ASSERT_TRUE(test::all_close(d_up.f32(), their_up.f32(), up_tolerances)) << n << " scale " << scale;

      TestTensor g = copy_of(gate), u = copy_of(up), d = copy_of(d_out);
      run(*backend, g, u, d, g, u);
      EXPECT_TRUE(test::same_bits(values_of({&g, &u}), values_of({&d_gate, &d_up}))) << "in the place of the inputs";
      u = copy_of(up);
      run(*backend, gate, u, d, d, u);
      EXPECT_TRUE(test::same_bits(values_of({&d, &u}), values_of({&d_gate, &d_up}))) << "in the place of d_out";
      g = copy_of(gate);
      d = copy_of(d_out);
      run(*backend, g, up, d, g, d);
      EXPECT_TRUE(test::same_bits(values_of({&g, &d}), values_of({&d_gate, &d_up}))) << "in the place of d_out";
    }
  }
}

TEST_P(TrainingRowsOnIsa, CrossEntropyIsWithinItsRoundings) {
  for (const int64_t n : kLengths) {
    for (const double spread : {0.1, 3.0, 100.0}) {
      const float scale = 0.37F;
      const TestTensor logits = random_tensor(DType::kF32, {5, n}, 12, spread, 7), mine = copy_of(logits),
                       theirs = copy_of(logits);
      const TestTensor loss(DType::kF32, {5}), expected_loss(DType::kF32, {5}), loss_only(DType::kF32, {5});
      std::vector<int32_t> labels;
      for (int64_t r = 0; r < 5; ++r) labels.push_back(static_cast<int32_t>(r * 31 % n));
      backend->cross_entropy(
          {.logits = mine.view(), .labels = labels, .scale = scale, .loss_only = true, .loss = loss_only.f32()});
      ASSERT_TRUE(test::same_bits(mine.f32(), logits.f32())) << "loss_only";
      backend->cross_entropy({.logits = mine.view(), .labels = labels, .scale = scale, .loss = loss.f32()});
      reference->cross_entropy(
          {.logits = theirs.view(), .labels = labels, .scale = scale, .loss = expected_loss.f32()});
      ASSERT_TRUE(test::same_bits(loss.f32(), loss_only.f32()));

      // p as softmax_tolerance has it; at the label 1 is taken away, and one rounding more. The loss is the logarithm
      // of a sum that is off by as much relative to itself.
      const double range = std::min(104.0, 10 * spread);  // below exp(-104) everything is 0 on both sides
      const auto weight = static_cast<double>(scale);
      std::vector<double> tolerances, loss_tolerances;
      for (int64_t i = 0; i < 5 * n; ++i) {
        const bool is_label = i % n == labels[static_cast<size_t>(i / n)];
        const double p = std::fabs(theirs.at(i)) / weight, own = is_label ? 1 - std::min(1.0, p) : p;
        tolerances.push_back(weight * (test::softmax_tolerance(own, range) + 4 * kUnitRoundoff * p) +
                             test::kSmallestF32);
      }
      for (int64_t r = 0; r < 5; ++r) {
        loss_tolerances.push_back(test::softmax_tolerance(1, range) + kUnitRoundoff * expected_loss.at(r));
      }
      ASSERT_TRUE(test::all_close(mine.f32(), theirs.f32(), tolerances)) << n << " spread " << spread;
      ASSERT_TRUE(test::all_close(loss.f32(), expected_loss.f32(), loss_tolerances)) << n << " spread " << spread;
    }
  }
}

TEST_P(TrainingRowsOnIsa, AdamwIsWithinItsRoundings) {
  for (const int64_t n : {1, 15, 16, 33, 20000}) {
    for (const int64_t step : {1, 2, 1000}) {
      const TestTensor p = random_tensor(DType::kF32, {n}, 13), g = random_tensor(DType::kF32, {n}, 14, 1e-2);
      const TestTensor m = random_tensor(DType::kF32, {n}, 15, 1e-2), v = random_tensor(DType::kF32, {n}, 16, 1e-4);
      for (float& value : v.f32()) value = std::fabs(value);
      const TestTensor my_p = copy_of(p), my_m = copy_of(m), my_v = copy_of(v);
      const auto run = [&](ops::TrainingBackend& on, const TestTensor& a, const TestTensor& b, const TestTensor& c) {
        on.adamw({.parameter = a.f32(),
                  .grad = g.f32(),
                  .m = b.f32(),
                  .v = c.f32(),
                  .step = step,
                  .lr = 3e-3F,
                  .weight_decay = 0.1F,
                  .grad_scale = 0.7F});
      };
      run(*backend, my_p, my_m, my_v);
      const TestTensor their_p = copy_of(p), their_m = copy_of(m), their_v = copy_of(v);
      run(*reference, their_p, their_m, their_v);
      const double correction1 = 1 - std::pow(static_cast<double>(0.9F), static_cast<double>(step));
      for (int64_t i = 0; i < n; ++i) {
        // m and v: the scaled gradient, its factor (and its square), two products and a sum, the reference's own.
        const double m_parts = 0.9 * std::fabs(m.at(i)) + 0.1 * 0.7 * std::fabs(g.at(i));
        const double v_error = 8 * kUnitRoundoff * their_v.at(i), m_error = 6 * kUnitRoundoff * m_parts;
        ASSERT_TRUE(test::is_close(my_m.at(i), their_m.at(i), m_error)) << i;
        ASSERT_TRUE(test::is_close(my_v.at(i), their_v.at(i), v_error)) << i;
        // The step is lr m / (root + eps), root off by half of what v is, and five roundings; then p.
        const double root =
            std::sqrt(their_v.at(i) / (1 - std::pow(static_cast<double>(0.95F), static_cast<double>(step))));
        const double change = 3e-3 / correction1 * (m_parts * 10 * kUnitRoundoff + m_error) / (root + 1e-8);
        ASSERT_TRUE(test::is_close(
            my_p.at(i), their_p.at(i),
            1.01 * change + 4 * kUnitRoundoff * std::fabs(p.at(i)) + kUnitRoundoff * std::fabs(their_p.at(i))))
            << i;
      }
    }
  }
}

TEST_P(TrainingRowsOnIsa, SumOfSquaresIsInFp64) {
  for (const int64_t n : {0, 1, 15, 16, 33, 16384, 50001}) {
    const TestTensor x = random_tensor(DType::kF32, {n}, 17);
    const double expected = reference->sum_of_squares(x.f32());
    // Squares are exact in fp64; each side rounds at most n times.
    EXPECT_NEAR(backend->sum_of_squares(x.f32()), expected, 2 * static_cast<double>(n) * 0x1.0p-53 * expected);
    if (n == 0) continue;
    x.set(n - 1, kNan);
    EXPECT_TRUE(std::isnan(backend->sum_of_squares(x.f32())));
  }
  const TestTensor large = random_tensor(DType::kF32, {3}, 18, 1e30);  // beyond F32
  EXPECT_TRUE(std::isfinite(backend->sum_of_squares(large.f32())));
}

TEST_P(TrainingRowsOnIsa, GiveTheSameBitsOnAnyNumberOfThreads) {
  const int64_t rows = 301, n = 260;  // several pieces, the last one shorter
  const Shape shape = {rows, n};
  expect_same_bits_on_threads([&](ops::TrainingBackend& on) {
    const TestTensor x = random_tensor(DType::kF32, shape, 20), weight = random_tensor(DType::kF32, {n}, 21);
    const TestTensor d = random_tensor(DType::kF32, shape, 22), d_weight(DType::kF32, {n});
    on.rms_norm_backward(
        {.x = x.view(), .weight = weight.view(), .d_out = d.view(), .d_x = d.view(), .d_weight = d_weight.view()});
    return values_of({&d, &d_weight});
  });
  expect_same_bits_on_threads([&](ops::TrainingBackend& on) {
    const TestTensor gate = random_tensor(DType::kF32, shape, 20), up = random_tensor(DType::kF32, shape, 21);
    const TestTensor d = random_tensor(DType::kF32, shape, 22);
    on.swiglu_backward(
        {.gate = gate.view(), .up = up.view(), .d_out = d.view(), .d_gate = gate.view(), .d_up = up.view()});
    return values_of({&gate, &up});
  });
  expect_same_bits_on_threads([&](ops::TrainingBackend& on) {
    const TestTensor logits = random_tensor(DType::kF32, shape, 20), loss(DType::kF32, {rows});
    const std::vector<int32_t> labels(static_cast<size_t>(rows), 17);
    on.cross_entropy({.logits = logits.view(), .labels = labels, .loss = loss.f32()});
    return values_of({&logits, &loss});
  });
  expect_same_bits_on_threads([&](ops::TrainingBackend& on) {
    const TestTensor d_out = random_tensor(DType::kF32, shape, 20), d_table(DType::kF32, {7, n});
    std::vector<int32_t> tokens;
    for (int64_t t = 0; t < rows; ++t) tokens.push_back(static_cast<int32_t>(t * t % 7));
    on.embedding_backward({.tokens = tokens, .d_out = d_out.view(), .d_table = d_table.view()});
    return values_of({&d_table});
  });
  expect_same_bits_on_threads([&](ops::TrainingBackend& on) {
    const TestTensor x = random_tensor(DType::kF32, shape, 20);
    const double sum = on.sum_of_squares(x.f32());
    return std::vector<float>{static_cast<float>(sum),
                              static_cast<float>(sum - static_cast<double>(static_cast<float>(sum)))};
  });
}

TEST_P(TrainingRowsOnIsa, ShowNan) {
  for (const int64_t n : {1, 17, 64}) {
    for (const int64_t at : {int64_t{0}, n - 1}) {
      const TestTensor ones = random_tensor(DType::kF32, {n}, 23, 0, 1);
      const auto with_nan = [&](uint64_t seed) {  // in the second row
        TestTensor x = random_tensor(DType::kF32, {2, n}, seed);
        x.set(n + at, kNan);
        return x;
      };
      const TestTensor x = random_tensor(DType::kF32, {2, n}, 24), d_x(DType::kF32, {2, n}), d_weight(DType::kF32, {n}),
                       d_up(DType::kF32, {2, n});
      for (const bool in_x : {false, true}) {
        const TestTensor bad = with_nan(25);
        backend->rms_norm_backward({.x = in_x ? bad.view() : x.view(),
                                    .weight = ones.view(),
                                    .d_out = in_x ? x.view() : bad.view(),
                                    .d_x = d_x.view(),
                                    .d_weight = d_weight.view()});
        for (int64_t i = 0; i < 2 * n; ++i) EXPECT_EQ(std::isnan(d_x.at(i)), i >= n) << i;
        EXPECT_TRUE(std::isnan(d_weight.at(at)));
        backend->swiglu_backward({.gate = in_x ? bad.view() : x.view(),
                                  .up = x.view(),
                                  .d_out = in_x ? x.view() : bad.view(),
                                  .d_gate = d_x.view(),
                                  .d_up = d_up.view()});
        for (int64_t i = 0; i < 2 * n; ++i) {
          EXPECT_EQ(std::isnan(d_x.at(i)), i == n + at) << i;
          EXPECT_EQ(std::isnan(d_up.at(i)), i == n + at) << i;
        }
      }
      const TestTensor logits = with_nan(26), loss(DType::kF32, {2});
      const std::vector<int32_t> labels = {0, 0};
      backend->cross_entropy({.logits = logits.view(), .labels = labels, .loss = loss.f32()});
      for (int64_t i = 0; i < 2 * n; ++i) EXPECT_EQ(std::isnan(logits.at(i)), i >= n) << i;
      EXPECT_FALSE(std::isnan(loss.at(0)));
      EXPECT_TRUE(std::isnan(loss.at(1)));
    }
  }
}

TEST_P(TrainingRowsOnIsa, TakeNoRows) {
  float none = 0;
  const TestTensor weight = random_tensor(DType::kF32, {8}, 1), d_weight = random_tensor(DType::kF32, {8}, 2),
                   before = copy_of(d_weight);
  const TensorView empty{&none, DType::kF32, {0, 8}};
  backend->rms_norm_backward(
      {.x = empty, .weight = weight.view(), .d_out = empty, .d_x = empty, .d_weight = d_weight.view()});
  EXPECT_TRUE(test::same_bits(d_weight.f32(), before.f32()));
  backend->swiglu_backward({.gate = empty, .up = empty, .d_out = empty, .d_gate = empty, .d_up = empty});
  backend->cross_entropy({.logits = empty, .labels = {}, .loss = {}});
  backend->adamw({});
  EXPECT_EQ(none, 0);
}

INSTANTIATE_TEST_SUITE_P(Cpu, TrainingRowsOnIsa, testing::ValuesIn(runnable_cpu_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace hermes::kernels
