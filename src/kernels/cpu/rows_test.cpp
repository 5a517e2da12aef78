// Ops that go row by row: embedding, rms_norm, rope, swiglu, residual_add, softmax; every instruction set against the
// fp64 reference, and the same bits on all.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::kernels {
namespace {

using test::random_tensor;
using test::TestTensor;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kLengths[] = {1, 15, 16, 17, 33, 100, 2048};
constexpr DType kFloats[] = {DType::kF32, DType::kF16, DType::kBF16};

class RowsOnIsa : public testing::TestWithParam<CpuIsa> {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<ops::Backend> backend = make_cpu_backend(pool, GetParam());
  std::unique_ptr<ops::Backend> scalar = make_cpu_backend(pool, CpuIsa::kScalar);
  std::unique_ptr<ops::Backend> reference = ops::make_reference_backend();
};

TEST_P(RowsOnIsa, EmbeddingWidensExactly) {
  for (const DType dtype : kFloats) {
    for (const int64_t n : kLengths) {
      const TestTensor table = random_tensor(dtype, {5, n}, 1);
      const std::vector<int32_t> tokens = {4, 0, 4, 2};
      const TestTensor out(DType::kF32, {4, n}), expected(DType::kF32, {4, n});
      backend->embedding({.tokens = tokens, .table = table.view(), .out = out.view()});
      reference->embedding({.tokens = tokens, .table = table.view(), .out = expected.view()});
      ASSERT_TRUE(test::same_bits(out.f32(), expected.f32())) << name_of(dtype) << " " << n;
    }
  }
}

// All 65,536 patterns of both 16-bit types, denormals included.
TEST_P(RowsOnIsa, EmbeddingWidensEveryPattern) {
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    const TestTensor table(dtype, {1, 65536}), out(DType::kF32, {1, 65536}), expected(DType::kF32, {1, 65536});
    for (uint32_t i = 0; i < 65536; ++i) table.view().as<uint16_t>()[i] = static_cast<uint16_t>(i);
    const std::vector<int32_t> tokens = {0};
    backend->embedding({.tokens = tokens, .table = table.view(), .out = out.view()});
    reference->embedding({.tokens = tokens, .table = table.view(), .out = expected.view()});
    for (size_t i = 0; i < 65536; ++i) {
      if (std::isnan(expected.f32()[i])) {
        ASSERT_TRUE(std::isnan(out.f32()[i])) << i;
      } else {
        ASSERT_EQ(out.f32()[i], expected.f32()[i]) << i;
      }
    }
  }
}

TEST_P(RowsOnIsa, RmsNormIsWithinItsRoundings) {
  for (const DType dtype : kFloats) {
    for (const int64_t n : kLengths) {
      for (const double scale : {1e-3, 1.0, 1e4}) {
        const TestTensor x = random_tensor(DType::kF32, {9, n}, 1, scale),
                         weight = random_tensor(dtype, {n}, 2, 0.3, 1);
        const TestTensor out(DType::kF32, {9, n}), expected(DType::kF32, {9, n});
        reference->rms_norm({.x = x.view(), .weight = weight.view(), .eps = 1e-5F, .out = expected.view()});
        backend->rms_norm({.x = x.view(), .weight = weight.view(), .eps = 1e-5F, .out = out.view()});
        std::vector<double> tolerances;
        for (const float y : expected.f32())
          tolerances.push_back(test::rms_norm_tolerance(std::fabs(static_cast<double>(y))));
        ASSERT_TRUE(test::all_close(out.f32(), expected.f32(), tolerances)) << name_of(dtype) << " " << n;

        const TestTensor other(DType::kF32, {9, n});
        scalar->rms_norm({.x = x.view(), .weight = weight.view(), .eps = 1e-5F, .out = other.view()});
        ASSERT_TRUE(test::same_bits(out.f32(), other.f32())) << "beside scalar";
        backend->rms_norm({.x = x.view(), .weight = weight.view(), .eps = 1e-5F, .out = x.view()});
        ASSERT_TRUE(test::same_bits(x.f32(), out.f32())) << "in place";
      }
    }
  }
}

TEST_P(RowsOnIsa, RmsNormGivesARowTheSameBitsAlone) {
  const int64_t n = 1000;
  const TestTensor x = random_tensor(DType::kF32, {70, n}, 3), weight = random_tensor(DType::kF32, {n}, 4);
  const TestTensor whole(DType::kF32, {70, n}), alone(DType::kF32, {1, n});
  backend->rms_norm({.x = x.view(), .weight = weight.view(), .out = whole.view()});
  for (const int64_t r : {0, 1, 37, 69}) {
    backend->rms_norm(
        {.x = {x.f32().data() + r * n, DType::kF32, {1, n}}, .weight = weight.view(), .out = alone.view()});
    ASSERT_TRUE(test::same_bits(alone.f32(), whole.f32().subspan(static_cast<size_t>(r * n), static_cast<size_t>(n))));
  }
}

