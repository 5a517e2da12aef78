// linear with weights in F8_E4M3 and their scales: one for all, one for a row, one for a block.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "ops/linear.h"
#include "support/random_tensor.h"
#include "tensor/float_types.h"

namespace hermes::kernels {
namespace {

using test::random_tensor;
using test::TestTensor;

class LinearScales : public testing::TestWithParam<CpuIsa> {
 protected:
  std::vector<float> run(const TestTensor& x, const TestTensor& weight, const ops::WeightScales& scales = {}) {
    const int64_t t = x.shape[0], n = weight.shape[0];
    std::vector<float> y(static_cast<size_t>(t * n), std::numeric_limits<float>::quiet_NaN());
    backend->linear({.x = x.view(), .weight = weight.view(), .bias = {}, .y = view_of(y, {t, n}), .scales = scales});
    return y;
  }
  ThreadPool pool{2};
  std::unique_ptr<ops::Backend> backend = make_cpu_backend(pool, GetParam());
};

// As the contract has it: the products of weights and scales, in F32, and then the law of F32 weights. Bit for bit.
TEST_P(LinearScales, AreTheProductsInF32) {
  struct Case {
    int64_t n, k, rows, columns;
  };
  const Case cases[] = {{37, 100, 37, 100},   {37, 100, 1, 100},   {37, 100, 5, 16},    {64, 1100, 128, 128},
                        {130, 300, 128, 128}, {53, 4500, 16, 256}, {20, 64, 1000, 4096}};
  for (const Case& c : cases) {
    const TestTensor weight = random_tensor(DType::kF8_E4M3, {c.n, c.k}, 2, 30);
    const Shape shape{(c.n + c.rows - 1) / c.rows, (c.k + c.columns - 1) / c.columns};
    TestTensor scales = random_tensor(DType::kF32, shape, 3, 0.01, 0.02);
    TestTensor products(DType::kF32, {c.n, c.k});
    for (int64_t i = 0; i < c.n * c.k; ++i) {
      const int64_t at = i / c.k / c.rows * shape[1] + i % c.k / c.columns;
      products.set(i, static_cast<float>(weight.at(i)) * scales.f32()[static_cast<size_t>(at)]);
    }
    for (const int64_t t : {1, 3, 4, 101}) {
      const TestTensor x = random_tensor(DType::kF32, {t, c.k}, 1);
      const std::vector<float> y = run(x, weight, {scales.view(), c.rows, c.columns});
      EXPECT_EQ(y, run(x, products)) << c.n << " x " << c.k << " by " << c.rows << " x " << c.columns << ", T=" << t;
    }
  }
}

// Each of the 256 patterns, in whole chunks and in tails, is what float_types.h says.
TEST_P(LinearScales, KnowEveryPattern) {
  TestTensor x(DType::kF32, {1, 1}), row(DType::kF32, {1, 16}), weight(DType::kF8_E4M3, {256, 1});
  TestTensor wide(DType::kF8_E4M3, {256, 16});
  x.set(0, 1);
  for (int64_t i = 0; i < 16; ++i) row.set(i, i == 5 ? 1.0F : 0.0F);
  for (int i = 0; i < 256; ++i) {
    weight.view().as<uint8_t>()[i] = static_cast<uint8_t>(i);
    for (int64_t j = 0; j < 16; ++j) wide.view().as<uint8_t>()[i * 16 + j] = j == 5 ? static_cast<uint8_t>(i) : 0;
  }
  const std::vector<float> tails = run(x, weight), chunks = run(row, wide);
  for (int i = 0; i < 256; ++i) {
    const float expected = to_float(F8E4M3{static_cast<uint8_t>(i)});
    for (const float y : {tails[static_cast<size_t>(i)], chunks[static_cast<size_t>(i)]}) {
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(y)) << i;
      } else {
        EXPECT_EQ(y, expected) << i;
      }
    }
  }
}

TEST_P(LinearScales, ThatDoNotFitAreRefused) {
  const TestTensor x = random_tensor(DType::kF32, {1, 64}, 1), weight = random_tensor(DType::kF8_E4M3, {8, 64}, 2);
  const TestTensor scales = random_tensor(DType::kF32, {8, 4}, 3), plain = random_tensor(DType::kF32, {8, 64}, 2);
  EXPECT_EQ(run(x, weight, {scales.view(), 1, 16}).size(), 8U);
  EXPECT_DEATH(run(x, weight, {scales.view(), 1, 32}), "scales");
  EXPECT_DEATH(run(x, weight, {scales.view(), 2, 16}), "scales");
  EXPECT_DEATH(run(x, weight, {scales.view(), 1, 17}), "a scale for 1 x 17");
  EXPECT_DEATH(run(x, plain, {scales.view(), 1, 16}), "scales with weights of F32");
}

INSTANTIATE_TEST_SUITE_P(Isas, LinearScales, testing::ValuesIn(runnable_cpu_isas()),
                         [](const auto& isa) { return std::string(to_string(isa.param)); });

}  // namespace
}  // namespace hermes::kernels
