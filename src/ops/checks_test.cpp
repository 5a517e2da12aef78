#include "ops/checks.h"

#include <gtest/gtest.h>

#include "support/random_tensor.h"

namespace hermes::ops {
namespace {

using test::TestTensor;

TEST(ChecksDeath, LinearNamesTheSymbolThatDiffers) {
  const TestTensor x(DType::kF32, {2, 3}), weight(DType::kF32, {4, 5}), y(DType::kF32, {2, 4});
  EXPECT_DEATH(check(LinearArgs{.x = x.view(), .weight = weight.view(), .bias = {}, .y = y.view()}),
               "linear: K is 3 in x but 5 in weight");
}

TEST(ChecksDeath, LinearRefusesAnOutputThatIsItsInput) {
  const TestTensor x(DType::kF32, {2, 2}), weight(DType::kF32, {2, 2});
  EXPECT_DEATH(check(LinearArgs{.x = x.view(), .weight = weight.view(), .bias = {}, .y = x.view()}), "overlaps x");
}

TEST(ChecksDeath, LinearRefusesIntegers) {
  const TestTensor x(DType::kF32, {2, 2}), weight(DType::kI32, {2, 2}), y(DType::kF32, {2, 2});
  EXPECT_DEATH(check(LinearArgs{.x = x.view(), .weight = weight.view(), .bias = {}, .y = y.view()}), "weight is I32");
}

TEST(ChecksDeath, EmbeddingRefusesTokensOutsideTheTable) {
  const TestTensor table(DType::kF32, {3, 2}), out(DType::kF32, {1, 2});
  for (const int32_t token : {-1, 3}) {
    const std::vector<int32_t> tokens = {token};
    EXPECT_DEATH(check(EmbeddingArgs{.tokens = tokens, .table = table.view(), .out = out.view()}), "of 3");
  }
}

TEST(ChecksDeath, RmsNormRefusesAShiftedOverlap) {
  const TestTensor memory(DType::kF32, {6}), weight(DType::kF32, {4});
  const TensorView x = memory.buffer.view(DType::kF32, {1, 4}), shifted = memory.buffer.view(DType::kF32, {1, 4}, 8);
  check(RmsNormArgs{.x = x, .weight = weight.view(), .out = x});
  EXPECT_DEATH(check(RmsNormArgs{.x = x, .weight = weight.view(), .out = shifted}), "partly overlaps x");
}

TEST(ChecksDeath, RopeRefusesOddHeads) {
  const TestTensor x(DType::kF32, {1, 1, 3});
  const std::vector<int32_t> positions = {0};
  const std::vector<float> inv_freq = {1};
  EXPECT_DEATH(check(RopeArgs{.x = x.view(), .positions = positions, .inv_freq = inv_freq}), "odd");
}

struct OnePage {
  TestTensor memory{DType::kF32, {2, 1, 64, 2}};
  std::vector<std::byte*> k{memory.buffer.data()}, v{memory.buffer.data() + memory.buffer.size() / 2};
  KvPagesView pages(int64_t page_size = 64) const { return {k, v, DType::kF32, page_size}; }
};

TEST(ChecksDeath, KvStoreRefusesPositionsOutsideThePages) {
  const OnePage page;
  const TestTensor k(DType::kF32, {1, 1, 2}), v(DType::kF32, {1, 1, 2});
  for (const int32_t position : {-1, 64}) {
    const std::vector<int32_t> positions = {position};
    EXPECT_DEATH(check(KvStoreArgs{k.view(), v.view(), positions, page.pages()}), "of 64");
  }
}

TEST(ChecksDeath, AttentionRefusesRangesThatAreEmptyOrTooLong) {
  const OnePage page;
  const TestTensor q(DType::kF32, {1, 2, 2}), out(DType::kF32, {1, 2, 2});
  const auto with_range = [&](int32_t from, int32_t to, int64_t kv_heads, int64_t page_size) {
    const std::vector<int32_t> begin = {from}, end = {to};
    check(AttentionArgs{q.view(), page.pages(page_size), kv_heads, begin, end, 1, out.view()});
  };
  with_range(0, 64, 1, 64);
  EXPECT_DEATH(with_range(3, 3, 1, 64), "sees");
  EXPECT_DEATH(with_range(-1, 3, 1, 64), "sees");
  EXPECT_DEATH(with_range(0, 65, 1, 64), "sees");
  EXPECT_DEATH(with_range(0, 3, 3, 64), "2 heads over 3 kv heads");
  EXPECT_DEATH(with_range(0, 3, 1, 32), "not a multiple of 64");
}

TEST(ChecksDeath, ElementwiseOpsRefuseOtherShapes) {
  const TestTensor a(DType::kF32, {2, 2}), b(DType::kF32, {2, 3});
  EXPECT_DEATH(check(SwigluArgs{.gate = a.view(), .up = b.view(), .out = a.view()}), "swiglu: F is 2 in gate");
  EXPECT_DEATH(check(ResidualAddArgs{.y = a.view(), .x = b.view()}), "residual_add: H is 2 in y");
  EXPECT_DEATH(check(ResidualAddArgs{.y = a.view(), .x = a.view()}), "overlaps y");
  EXPECT_DEATH(check(SoftmaxArgs{.x = a.view(), .out = b.view()}), "softmax: N is 2 in x");
}

}  // namespace
}  // namespace hermes::ops
