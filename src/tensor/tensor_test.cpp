#include "tensor/tensor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace hermes {
namespace {

TEST(DType, NamesGoRound) {
  for (int i = 0; i < kDTypesCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(info_of(dtype).dtype, dtype) << name_of(dtype);
    EXPECT_EQ(dtype_of(name_of(dtype)), dtype) << name_of(dtype);
  }
  EXPECT_EQ(name_of(DType::kF8_E4M3), "F8_E4M3");
  EXPECT_EQ(dtype_of("F64"), std::nullopt);
  EXPECT_EQ(dtype_of("bf16"), std::nullopt);
}

TEST(DType, SizesAreBytes) {
  EXPECT_EQ(size_of(DType::kF32), 4U);
  EXPECT_EQ(size_of(DType::kI32), 4U);
  EXPECT_EQ(size_of(DType::kF16), 2U);
  EXPECT_EQ(size_of(DType::kBF16), 2U);
  for (const DType dtype : {DType::kF8_E4M3, DType::kF8_E5M2, DType::kI8, DType::kU8}) EXPECT_EQ(size_of(dtype), 1U);
}

TEST(DType, BlockTypesHaveBytesPerBlock) {
  EXPECT_FALSE(is_block_type(DType::kF8_E4M3));
  EXPECT_TRUE(is_block_type(DType::kQ8_0));
  EXPECT_EQ(bytes_of(DType::kF16, 5), 10U);
  EXPECT_EQ(bytes_of(DType::kQ8_0, 64), 68U);
  EXPECT_EQ(bytes_of(DType::kQ4_K, 512), 288U);
  EXPECT_DEATH(size_of(DType::kQ4_0), "no size per element");
  EXPECT_DEATH(bytes_of(DType::kQ4_K, 128), "whole number of blocks");
}

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().elements(), 1);  // a scalar
  EXPECT_EQ(Shape({3}).elements(), 3);
  EXPECT_EQ(Shape({2, 3, 4, 5}).elements(), 120);
  EXPECT_EQ(Shape({2, 0, 4}).elements(), 0);
  EXPECT_EQ(to_string(Shape({2, 3})), "[2, 3]");
  EXPECT_EQ(to_string(Shape()), "[]");
}

TEST(Shape, IsEqualByDimensions) {
  const std::vector<int64_t> dims = {2, 3};
  EXPECT_EQ(Shape(dims), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
  EXPECT_NE(Shape({2}), Shape({2, 1}));
}

TEST(ShapeDeathTest, RankAboveFourOrNegativeIsOurMistake) {
  EXPECT_DEATH(Shape({1, 1, 1, 1, 1}), "rank 5");
  EXPECT_DEATH(Shape({1, -1}), "negative dimension -1");
}

TEST(TensorView, DefaultMadeIsAbsent) {
  EXPECT_FALSE(ConstTensorView());
  EXPECT_FALSE(TensorView());
}

TEST(TensorView, BorrowsAndConvertsToConst) {
  std::vector<float> values(6, 1.0F);
  const TensorView view = view_of(values, {2, 3});
  ASSERT_TRUE(view);
  EXPECT_EQ(view.bytes(), 24U);
  view.f32()[5] = 7;
  const ConstTensorView read = view;
  EXPECT_EQ(read.f32()[5], 7);
  EXPECT_EQ(read.shape, Shape({2, 3}));
  EXPECT_EQ(const_view_of(values, {6}).f32(), values.data());
}

TEST(TensorViewDeathTest, ReadingAsAnotherTypeOrBeyondTheSpanIsOurMistake) {
  std::vector<float> values(6);
  const ConstTensorView halves{values.data(), DType::kBF16, {6}};
  EXPECT_DEATH(static_cast<void>(halves.f32()), "dtype == DType::kF32");
  EXPECT_DEATH(static_cast<void>(view_of(values, {7})), "values.size\\(\\)");
  EXPECT_DEATH(static_cast<void>(const_view_of(values, {2, 4})), "values.size\\(\\)");
}

TEST(Buffer, IsZeroedAndAligned) {
  for (const size_t bytes : {size_t{1}, size_t{100}, size_t{4096}, size_t{5000}, size_t{3} << 20}) {
    const Buffer buffer(bytes);
    EXPECT_EQ(buffer.size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0U);
    EXPECT_TRUE(std::all_of(buffer.data(), buffer.data() + bytes, [](std::byte b) { return b == std::byte{0}; }));
    std::fill_n(buffer.data(), bytes, std::byte{0xAB});  // all of it is ours to write
  }
}

TEST(Buffer, HoldsATensorAndPartsOfIt) {
  const Buffer buffer(DType::kBF16, {4, 8});
  EXPECT_EQ(buffer.size(), 64U);
  EXPECT_EQ(buffer.view(DType::kBF16, {4, 8}).as<std::byte>(), buffer.data());
  EXPECT_EQ(buffer.view(DType::kF32, {4}, 48).as<std::byte>(), buffer.data() + 48);
  EXPECT_EQ(buffer.view(DType::kF32, {0}, 64).bytes(), 0U);
}

TEST(Buffer, EmptyHasNoMemory) {
  const Buffer none;
  EXPECT_EQ(none.size(), 0U);
  EXPECT_EQ(none.data(), nullptr);
  EXPECT_FALSE(none.view(DType::kF32, {0}));
  EXPECT_EQ(Buffer(0).data(), nullptr);
}

TEST(Buffer, MovingTakesTheMemoryAlong) {
  Buffer from(128);
  std::byte* const memory = from.data();
  Buffer to = std::move(from);
  EXPECT_EQ(to.data(), memory);
  EXPECT_EQ(to.size(), 128U);
  EXPECT_EQ(from.data(), nullptr);  // NOLINT(bugprone-use-after-move): what it leaves is the point
  EXPECT_EQ(from.size(), 0U);
  to = Buffer(16);
  EXPECT_EQ(to.size(), 16U);
}

TEST(Buffer, AHugeOneCostsNothingUntilTouched) {
  const Buffer huge(size_t{1} << 34);  // 16 GiB
  huge.data()[huge.size() - 1] = std::byte{1};
  EXPECT_EQ(huge.data()[0], std::byte{0});
}

TEST(BufferDeathTest, AViewBeyondTheEndOrAskewIsOurMistake) {
  const Buffer buffer(64);
  EXPECT_DEATH(static_cast<void>(buffer.view(DType::kF32, {17})), "view of 68 bytes at 0 into a buffer of 64");
  EXPECT_DEATH(static_cast<void>(buffer.view(DType::kF32, {1}, 64)), "view of 4 bytes at 64");
  EXPECT_DEATH(static_cast<void>(buffer.view(DType::kF32, {1}, ~size_t{0})), "into a buffer of 64");
  EXPECT_DEATH(static_cast<void>(buffer.view(DType::kF32, {1}, 2)), "offset 2 is not aligned to F32");
}

}  // namespace
}  // namespace hermes
