// linear with block-quantised weights: every instruction set against the fp64 reference on the same rounding of x, and the
// law that bits depend on nothing but the row, the weights and the type.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <thread>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_context.h"
#include "ops/int8_blocks.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_blocks.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"
#include "tensor/quant/quant_format.h"

namespace hermes::kernels {
namespace {

using test::random_tensor;
using test::TestTensor;

std::vector<DType> types_with_kernels() {
  std::vector<DType> types;
  for (int i = 0; i < scalar::kQuant.n_kernels; ++i) types.push_back(scalar::kQuant.kernels[i].dtype);
  return types;
}

// Weights that an encoder made of random numbers; of types without one, any bytes but for the scales.
TestTensor random_blocks(DType dtype, int64_t n, int64_t k, uint64_t seed) {
  TestTensor blocks(dtype, {n, k});
  const QuantFormat& format = *quant_format(dtype);
  if (format.encode == nullptr) {
    test::fill_random_blocks(dtype, {blocks.buffer.data(), bytes_of(dtype, n * k)}, seed, 0.05);
  } else {
    const TestTensor floats = random_tensor(DType::kF32, {n, k}, seed, 0.05);
    format.encode(floats.f32().data(), n * k, nullptr, blocks.buffer.data());
  }
  return blocks;
}

std::vector<float> run(ops::Backend& backend, const TestTensor& x, const TestTensor& weight, const TestTensor* bias) {
  const int64_t t = x.shape[0], n = weight.shape[0];
  std::vector<float> y(static_cast<size_t>(t * n), std::numeric_limits<float>::quiet_NaN());
  backend.linear({.x = x.view(),
                  .weight = weight.view(),
                  .bias = bias != nullptr ? ConstTensorView(bias->view()) : ConstTensorView(),
                  .y = view_of(y, {t, n})});
  return y;
}

TestTensor rows_of(const TestTensor& x, int64_t begin, int64_t end) {
  TestTensor rows(DType::kF32, {end - begin, x.shape[1]});
  std::copy_n(x.f32().begin() + begin * x.shape[1], rows.shape.elements(), rows.f32().begin());
  return rows;
}

// Roundings of a block: scale, two products, two sums (quant_kernels.h); of the offset: three; the chain over blocks, the
// bias, and the reference's own. Magnitudes are those of q times scale and of the offset apart: they may cancel.
double tolerance(int64_t k, double magnitude) {
  return (6 + static_cast<double>(2 * k / 16) + 2) * test::kUnitRoundoff * magnitude;
}

// Sums of |x| |w| with w as large as the block's type can make it before the offset or the zero is taken away: within 32
// elements q * scale and offset reach no more than three times the largest element's magnitude, plus that again.
double magnitude_of(const TestTensor& x, int64_t t, std::span<const float> weight) {
  double sum = 0;
  for (size_t b = 0; b < weight.size(); b += 32) {
    double largest = 0, x_sum = 0;
    for (size_t i = b; i < b + 32; ++i) {
      largest = std::max(largest, std::fabs(static_cast<double>(weight[i])));
      x_sum += std::fabs(x.at(t * x.shape[1] + static_cast<int64_t>(i)));
    }
    sum += 4 * largest * x_sum;
  }
  return sum;
}

class QuantLinearOnIsa : public testing::TestWithParam<CpuIsa> {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<ops::Backend> backend = make_cpu_backend(pool, GetParam());
};

TEST_P(QuantLinearOnIsa, IsWithinItsRoundingsOfTheReference) {
  const auto reference = ops::make_reference_backend();
  for (const DType dtype : types_with_kernels()) {
    const int64_t block = info_of(dtype).block_elements;
    for (const int64_t k : {block, 3 * block}) {
      for (const int64_t n : {1, 15, 16, 33, 50}) {
        for (const int64_t t : {1, 2, 3, 5, 6, 7, 13, 20}) {
          SCOPED_TRACE(std::string(name_of(dtype)) + " T=" + std::to_string(t) + " N=" + std::to_string(n) +
                       " K=" + std::to_string(k));
          const TestTensor x = random_tensor(DType::kF32, {t, k}, 1), weight = random_blocks(dtype, n, k, 2);
          const TestTensor bias = random_tensor(DType::kF32, {n}, 3);
          const TestTensor* used_bias = t % 2 == 0 ? &bias : nullptr;
          const std::vector<float> expected = run(*reference, x, weight, used_bias);
          std::vector<float> row(static_cast<size_t>(k));
          std::vector<double> tolerances(static_cast<size_t>(t * n));
          for (int64_t r = 0; r < n; ++r) {
            quant_format(dtype)->decode(weight.buffer.data() + static_cast<size_t>(r) * bytes_of(dtype, k), k,
                                        row.data());
            for (int64_t i = 0; i < t; ++i) {
              const double from_bias = used_bias != nullptr ? std::fabs(bias.at(r)) : 0;
              tolerances[static_cast<size_t>(i * n + r)] = tolerance(k, magnitude_of(x, i, row) + from_bias);
            }
          }
          ASSERT_TRUE(test::all_close(run(*backend, x, weight, used_bias), expected, tolerances));
        }
      }
    }
  }
}

// The copy is taken for this very view, until whoever asked for it lets it go.
TEST_P(QuantLinearOnIsa, TakesAPreparedCopyForAsLongAsItLives) {
  const TestTensor x = random_tensor(DType::kF32, {1, 256}, 1);
  TestTensor weight = random_blocks(DType::kQ4_K, 20, 256, 2);
  const TestTensor other = random_blocks(DType::kQ4_K, 20, 256, 3);
  const std::vector<float> before = run(*backend, x, weight, nullptr), after = run(*backend, x, other, nullptr);
  ASSERT_NE(before, after);
  auto prepared = backend->prepare(weight.view()), again = backend->prepare(weight.view());
  EXPECT_EQ(prepared, again);
  EXPECT_EQ(prepared->advance(), 20);
  EXPECT_EQ(again->advance(), 20);
  std::memcpy(weight.buffer.data(), other.buffer.data(), weight.buffer.size());  // what nobody else may do: it shows
  EXPECT_EQ(run(*backend, x, weight, nullptr), before);
  prepared.reset();
  EXPECT_EQ(run(*backend, x, weight, nullptr), before);
  again.reset();
  EXPECT_EQ(run(*backend, x, weight, nullptr), after);
  EXPECT_EQ(backend->prepare(x.view()), nullptr);
  prepared = backend->prepare(weight.view());
  backend.reset();  // either may go first
}

// Before the copying, at every step of it and while it goes on.
TEST_P(QuantLinearOnIsa, BitsDoNotShowHowMuchIsCopied) {
  const int64_t n = 3'290, k = 2'304;  // more than a step copies
  const TestTensor x = random_tensor(DType::kF32, {20, k}, 8), weight = random_blocks(DType::kQ4_0, n, k, 9);
  const TestTensor one = rows_of(x, 0, 1);
  const std::vector<float> of_one = run(*backend, one, weight, nullptr), of_all = run(*backend, x, weight, nullptr);
  int64_t steps = 0;
  for (const auto copy = backend->prepare(weight.view()); copy->advance() < n; ++steps) {
    EXPECT_EQ(run(*backend, one, weight, nullptr), of_one);
    EXPECT_EQ(run(*backend, x, weight, nullptr), of_all);
  }
  EXPECT_GT(steps, 0);

  const auto copy = backend->prepare(weight.view());
  std::thread other([&] {
    while (copy->advance() < n) {
    }
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(*backend, one, weight, nullptr), of_one);
  other.join();
  EXPECT_EQ(run(*backend, one, weight, nullptr), of_one);
}

// Long enough for several panels; each token as alone, on any number of threads.
TEST_P(QuantLinearOnIsa, BitsDependOnTheRowAlone) {
  ThreadPool one(1), three(3);
  const auto alone = make_cpu_backend(one, GetParam()), threaded = make_cpu_backend(three, GetParam());
  ThreadPool scalar_pool(2);
  const auto plain = make_cpu_backend(scalar_pool, CpuIsa::kScalar);
  for (const DType dtype : types_with_kernels()) {
    SCOPED_TRACE(name_of(dtype));
    const int64_t t = 37, n = 83, k = 2304;
    const TestTensor x = random_tensor(DType::kF32, {t, k}, 4), weight = random_blocks(dtype, n, k, 5);
    const std::vector<float> whole = run(*backend, x, weight, nullptr);
    EXPECT_EQ(run(*threaded, x, weight, nullptr), whole);
    EXPECT_EQ(run(*plain, x, weight, nullptr), whole);
    const auto prepared = threaded->prepare(weight.view());
    ASSERT_NE(prepared, nullptr);
    EXPECT_EQ(prepared->advance(), n);
    EXPECT_EQ(run(*threaded, x, weight, nullptr), whole);
    for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 1}, {1, 3}, {3, 6}, {6, 11}, {11, 21}, {20, 37}}) {
      for (const auto& some : {alone.get(), threaded.get()}) {
        const std::vector<float> part = run(*some, rows_of(x, begin, end), weight, nullptr);
        EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + begin * n)) << begin << " to " << end;
      }
    }
  }
}

