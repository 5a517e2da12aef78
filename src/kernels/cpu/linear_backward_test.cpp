// linear_backward of every instruction set against the fp64 reference, and the law that bits do not depend on threads.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_training_backend.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::kernels {
namespace {

using test::random_tensor;
using test::TestTensor;

// A sum is made of blocks of at most 128 products, the blocks added one by one, and for sums over tokens those of each
// 2,048 again; then what was there, and the reference's own rounding.
double sum_tolerance(int64_t n, double magnitude) {
  const int64_t chain = std::min<int64_t>(n, 128) + std::min<int64_t>((n + 127) / 128, 16) + (n + 2047) / 2048;
  return static_cast<double>(chain + 2) * test::kUnitRoundoff * magnitude;
}

struct Problem {
  TestTensor x, weight, d_y, d_x, d_weight, d_bias;
  bool accumulate = false;

  Problem(int64_t t, int64_t k, int64_t n)
      : x(random_tensor(DType::kF32, {t, k}, 1)),
        weight(random_tensor(DType::kF32, {n, k}, 2)),
        d_y(random_tensor(DType::kF32, {t, n}, 3)),
        d_x(random_tensor(DType::kF32, {t, k}, 4)),
        d_weight(random_tensor(DType::kF32, {n, k}, 5)),
        d_bias(random_tensor(DType::kF32, {n}, 6)) {}

  void run(ops::TrainingBackend& backend, bool wants_d_x = true, bool wants_d_bias = true) const {
    ops::LinearBackwardArgs args;
    args.x = x.view();
    args.weight = weight.view();
    args.d_y = d_y.view();
    if (wants_d_x) args.d_x = d_x.view();
    args.d_weight = d_weight.view();
    if (wants_d_bias) args.d_bias = d_bias.view();
    args.accumulate_d_x = accumulate;
    backend.linear_backward(args);
  }
};

// Bounds by the oracle's own sums: of the magnitudes of all operands.
void expect_within_roundings(const Problem& mine, const Problem& theirs, const Problem& magnitudes, int64_t t,
                             int64_t n) {
  const auto tolerances = [](const TestTensor& magnitude, int64_t length) {
    std::vector<double> out;
    for (const float m : magnitude.f32()) out.push_back(1.01 * sum_tolerance(length, static_cast<double>(m)));
    return out;
  };
  ASSERT_TRUE(test::all_close(mine.d_x.f32(), theirs.d_x.f32(), tolerances(magnitudes.d_x, n))) << "d_x";
  ASSERT_TRUE(test::all_close(mine.d_weight.f32(), theirs.d_weight.f32(), tolerances(magnitudes.d_weight, t)))
      << "d_weight";
  ASSERT_TRUE(test::all_close(mine.d_bias.f32(), theirs.d_bias.f32(), tolerances(magnitudes.d_bias, t))) << "d_bias";
}

class LinearBackwardOnIsa : public testing::TestWithParam<CpuIsa> {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<ops::TrainingBackend> backend = make_cpu_training_backend(pool, GetParam());
  std::unique_ptr<ops::TrainingBackend> reference = ops::make_reference_training_backend();

