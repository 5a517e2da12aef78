// Cases small enough to check by eye: they hold the oracle to its formulas.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"
#include "tensor/float_types.h"

namespace hermes::ops {
namespace {

using test::all_close;
using test::TestTensor;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> values_of(const TestTensor& tensor) { return {tensor.f32().begin(), tensor.f32().end()}; }

TestTensor tensor_of(DType dtype, const Shape& shape, const std::vector<float>& values) {
  TestTensor tensor(dtype, shape);
  for (size_t i = 0; i < values.size(); ++i) tensor.set(static_cast<int64_t>(i), values[i]);
  return tensor;
}

TEST(ReferenceEmbedding, CopiesRowsInAnyDtype) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const TestTensor table = tensor_of(dtype, {3, 2}, {0, 1, 10, 11, 20, 21});
    const TestTensor out(DType::kF32, {2, 2});
    const std::vector<int32_t> tokens = {2, 0};
    make_reference_backend()->embedding({.tokens = tokens, .table = table.view(), .out = out.view()});
    EXPECT_EQ(values_of(out), (std::vector<float>{20, 21, 0, 1}));
  }
}

TEST(ReferenceRmsNorm, DividesByTheRootOfTheMeanSquare) {
  const TestTensor x = tensor_of(DType::kF32, {2, 2}, {3, 4, 0, 0});  // mean square 12.5
  const TestTensor weight = tensor_of(DType::kF32, {2}, {1, 2});
  make_reference_backend()->rms_norm(
      {.x = x.view(), .weight = weight.view(), .eps = 0.5F, .out = x.view()});  // in place
  const auto root = static_cast<float>(std::sqrt(13.0));
  EXPECT_TRUE(all_close(values_of(x), std::vector<float>{3 / root, 8 / root, 0, 0}, 1e-6));
}

TEST(ReferenceLinear, IsAMatrixProductPlusBias) {
  const TestTensor x = tensor_of(DType::kF32, {2, 3}, {1, 2, 3, 0, 0, 1});
  const TestTensor weight = tensor_of(DType::kBF16, {2, 3}, {1, 0, 0, 1, 1, 1});
  const TestTensor bias = tensor_of(DType::kF16, {2}, {10, 20});
  const TestTensor y(DType::kF32, {2, 2});
  make_reference_backend()->linear({.x = x.view(), .weight = weight.view(), .bias = bias.view(), .y = y.view()});
  EXPECT_EQ(values_of(y), (std::vector<float>{11, 26, 10, 21}));
  make_reference_backend()->linear({.x = x.view(), .weight = weight.view(), .bias = {}, .y = y.view()});
  EXPECT_EQ(values_of(y), (std::vector<float>{1, 6, 0, 1}));
}

TEST(ReferenceLinear, RoundsActivationsWhereAskedAndWeightsAreBf16) {
  const float fine = 1 + 0x1.0p-12F;  // rounds to 1 in BF16
  const TestTensor x = tensor_of(DType::kF32, {1, 1}, {fine});
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const TestTensor weight = tensor_of(dtype, {1, 1}, {2});
    const TestTensor y(DType::kF32, {1, 1});
    make_reference_backend()->linear(
        {.x = x.view(), .weight = weight.view(), .bias = {}, .y = y.view(), .activations = Activations::kBF16});
    EXPECT_EQ(y.f32()[0], dtype == DType::kBF16 ? 2 : 2 * fine) << name_of(dtype);
  }
}

TEST(ReferenceSwiglu, IsSiluTimesUp) {
  const TestTensor gate = tensor_of(DType::kF32, {1, 4}, {0, 1, -1, -200});
  const TestTensor up = tensor_of(DType::kF32, {1, 4}, {5, 2, 2, 2});
  make_reference_backend()->swiglu({.gate = gate.view(), .up = up.view(), .out = gate.view()});
  EXPECT_TRUE(all_close(values_of(gate), std::vector<float>{0, 1.4621172F, -0.5378828F, 0}, 1e-6));
}

TEST(ReferenceResidualAdd, Adds) {
  const TestTensor x = tensor_of(DType::kF32, {1, 2}, {1, 2}), y = tensor_of(DType::kF32, {1, 2}, {10, 20});
  make_reference_backend()->residual_add({.y = y.view(), .x = x.view()});
  EXPECT_EQ(values_of(x), (std::vector<float>{11, 22}));
}

TEST(ReferenceSoftmax, SharesOneAndTakesMinusInfinityForZero) {
  const float minus_infinity = -std::numeric_limits<float>::infinity();
  const TestTensor x = tensor_of(DType::kF32, {2, 3}, {0, std::log(3.0F), minus_infinity, 1000, 1000, 900});
  make_reference_backend()->softmax({.x = x.view(), .out = x.view()});
  EXPECT_TRUE(all_close(values_of(x), std::vector<float>{0.25F, 0.75F, 0, 0.5F, 0.5F, 0}, 1e-6));
}

TEST(ReferenceSoftmax, ShowsNan) {
  const TestTensor x = tensor_of(DType::kF32, {1, 3}, {1, kNan, 2});
  make_reference_backend()->softmax({.x = x.view(), .out = x.view()});
  for (const float p : x.f32()) EXPECT_TRUE(std::isnan(p));
}

// One sequence's cache over pages of 64 positions.
struct Cache {
  int64_t kv_heads, head_dim;
  TestTensor memory;
  std::vector<std::byte*> k, v;

