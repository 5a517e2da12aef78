// linear of every instruction set against the fp64 reference, and the law that bits depend on nothing but the row, the
// weights and the types.
#include "ops/linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <tuple>

#include "kernels/cpu/cpu_backend.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::kernels {
namespace {

using ops::Activations;
using test::random_tensor;
using test::TestTensor;

struct Types {
  DType weight;
  Activations activations;
};
constexpr Types kTypes[] = {{DType::kF32, Activations::kF32},  {DType::kF16, Activations::kF32},
                            {DType::kBF16, Activations::kF32}, {DType::kBF16, Activations::kBF16},
                            {DType::kF32, Activations::kBF16}, {DType::kF8_E4M3, Activations::kF32}};

DType bias_type(const Types& types) { return types.weight == DType::kF8_E4M3 ? DType::kBF16 : types.weight; }

std::string describe(const Types& types, int64_t t, int64_t n, int64_t k) {
  return std::string(name_of(types.weight)) + (types.activations == Activations::kBF16 ? " x BF16" : " x F32") +
         " T=" + std::to_string(t) + " N=" + std::to_string(n) + " K=" + std::to_string(k);
}

std::vector<float> run(ops::Backend& backend, const Types& types, const TestTensor& x, const TestTensor& weight,
                       const TestTensor* bias) {
  const int64_t t = x.shape[0], n = weight.shape[0];
  std::vector<float> y(static_cast<size_t>(t * n), std::numeric_limits<float>::quiet_NaN());
  backend.linear({.x = x.view(),
                  .weight = weight.view(),
                  .bias = bias != nullptr ? ConstTensorView(bias->view()) : ConstTensorView(),
                  .y = view_of(y, {t, n}),
                  .activations = types.activations});
  return y;
}

TestTensor rows_of(const TestTensor& x, int64_t begin, int64_t end) {
  TestTensor rows(DType::kF32, {end - begin, x.shape[1]});
  std::copy_n(x.f32().begin() + begin * x.shape[1], rows.shape.elements(), rows.f32().begin());
  return rows;
}

// Tiles sum in an order of their own (amx_linear.h): 16 products, two sums, the chunks, the parts.
double tolerance_of(CpuIsa isa, const Types& types, int64_t k, double magnitude) {
  if (isa != CpuIsa::kAmx || types.weight != DType::kBF16) return test::linear_tolerance(k, magnitude);
  return static_cast<double>(16 + 1 + (k + 31) / 32 + 2 + 2) * test::kUnitRoundoff * magnitude;
}

// All sets agree in bits, but for BF16 weights on tiles.
bool agrees_with_scalar(CpuIsa isa, const Types& types) { return isa != CpuIsa::kAmx || types.weight != DType::kBF16; }

class LinearOnIsa : public testing::TestWithParam<CpuIsa> {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<ops::Backend> backend = make_cpu_backend(pool, GetParam());
};

TEST_P(LinearOnIsa, IsWithinItsRoundingsOfTheReference) {
  const auto reference = ops::make_reference_backend();
  for (const Types& types : kTypes) {
    for (const int64_t k : {1, 17, 33, 100}) {
      for (const int64_t n : {1, 3, 7, 53}) {
        for (const int64_t t : {1, 2, 3, 4, 5, 6, 7, 8, 9, 37}) {
          SCOPED_TRACE(describe(types, t, n, k));
          const TestTensor x = random_tensor(DType::kF32, {t, k}, 1), weight = random_tensor(types.weight, {n, k}, 2);
          const TestTensor bias = random_tensor(bias_type(types), {n}, 3);
          const TestTensor* used_bias = t % 2 == 0 ? &bias : nullptr;
          const std::vector<float> expected = run(*reference, types, x, weight, used_bias);
          std::vector<double> tolerances;
          for (int64_t i = 0; i < t * n; ++i) {
            double magnitude = used_bias != nullptr ? std::fabs(bias.at(i % n)) : 0;
            for (int64_t j = 0; j < k; ++j) magnitude += std::fabs(x.at(i / n * k + j) * weight.at(i % n * k + j));
            // Rounding x to BF16 may raise the products by 2^-8.
            tolerances.push_back(tolerance_of(GetParam(), types, k, 1.004 * magnitude));
          }
          ASSERT_TRUE(test::all_close(run(*backend, types, x, weight, used_bias), expected, tolerances));
        }
      }
    }
  }
}

// Long enough for several blocks of K, of rows and of columns.
TEST_P(LinearOnIsa, IsWithinItsRoundingsInSeveralBlocks) {
  const auto reference = ops::make_reference_backend();
  const int64_t t = 101, n = 11, k = 4500;
  for (const Types& types : {kTypes[2], kTypes[3]}) {
    SCOPED_TRACE(describe(types, t, n, k));
    const TestTensor x = random_tensor(DType::kF32, {t, k}, 1), weight = random_tensor(types.weight, {n, k}, 2);
    const std::vector<float> expected = run(*reference, types, x, weight, nullptr);
    // The sum of the magnitudes of products of normal numbers is near 2 / pi for each; 1 is above it.
    const double tolerance = tolerance_of(GetParam(), types, k, static_cast<double>(k));
    ASSERT_TRUE(test::all_close(run(*backend, types, x, weight, nullptr), expected, tolerance));
  }
}

// Many short rows take a way of their own (lane_gemm_kernels.h): tails of rows, of columns and of K.
TEST_P(LinearOnIsa, IsWithinItsRoundingsForManyShortRows) {
  const auto reference = ops::make_reference_backend();
  for (const Types& types : kTypes) {
    for (const auto& [t, n, k] : {std::tuple<int64_t, int64_t, int64_t>{97, 70, 33}, {130, 1, 1}, {203, 17, 48}}) {
      SCOPED_TRACE(describe(types, t, n, k));
      const TestTensor x = random_tensor(DType::kF32, {t, k}, 1), weight = random_tensor(types.weight, {n, k}, 2);
      const TestTensor bias = random_tensor(bias_type(types), {n}, 3);
      const std::vector<float> expected = run(*reference, types, x, weight, &bias);
      std::vector<double> tolerances;
      for (int64_t i = 0; i < t * n; ++i) {
        double magnitude = std::fabs(bias.at(i % n));
        for (int64_t j = 0; j < k; ++j) magnitude += std::fabs(x.at(i / n * k + j) * weight.at(i % n * k + j));
        tolerances.push_back(tolerance_of(GetParam(), types, k, 1.004 * magnitude));
      }
      ASSERT_TRUE(test::all_close(run(*backend, types, x, weight, &bias), expected, tolerances));
    }
  }
}

// Both ways, and rows alone, have the same bits; signed zeros and denormals included.
TEST_P(LinearOnIsa, GivesManyShortRowsTheSameBitsAsFew) {
  for (const Types& types : kTypes) {
    for (const auto& [n, k] : {std::pair<int64_t, int64_t>{67, 1}, {67, 15}, {130, 100}, {5, 1024}}) {
      SCOPED_TRACE(describe(types, 101, n, k));
      const TestTensor x = random_tensor(DType::kF32, {101, k}, 4), weight = random_tensor(types.weight, {n, k}, 5);
      for (int64_t i = 0; i < k; ++i) x.set(7 * k + i, i % 2 == 0 ? -0.0F : -1e-42F);
      const std::vector<float> whole = run(*backend, types, x, weight, nullptr);
      for (const int64_t chunk : {1, 60}) {
        std::vector<float> parts;
        for (int64_t begin = 0; begin < 101; begin += chunk) {
          const std::vector<float> part =
              run(*backend, types, rows_of(x, begin, std::min<int64_t>(101, begin + chunk)), weight, nullptr);
          parts.insert(parts.end(), part.begin(), part.end());
        }
        ASSERT_TRUE(test::same_bits(parts, whole)) << "in chunks of " << chunk;
      }
    }
  }
}

TEST_P(LinearOnIsa, GivesARowTheSameBitsAloneAndInAnyChunk) {
  for (const Types& types : kTypes) {
    for (const int64_t k : {33, 2100}) {
      const int64_t t = 14, n = 29;
      SCOPED_TRACE(describe(types, t, n, k));
      const TestTensor x = random_tensor(DType::kF32, {t, k}, 4), weight = random_tensor(types.weight, {n, k}, 5);
      const TestTensor bias = random_tensor(DType::kF32, {n}, 6);
      const std::vector<float> whole = run(*backend, types, x, weight, &bias);
      for (const int64_t chunk : {1, 2, 3, 4, 5, 13}) {
        std::vector<float> parts;
        for (int64_t begin = 0; begin < t; begin += chunk) {
          const TestTensor rows = rows_of(x, begin, std::min(t, begin + chunk));
          const std::vector<float> y = run(*backend, types, rows, weight, &bias);
          parts.insert(parts.end(), y.begin(), y.end());
        }
        ASSERT_TRUE(test::same_bits(parts, whole)) << "in chunks of " << chunk;
      }
    }
  }
}

TEST_P(LinearOnIsa, GivesTheSameBitsOnAnyNumberOfThreads) {
  for (const Types& types : kTypes) {
    for (const int64_t t : {1, 40, 500}) {
      const int64_t n = 330, k = 129;
      SCOPED_TRACE(describe(types, t, n, k));
      const TestTensor x = random_tensor(DType::kF32, {t, k}, 7), weight = random_tensor(types.weight, {n, k}, 8);
      const std::vector<float> two = run(*backend, types, x, weight, nullptr);
      for (const int threads : {1, 4}) {
        ThreadPool other_pool(threads);
        const auto other = make_cpu_backend(other_pool, GetParam());
        ASSERT_TRUE(test::same_bits(run(*other, types, x, weight, nullptr), two)) << threads << " threads";
      }
    }
  }
}

TEST_P(LinearOnIsa, GivesTheSameBitsOnEverySet) {
  const auto scalar = make_cpu_backend(pool, CpuIsa::kScalar);
  for (const Types& types : kTypes) {
    if (!agrees_with_scalar(GetParam(), types)) continue;
    for (const auto& [t, k] : {std::pair<int64_t, int64_t>{1, 100}, {3, 2081}, {6, 17}, {30, 2081}, {99, 100}}) {
      const int64_t n = 25;
      SCOPED_TRACE(describe(types, t, n, k));
      const TestTensor x = random_tensor(DType::kF32, {t, k}, 9), weight = random_tensor(types.weight, {n, k}, 10);
      const TestTensor bias = random_tensor(DType::kBF16, {n}, 11);
      ASSERT_TRUE(test::same_bits(run(*backend, types, x, weight, &bias), run(*scalar, types, x, weight, &bias)));
    }
  }
}

// Around 2^-126, where BF16 pairs take denormals for zero and F32 keeps them.
TEST_P(LinearOnIsa, GivesTheSameBitsOnEverySetAmongDenormals) {
  const auto scalar = make_cpu_backend(pool, CpuIsa::kScalar);
  for (const Types& types : {kTypes[2], kTypes[3]}) {
    if (!agrees_with_scalar(GetParam(), types)) GTEST_SKIP() << "tiles take denormals for zero";
    for (const double scale : {0x1.0p-60, 0x1.0p-63, 0x1.0p-66, 0x1.0p-70, 0x1.0p-127}) {
      for (const int64_t t : {2, 9, 96}) {
        const int64_t n = 40, k = 70;
        SCOPED_TRACE(describe(types, t, n, k));
        const TestTensor x = random_tensor(DType::kF32, {t, k}, 12, scale);
        const TestTensor weight = random_tensor(types.weight, {n, k}, 13, scale == 0x1.0p-127 ? 1 : scale);
        ASSERT_TRUE(test::same_bits(run(*backend, types, x, weight, nullptr), run(*scalar, types, x, weight, nullptr)))
            << "scale " << scale;
      }
    }
  }
}

TEST_P(LinearOnIsa, ShowsNanInEveryOutputThatSeesItAndInNoOther) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const Types& types : kTypes) {
    for (const int64_t t : {2, 8, 100}) {
      const int64_t n = 9, k = 37;
      SCOPED_TRACE(describe(types, t, n, k));
      const TestTensor x = random_tensor(DType::kF32, {t, k}, 14), weight = random_tensor(types.weight, {n, k}, 15);
      x.set(1 * k + 36, kNan);      // row 1
      weight.set(4 * k + 0, kNan);  // column 4
      const std::vector<float> y = run(*backend, types, x, weight, nullptr);
      for (int64_t i = 0; i < t * n; ++i) {
        EXPECT_EQ(std::isnan(y[static_cast<size_t>(i)]), i / n == 1 || i % n == 4) << "row " << i / n << ", " << i % n;
      }
    }
  }
}

TEST_P(LinearOnIsa, TakesEmptyShapes) {
  const TestTensor x = random_tensor(DType::kF32, {4, 0}, 1), weight = random_tensor(DType::kBF16, {7, 0}, 1);
  const TestTensor bias = random_tensor(DType::kF32, {7}, 16);
  for (const int64_t t : {0, 1, 4, 100}) {
    std::vector<float> y(static_cast<size_t>(t * 7), -1);
    float none = 0;
    backend->linear({.x = {&none, DType::kF32, {t, 0}},
                     .weight = {&none, DType::kBF16, {7, 0}},
                     .bias = bias.view(),
                     .y = {t == 0 ? &none : y.data(), DType::kF32, {t, 7}}});
    for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], bias.f32()[i % 7]);
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, LinearOnIsa, testing::ValuesIn(runnable_cpu_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace hermes::kernels
