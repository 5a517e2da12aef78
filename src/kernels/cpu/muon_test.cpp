// Muon of every instruction set against the fp64 reference, and the same bits on any number of threads, whether a matrix
// is one thread's or all threads'.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "kernels/cpu/cpu_training_backend.h"
#include "kernels/cpu/muon_driver.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::kernels {
namespace {

using test::random_tensor;
using test::TestTensor;

struct Matrix {
  TestTensor parameter, grad, m;
  Matrix(const Shape& shape, uint64_t seed)
      : parameter(random_tensor(DType::kF32, shape, seed, 1e-4)),
        grad(random_tensor(DType::kF32, shape, seed + 100, 1e-3)),
        m(random_tensor(DType::kF32, shape, seed + 200, 1e-3)) {}
  ops::MuonArgs args(bool nesterov = true) const {
    return {.parameter = parameter.view(),
            .grad = grad.view(),
            .m = m.view(),
            .lr = 0.02F,
            .momentum = 0.95F,
            .nesterov = nesterov,
            .weight_decay = 0.1F,
            .grad_scale = 0.5F};
  }
};

// Relative error of a step, in norm. An error of the input grows by at most 485, the slope of the iteration at 0, but only
// in the directions of the smallest singular values, which are a small part of a matrix whose others end near 1.
// Measured: 20 roundings at most, of the products, of X and of the parameter.
constexpr double kStepError = 64 * test::kUnitRoundoff;

const Shape kShapes[] = {{1, 1}, {1, 7}, {5, 1}, {3, 4}, {16, 16}, {33, 17}, {17, 40}, {96, 192}, {200, 130}, {64, 64}};

std::vector<float> after_two_steps(const std::function<void(std::span<const ops::MuonArgs>)>& muon) {
  std::vector<Matrix> matrices;
  std::vector<ops::MuonArgs> args;
  for (const Shape& shape : {Shape{1, 1}, Shape{17, 40}, Shape{64, 64}, Shape{100, 130}, Shape{96, 192}}) {
    matrices.emplace_back(shape, matrices.size());
  }
  for (const Matrix& matrix : matrices) args.push_back(matrix.args());
  for (int step = 0; step < 2; ++step) muon(args);
  std::vector<float> values;
  for (const Matrix& matrix : matrices) {
    for (const TestTensor* x : {&matrix.parameter, &matrix.m}) {
      values.insert(values.end(), x->f32().begin(), x->f32().end());
    }
  }
  return values;
}

class MuonOnIsa : public testing::TestWithParam<CpuIsa> {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<ops::TrainingBackend> backend = make_cpu_training_backend(pool, GetParam());
  std::unique_ptr<ops::TrainingBackend> reference = ops::make_reference_training_backend();
};

TEST_P(MuonOnIsa, MatchesTheReference) {
  uint64_t seed = 0;
  for (const Shape& shape : kShapes) {
    for (const bool nesterov : {false, true}) {
      SCOPED_TRACE(to_string(shape));
      const Matrix mine(shape, ++seed), theirs(shape, seed), before(shape, seed);
      const ops::MuonArgs my_args = mine.args(nesterov), their_args = theirs.args(nesterov);
      backend->muon({&my_args, 1});
      reference->muon({&their_args, 1});
      std::vector<float> my_step, their_step;
      for (int64_t i = 0; i < shape.elements(); ++i) {
        EXPECT_TRUE(test::is_close(mine.m.at(i), theirs.m.at(i), 4 * test::kUnitRoundoff * 5e-3));
        my_step.push_back(static_cast<float>(mine.parameter.at(i) - before.parameter.at(i)));
        their_step.push_back(static_cast<float>(theirs.parameter.at(i) - before.parameter.at(i)));
      }
      EXPECT_LE(test::relative_l2(my_step, their_step), kStepError);
    }
  }
}

TEST_P(MuonOnIsa, GivesTheSameBitsHoweverTheWorkIsShared) {
  ThreadPool alone(1);
  MuonDriver one(alone, GetParam());
  const std::vector<float> expected = after_two_steps([&](auto args) { one.run(args); });
  for (const int threads : {1, 3}) {
    ThreadPool some(threads);
    for (const int64_t small : {int64_t{0}, int64_t{600}, MuonDriver::kSmall}) {
      MuonDriver driver(some, GetParam(), small);
      EXPECT_TRUE(test::same_bits(after_two_steps([&](auto args) { driver.run(args); }), expected))
          << threads << " threads, small is " << small;
    }
  }
}

TEST_P(MuonOnIsa, ShowsNan) {
  const Matrix matrix({17, 5}, 1), other({4, 4}, 2);
  matrix.grad.set(33, std::numeric_limits<float>::quiet_NaN());
  const ops::MuonArgs args[] = {matrix.args(), other.args()};
  backend->muon(args);
  for (int64_t i = 0; i < 85; ++i) EXPECT_TRUE(std::isnan(matrix.parameter.at(i))) << i;
  for (int64_t i = 0; i < 16; ++i) EXPECT_FALSE(std::isnan(other.parameter.at(i))) << i;
}

// Small gradients and huge ones, whose squares F32 cannot hold, have a direction like others.
TEST_P(MuonOnIsa, DoesNotDependOnTheSizeOfTheGradient) {
  const auto parameter_with = [&](double scale) {
    const TestTensor grad = random_tensor(DType::kF32, {8, 8}, 3, scale), m(DType::kF32, {8, 8});
    TestTensor parameter(DType::kF32, {8, 8});
    const ops::MuonArgs args = {.parameter = parameter.view(), .grad = grad.view(), .m = m.view(), .lr = 1};
    backend->muon({&args, 1});
    return parameter;
  };
  const TestTensor expected = parameter_with(1);
  for (const double scale : {1e-4, 1e30}) {
    EXPECT_LE(test::relative_l2(parameter_with(scale).f32(), expected.f32()), 1e-4) << scale;
  }
  const TestTensor unmoved = parameter_with(0);
  for (const float x : unmoved.f32()) EXPECT_EQ(x, 0);
}

TEST_P(MuonOnIsa, TakesNothing) {
  float none = 0;
  const TensorView empty{&none, DType::kF32, {0, 8}};
  const ops::MuonArgs args = {.parameter = empty, .grad = empty, .m = empty};
  backend->muon({});
  backend->muon({&args, 1});
  EXPECT_EQ(none, 0);
}

INSTANTIATE_TEST_SUITE_P(Cpu, MuonOnIsa, testing::ValuesIn(runnable_cpu_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace hermes::kernels