  Cache(DType dtype, int64_t n_pages, int64_t heads, int64_t dim)
      : kv_heads(heads), head_dim(dim), memory(dtype, {2 * n_pages, heads, 64, dim}) {
    const size_t page = memory.buffer.size() / static_cast<size_t>(2 * n_pages);
    for (size_t p = 0; p < static_cast<size_t>(n_pages); ++p) {
      k.push_back(memory.buffer.data() + 2 * p * page);
      v.push_back(memory.buffer.data() + (2 * p + 1) * page);
    }
  }
  KvPagesView pages() const { return {k, v, memory.dtype, 64}; }
  void store(int32_t position, const std::vector<float>& key, const std::vector<float>& value) const {
    const std::vector<int32_t> positions = {position};
    const Shape shape = {1, kv_heads, head_dim};
    make_reference_backend()->kv_store(
        {.k = const_view_of(key, shape), .v = const_view_of(value, shape), .positions = positions, .pages = pages()});
  }
  std::vector<float> attend(const std::vector<float>& q, int64_t heads, int32_t begin, int32_t end, float scale) const {
    std::vector<float> out(q.size());
    const std::vector<int32_t> kv_begin = {begin}, kv_end = {end};
    make_reference_backend()->attention({.q = const_view_of(q, {1, heads, head_dim}),
                                         .pages = pages(),
                                         .kv_heads = kv_heads,
                                         .kv_begin = kv_begin,
                                         .kv_end = kv_end,
                                         .scale = scale,
                                         .out = view_of(out, {1, heads, head_dim})});
    return out;
  }
};

// Keys are one-hot and large: a one-hot query picks the value of its position.
TEST(ReferenceAttention, LooksUpTheValueOfTheKeyThatMatches) {
  const Cache cache(DType::kF32, 2, 1, 4);
  const int32_t positions[] = {0, 1, 63, 64};  // the last one on the second page
  for (int32_t j = 0; j < 128; ++j) cache.store(j, {0, 0, 0, 0}, {-1, -1, -1, -1});
  for (size_t i = 0; i < 4; ++i) {
    std::vector<float> key(4, 0);
    key[i] = 100;
    const auto value = static_cast<float>(i + 1);
    cache.store(positions[i], key, {value, 10 * value, 0, 0});
  }
  for (size_t i = 0; i < 4; ++i) {
    std::vector<float> q(4, 0);
    q[i] = 1;
    const auto value = static_cast<float>(i + 1);
    EXPECT_TRUE(all_close(cache.attend(q, 1, 0, 65, 1), std::vector<float>{value, 10 * value, 0, 0}, 1e-6));
  }
  // What lies outside [begin, end) does not exist.
  const std::vector<float> average = {-55.0F / 64, -1.0F / 64, -61.0F / 64, -61.0F / 64};
  EXPECT_TRUE(all_close(cache.attend({0, 0, 0, 1}, 1, 0, 64, 1), average, 1e-6));
  EXPECT_TRUE(all_close(cache.attend({1, 0, 0, 0}, 1, 2, 63, 1), std::vector<float>{-1, -1, -1, -1}, 1e-6));
}

TEST(ReferenceAttention, AveragesWhereAllScoresAreEqual) {
  const Cache cache(DType::kF32, 1, 1, 2);
  for (int32_t j = 0; j < 4; ++j) cache.store(j, {1, 1}, {static_cast<float>(j), 1});
  EXPECT_TRUE(all_close(cache.attend({3, 5}, 1, 0, 4, 0.5F), std::vector<float>{1.5F, 1}, 1e-6));
  EXPECT_TRUE(all_close(cache.attend({3, 5}, 1, 1, 4, 0.5F), std::vector<float>{2, 1}, 1e-6));
}

TEST(ReferenceAttention, WeighsByTheScaledScore) {
  const Cache cache(DType::kF32, 1, 1, 1);
  cache.store(0, {0}, {0});
  cache.store(1, {1}, {1});
  // softmax(0, scale * 2): with scale ln(3) / 2 the second has three quarters.
  EXPECT_TRUE(all_close(cache.attend({2}, 1, 0, 2, std::log(3.0F) / 2), std::vector<float>{0.75F}, 1e-6));
}

TEST(ReferenceAttention, GivesEachGroupOfHeadsItsKvHead) {
  const Cache cache(DType::kF32, 1, 2, 1);
  cache.store(0, {0, 0}, {7, 9});
  EXPECT_EQ(cache.attend({1, 1, 1, 1}, 4, 0, 1, 1), (std::vector<float>{7, 7, 9, 9}));
}

TEST(ReferenceKvStore, RoundsToTheDtypeOfThePages) {
  const float fine = 1 + 0x1.8p-9F;  // between 1 and 1 + 2^-7 in BF16; even steps of 2^-10 in F16
  for (const auto& [dtype, expected] : {std::pair{DType::kF32, fine}, {DType::kF16, fine}, {DType::kBF16, 1.0F}}) {
    const Cache cache(dtype, 1, 1, 1);
    cache.store(5, {fine}, {-fine});
    EXPECT_EQ(static_cast<float>(cache.memory.at(5)), expected) << name_of(dtype);
    EXPECT_EQ(static_cast<float>(cache.memory.at(64 + 5)), -expected) << name_of(dtype);
  }
}

}  // namespace
}  // namespace hermes::ops