TEST_P(RowsOnIsa, RopeIsWithinItsRoundingsAtAllPositions) {
  for (const int64_t head_dim : {2, 8, 34, 64, 80, 128, 256}) {
    const int64_t heads = 3;
    const std::vector<int32_t> positions = {0, 1, 2, 63, 8191, 65536, 131071, 1000003, 5, 6};
    const auto tokens = static_cast<int64_t>(positions.size());
    const TestTensor x = random_tensor(DType::kF32, {tokens, heads, head_dim}, 5);
    const TestTensor mine(DType::kF32, x.shape), theirs(DType::kF32, x.shape), other(DType::kF32, x.shape);
    for (const TestTensor* copy : {&mine, &theirs, &other})
      std::copy(x.f32().begin(), x.f32().end(), copy->f32().begin());
    const std::vector<float> inv_freq = ops::rope_inv_freq(static_cast<int>(head_dim), 5e5);
    backend->rope({.x = mine.view(), .positions = positions, .inv_freq = inv_freq});
    reference->rope({.x = theirs.view(), .positions = positions, .inv_freq = inv_freq});
    scalar->rope({.x = other.view(), .positions = positions, .inv_freq = inv_freq});
    std::vector<double> tolerances;
    for (int64_t i = 0; i < x.shape.elements(); ++i) {
      const int64_t pair = i % head_dim < head_dim / 2 ? i + head_dim / 2 : i - head_dim / 2;
      tolerances.push_back(test::rope_tolerance(std::fabs(x.at(i)), std::fabs(x.at(pair))));
    }
    ASSERT_TRUE(test::all_close(mine.f32(), theirs.f32(), tolerances)) << head_dim;
    ASSERT_TRUE(test::same_bits(mine.f32(), other.f32())) << head_dim;
  }
}

// Interleaved is half-split of the reordered head, to the bit; beside the reference it has the same bounds.
TEST_P(RowsOnIsa, RopeOfNeighboursIsRopeOfHalves) {
  for (const int64_t head_dim : {2, 8, 34, 64, 80, 128, 256}) {
    const int64_t heads = 3, half = head_dim / 2;
    const std::vector<int32_t> positions = {0, 1, 2, 63, 8191, 65536, 131071, 1000003, 5, 6};
    const auto tokens = static_cast<int64_t>(positions.size());
    const TestTensor x = random_tensor(DType::kF32, {tokens, heads, head_dim}, 5);
    const TestTensor halves(DType::kF32, x.shape), mine(DType::kF32, x.shape), theirs(DType::kF32, x.shape);
    // Where element i of a half-split head lies in an interleaved one.
    const auto neighbour = [&](int64_t i) {
      const int64_t head = i / head_dim * head_dim, j = i % head_dim;
      return head + (j < half ? 2 * j : 2 * (j - half) + 1);
    };
    std::copy(x.f32().begin(), x.f32().end(), halves.f32().begin());
    std::vector<double> tolerances(x.f32().size());
    for (int64_t i = 0; i < x.shape.elements(); ++i) {
      mine.set(neighbour(i), x.f32()[static_cast<size_t>(i)]);
      theirs.set(neighbour(i), x.f32()[static_cast<size_t>(i)]);
      const int64_t pair = i % head_dim < half ? i + half : i - half;
      tolerances[static_cast<size_t>(neighbour(i))] = test::rope_tolerance(std::fabs(x.at(i)), std::fabs(x.at(pair)));
    }
    const std::vector<float> inv_freq = ops::rope_inv_freq(static_cast<int>(head_dim), 5e5);
    backend->rope({.x = halves.view(), .positions = positions, .inv_freq = inv_freq});
    backend->rope({.x = mine.view(), .positions = positions, .inv_freq = inv_freq, .interleaved = true});
    reference->rope({.x = theirs.view(), .positions = positions, .inv_freq = inv_freq, .interleaved = true});
    ASSERT_TRUE(test::all_close(mine.f32(), theirs.f32(), tolerances)) << head_dim;
    std::vector<float> reordered(x.f32().size());
    for (int64_t i = 0; i < x.shape.elements(); ++i) {
      reordered[static_cast<size_t>(neighbour(i))] = halves.f32()[static_cast<size_t>(i)];
    }
    ASSERT_TRUE(test::same_bits(mine.f32(), reordered)) << head_dim;
  }
}