TEST_P(QuantLinearOnIsa, TakesBlocksOfZerosAndTinyNumbersAndShowsNaN) {
  const int64_t k = 256;
  for (const DType dtype : types_with_kernels()) {
    SCOPED_TRACE(name_of(dtype));
    const TestTensor weight = random_blocks(dtype, 16, k, 6);
    TestTensor x(DType::kF32, {4, k});  // zeros
    for (int64_t i = 0; i < k; ++i) {
      x.set(k + i, 0x1p-140F);
      x.set(2 * k + i, i == 40 ? std::numeric_limits<float>::quiet_NaN() : 1.0F);
      x.set(3 * k + i, i == 70 ? std::numeric_limits<float>::infinity() : 1.0F);
    }
    const std::vector<float> y = run(*backend, x, weight, nullptr);
    for (size_t i = 0; i < 16; ++i) {
      EXPECT_EQ(y[i], 0.0F);
      EXPECT_EQ(y[16 + i], 0.0F);
      EXPECT_TRUE(std::isnan(y[32 + i]));
      EXPECT_FALSE(std::isfinite(y[48 + i]));
    }
  }
}

// The kernels' own rounding of x is that of the contract.
TEST_P(QuantLinearOnIsa, RoundsXAsWritten) {
  const int64_t k = 96;
  const int n = 2;
  const TestTensor x = random_tensor(DType::kF32, {n, k}, 7, 3);
  x.set(5, 1e30F);
  std::vector<int8_t> q(static_cast<size_t>(n * k));
  std::vector<float> scale(static_cast<size_t>(n * k / 32));
  std::vector<int32_t> sums(2 * scale.size());
  const QuantTable& table = kernel_table(GetParam()).quant;
  table.pack(x.f32().data(), k, n, k, {q.data(), scale.data(), sums.data()});
  for (int64_t b = 0; b < k / 32; ++b) {
    for (int64_t t = 0; t < n; ++t) {
      int8_t expected[32];
      const auto i = static_cast<size_t>(b * n + t);
      EXPECT_EQ(ops::round_to_int8(x.f32().data() + t * k + b * 32, expected), scale[i]);
      int32_t sum = 0;
      for (size_t j = 0; j < 32; ++j) {
        EXPECT_EQ(q[i * 32 + j], expected[j]);
        sum += expected[j];
      }
      EXPECT_EQ(sums[2 * i] + sums[2 * i + 1], sum);
    }
  }
}