  void expect_close(int64_t t, int64_t k, int64_t n) {
    for (const bool accumulate : {false, true}) {
      SCOPED_TRACE("T=" + std::to_string(t) + " K=" + std::to_string(k) + " N=" + std::to_string(n));
      Problem mine(t, k, n), theirs(t, k, n), magnitudes(t, k, n);
      for (const TestTensor* tensor : {&magnitudes.x, &magnitudes.weight, &magnitudes.d_y, &magnitudes.d_x,
                                       &magnitudes.d_weight, &magnitudes.d_bias}) {
        for (float& value : tensor->f32()) value = std::fabs(value);
      }
      mine.accumulate = theirs.accumulate = magnitudes.accumulate = accumulate;
      mine.run(*backend);
      theirs.run(*reference);
      magnitudes.run(*reference);
      expect_within_roundings(mine, theirs, magnitudes, t, n);
    }
  }
};

TEST_P(LinearBackwardOnIsa, IsWithinItsRoundingsOfTheReference) {
  for (const int64_t t : {1, 5, 6, 7, 97}) {
    for (const int64_t k : {1, 15, 16, 33, 64, 100}) {
      for (const int64_t n : {1, 6, 11, 53}) expect_close(t, k, n);
    }
  }
}

// Beyond one block of tokens, one sum over tokens, one piece of rows and one of columns.
TEST_P(LinearBackwardOnIsa, IsWithinItsRoundingsInSeveralBlocks) {
  expect_close(131, 70, 130);
  expect_close(260, 530, 9);
  expect_close(40, 20, 790);
  expect_close(4099, 17, 13);
}

TEST_P(LinearBackwardOnIsa, GivesTheSameBitsOnAnyNumberOfThreads) {
  const int64_t t = 4500, k = 70, n = 150;
  ThreadPool alone(1);
  Problem one(t, k, n);
  one.run(*make_cpu_training_backend(alone, GetParam()));
  for (const int threads : {2, 3, 4}) {
    ThreadPool some(threads);
    Problem other(t, k, n);
    other.run(*make_cpu_training_backend(some, GetParam()));
    ASSERT_TRUE(test::same_bits(other.d_x.f32(), one.d_x.f32())) << threads;
    ASSERT_TRUE(test::same_bits(other.d_weight.f32(), one.d_weight.f32())) << threads;
    ASSERT_TRUE(test::same_bits(other.d_bias.f32(), one.d_bias.f32())) << threads;
  }
}

TEST_P(LinearBackwardOnIsa, LeavesOutWhatIsNotWanted) {
  Problem all(9, 20, 30), some(9, 20, 30);
  const Problem untouched(9, 20, 30);
  all.run(*backend);
  some.run(*backend, false, false);
  EXPECT_TRUE(test::same_bits(some.d_weight.f32(), all.d_weight.f32()));
  EXPECT_TRUE(test::same_bits(some.d_x.f32(), untouched.d_x.f32()));
  EXPECT_TRUE(test::same_bits(some.d_bias.f32(), untouched.d_bias.f32()));
}

// What was in d_x is not read, whatever it is; and the scratch of larger calls before does not show.
TEST_P(LinearBackwardOnIsa, OverwritesDX) {
  Problem fresh(9, 20, 30), used(9, 20, 30);
  for (float& value : used.d_x.f32()) value = std::numeric_limits<float>::quiet_NaN();
  fresh.run(*backend);
  Problem(300, 90, 170).run(*backend);
  used.run(*backend);
  EXPECT_TRUE(test::same_bits(used.d_x.f32(), fresh.d_x.f32()));
}

TEST_P(LinearBackwardOnIsa, ShowsNanWhereItEntersASum) {
  Problem problem(20, 18, 10);
  problem.d_y.set(7 * 10 + 4, std::numeric_limits<float>::quiet_NaN());
  problem.run(*backend);
  for (int64_t i = 0; i < 20 * 18; ++i) EXPECT_EQ(std::isnan(problem.d_x.at(i)), i / 18 == 7) << i;
  for (int64_t i = 0; i < 10 * 18; ++i) EXPECT_EQ(std::isnan(problem.d_weight.at(i)), i / 18 == 4) << i;
  for (int64_t i = 0; i < 10; ++i) EXPECT_EQ(std::isnan(problem.d_bias.at(i)), i == 4) << i;
}

TEST_P(LinearBackwardOnIsa, TakesNoRowsAndNoColumns) {
  const auto run = [&](int64_t t, int64_t k, int64_t n) {
    const Problem problem(t, k, n), untouched(t, k, n);
    problem.run(*backend);
    EXPECT_TRUE(test::same_bits(problem.d_weight.f32(), untouched.d_weight.f32()));
    for (const float value : problem.d_x.f32()) EXPECT_EQ(value, 0);
  };
  run(0, 3, 4);
  run(3, 0, 4);
  run(3, 4, 0);
}

INSTANTIATE_TEST_SUITE_P(Cpu, LinearBackwardOnIsa, testing::ValuesIn(runnable_cpu_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace hermes::kernels