TEST_P(RowsOnIsa, SwigluIsWithinItsRoundings) {
  for (const int64_t n : kLengths) {
    for (const double scale : {1.0, 30.0, 1e4}) {
      const TestTensor gate = random_tensor(DType::kF32, {3, n}, 6, scale), up = random_tensor(DType::kF32, {3, n}, 7);
      const TestTensor mine(DType::kF32, {3, n}), theirs(DType::kF32, {3, n}), other(DType::kF32, {3, n});
      backend->swiglu({.gate = gate.view(), .up = up.view(), .out = mine.view()});
      reference->swiglu({.gate = gate.view(), .up = up.view(), .out = theirs.view()});
      scalar->swiglu({.gate = gate.view(), .up = up.view(), .out = other.view()});
      std::vector<double> tolerances;
      for (int64_t i = 0; i < 3 * n; ++i) {
        tolerances.push_back(test::swiglu_tolerance(std::fabs(theirs.at(i)), std::fabs(up.at(i))));
      }
      ASSERT_TRUE(test::all_close(mine.f32(), theirs.f32(), tolerances)) << n << " scale " << scale;
      ASSERT_TRUE(test::same_bits(mine.f32(), other.f32())) << "beside scalar";
      backend->swiglu({.gate = gate.view(), .up = up.view(), .out = up.view()});
      ASSERT_TRUE(test::same_bits(up.f32(), mine.f32())) << "in place";
    }
  }
}

TEST_P(RowsOnIsa, ResidualAddIsExact) {
  for (const int64_t n : kLengths) {
    const TestTensor mine = random_tensor(DType::kF32, {9, n}, 8), theirs = random_tensor(DType::kF32, {9, n}, 8);
    const TestTensor y = random_tensor(DType::kF32, {9, n}, 9);
    backend->residual_add({.y = y.view(), .x = mine.view()});
    reference->residual_add({.y = y.view(), .x = theirs.view()});
    ASSERT_TRUE(test::same_bits(mine.f32(), theirs.f32()));
  }
}

TEST_P(RowsOnIsa, SoftmaxIsWithinItsRoundings) {
  for (const int64_t n : kLengths) {
    for (const double scale : {0.1, 3.0, 100.0}) {
      const TestTensor x = random_tensor(DType::kF32, {3, n}, 10, scale);
      if (n > 20) x.set(n / 2, -std::numeric_limits<float>::infinity());
      const TestTensor mine(DType::kF32, {3, n}), theirs(DType::kF32, {3, n}), other(DType::kF32, {3, n});
      backend->softmax({.x = x.view(), .out = mine.view()});
      reference->softmax({.x = x.view(), .out = theirs.view()});
      scalar->softmax({.x = x.view(), .out = other.view()});
      std::vector<double> tolerances;
      const double range = std::min(104.0, 10 * scale);  // below exp(-104) everything is 0 on both sides
      for (const float p : theirs.f32()) tolerances.push_back(test::softmax_tolerance(static_cast<double>(p), range));
      ASSERT_TRUE(test::all_close(mine.f32(), theirs.f32(), tolerances)) << n << " scale " << scale;
      ASSERT_TRUE(test::same_bits(mine.f32(), other.f32())) << "beside scalar";
      backend->softmax({.x = x.view(), .out = x.view()});
      ASSERT_TRUE(test::same_bits(x.f32(), mine.f32())) << "in place";
    }
  }
}

TEST_P(RowsOnIsa, ShowNan) {
  for (const int64_t n : {1, 17, 64}) {
    for (const int64_t at : {int64_t{0}, n - 1}) {
      const TestTensor x = random_tensor(DType::kF32, {2, n}, 11), ones = random_tensor(DType::kF32, {n}, 12, 0, 1);
      const TestTensor up = random_tensor(DType::kF32, {2, n}, 13), out(DType::kF32, {2, n});
      x.set(n + at, kNan);  // the second row
      const auto nan_in = [&](const char* op, bool whole_row) {
        for (int64_t i = 0; i < 2 * n; ++i) {
          EXPECT_EQ(std::isnan(out.at(i)), whole_row ? i >= n : i == n + at) << op << " n " << n << " at " << i;
        }
      };
      backend->rms_norm({.x = x.view(), .weight = ones.view(), .out = out.view()});
      nan_in("rms_norm", true);
      backend->softmax({.x = x.view(), .out = out.view()});
      nan_in("softmax", true);
      backend->swiglu({.gate = x.view(), .up = up.view(), .out = out.view()});
      nan_in("swiglu gate", false);
      backend->swiglu({.gate = up.view(), .up = x.view(), .out = out.view()});
      nan_in("swiglu up", false);
      std::copy(up.f32().begin(), up.f32().end(), out.f32().begin());
      backend->residual_add({.y = x.view(), .x = out.view()});
      nan_in("residual_add", false);
    }
  }
}

TEST_P(RowsOnIsa, TakeNoRows) {
  float none = 0;
  const TestTensor weight = random_tensor(DType::kF32, {8}, 1);
  const TensorView empty{&none, DType::kF32, {0, 8}};
  backend->rms_norm({.x = empty, .weight = weight.view(), .out = empty});
  backend->softmax({.x = empty, .out = empty});
  backend->swiglu({.gate = empty, .up = empty, .out = empty});
  EXPECT_EQ(none, 0);
}

INSTANTIATE_TEST_SUITE_P(Cpu, RowsOnIsa, testing::ValuesIn(runnable_cpu_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace hermes::kernels