// What a type adds to its elements when it stores them, from what finish() makes of sums of none and one.
int stored_zero(const QuantKernels& kernels) {
  float scale = 1;
  int32_t none[2] = {0, 0}, one[2] = {1, 0}, of_none[2], of_one[2];
  kernels.finish({nullptr, &scale, none}, 1, 1, of_none);
  kernels.finish({nullptr, &scale, one}, 1, 1, of_one);
  return of_none[0] - of_one[0];
}

// Unpacked weights are what decode() gives, bit for bit; with enough of them that every point of a codebook is among them.
TEST_P(QuantLinearOnIsa, UnpacksWhatDecodes) {
  const int64_t k = 16384;
  const QuantTable& table = kernel_table(GetParam()).quant;
  for (int i = 0; i < table.n_kernels; ++i) {
    const QuantKernels& kernels = table.kernels[i];
    SCOPED_TRACE(name_of(kernels.dtype));
    const auto row_bytes = static_cast<int64_t>(bytes_of(kernels.dtype, k));
    const TestTensor weight = random_blocks(kernels.dtype, kQuantRows, k, 8);
    std::vector<uint8_t> q(static_cast<size_t>(k * kQuantRows));
    std::vector<float> scales(q.size() / static_cast<size_t>(kernels.sub)), offsets(scales.size(), NAN);
    std::vector<std::byte> group(static_cast<size_t>(kQuantRows * row_bytes));
    kernels.interleave(weight.buffer.data(), row_bytes, k / kernels.block_elements, group.data());
    kernels.unpack(group.data(), k / kernels.block_elements, {q.data(), scales.data(), offsets.data()});
    const bool has_offset = !std::isnan(offsets[0]);
    const int zero = has_offset ? 0 : stored_zero(kernels);
    std::vector<float> expected(static_cast<size_t>(k)), unpacked(expected.size());
    for (size_t r = 0; r < kQuantRows; ++r) {
      quant_format(kernels.dtype)
          ->decode(weight.buffer.data() + static_cast<int64_t>(r) * row_bytes, k, expected.data());
      for (size_t j = 0; j < unpacked.size(); ++j) {
        const size_t sub = j / static_cast<size_t>(kernels.sub) * kQuantRows + r;
        const uint8_t stored = q[j / 4 * 4 * kQuantRows + 4 * r + j % 4];
        // Signed bytes where nothing is added.
        const int element = has_offset || zero != 0 ? stored - zero : static_cast<int8_t>(stored);
        unpacked[j] = scales[sub] * static_cast<float>(element) + (has_offset ? offsets[sub] : 0.0F);
      }
      ASSERT_EQ(unpacked, expected) << "row " << r;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, QuantLinearOnIsa, testing::ValuesIn(runnable_cpu_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace hermes::kernels
