#include "formats/gguf_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"
#include "formats/gguf_bytes_for_test.h"
#include "formats/gguf_file.h"
#include "tensor/float_types.h"

namespace hermes::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Written by the gguf package (tools/gguf_make_goldens.py).
GgufFile golden() { return GgufFile::open(HERMES_FORMATS_TESTDATA "/golden.gguf").value(); }

TEST(GgufHeader, ReadsEveryTypeOfValue) {
  const GgufFile file = golden();
  const GgufMetadata& metadata = file.metadata();
  EXPECT_EQ(metadata.integer("value.u8").value(), 200);
  EXPECT_EQ(metadata.integer("value.i8").value(), -100);
  EXPECT_EQ(metadata.integer("value.u16").value(), 60000);
  EXPECT_EQ(metadata.integer("value.i16").value(), -30000);
  EXPECT_EQ(metadata.integer("value.u32").value(), 4000000000);
  EXPECT_EQ(metadata.integer("value.i32").value(), -2000000000);
  EXPECT_EQ(metadata.integer("value.i64").value(), -(int64_t{1} << 62));
  EXPECT_THAT(metadata.integer("value.u64").error().message(), HasSubstr("9223372036854775808, no integer below 2^63"));
  EXPECT_EQ(metadata.number("value.f32").value(), static_cast<double>(0.1F));
  EXPECT_EQ(metadata.number("value.f64").value(), 0.1);
  EXPECT_EQ(metadata.optional_boolean("value.true").value(), true);
  EXPECT_EQ(metadata.optional_boolean("value.false").value(), false);
  EXPECT_EQ(metadata.string("value.string").value(), "été");
  EXPECT_EQ(metadata.optional_string("value.none").value(), std::nullopt);

  const GgufStrings strings = metadata.strings("array.strings").value();
  EXPECT_EQ(strings.size(), 3U);
  EXPECT_THAT(std::vector<std::string_view>(strings.begin(), strings.end()), ElementsAre("one", "", "three"));
  const GgufIntegers bytes = metadata.optional_integers("array.u8").value().value();
  EXPECT_THAT((std::vector<int64_t>{bytes[0], bytes[1], bytes[2]}), ElementsAre(1, 2, 250));
  const GgufIntegers wide = metadata.optional_integers("array.i64").value().value();
  EXPECT_EQ(wide.size(), 2U);
  EXPECT_EQ(wide[0], -1);
  EXPECT_EQ(metadata.find("array.nested")->value.element_type, GgufValueType::kArray);
  EXPECT_EQ(metadata.find("array.nested")->value.count, 2U);
}

TEST(GgufHeader, DescribesValuesInShort) {
  const GgufFile file = golden();
  const auto text = [&](std::string_view key) { return describe(file.metadata().find(key)->value); };
  EXPECT_EQ(text("value.u64"), "9223372036854775808");
  EXPECT_EQ(text("value.i8"), "-100");
  EXPECT_EQ(text("value.f32"), "0.1");
  EXPECT_EQ(text("value.true"), "true");
  EXPECT_EQ(text("value.string"), "\"été\"");
  EXPECT_EQ(text("array.u8"), "[1, 2, 250]");
  EXPECT_EQ(text("array.bool"), "[true, false]");
  EXPECT_EQ(text("array.strings"), "[3 strings]");
  EXPECT_EQ(text("array.nested"), "[2 arrays]");
}

TEST(GgufHeader, RefusesValuesOfAnotherType) {
  const GgufFile file = golden();
  const GgufMetadata& metadata = file.metadata();
  const auto position = [&](std::string_view key) { return fmt::format("(byte {})", metadata.find(key)->at); };
  const auto message = metadata.integer("value.string").error().message();
  EXPECT_THAT(message, HasSubstr("golden.gguf: key \"value.string\" " + position("value.string") +
                                 " is a string, must be an integer"));
  EXPECT_THAT(metadata.integer("value.f32").error().message(), HasSubstr("is of type f32, must be an integer"));
  EXPECT_THAT(metadata.integer("value.true").error().message(), HasSubstr("is of type bool, must be an integer"));
  EXPECT_THAT(metadata.number("value.u8").error().message(), HasSubstr("is of type u8, must be an f32 or f64"));
  EXPECT_THAT(metadata.optional_boolean("value.u8").error().message(), HasSubstr("must be a bool"));
  EXPECT_THAT(metadata.string("array.strings").error().message(), HasSubstr("is an array of type string"));
  EXPECT_THAT(metadata.strings("value.string").error().message(), HasSubstr("must be an array of strings"));
  EXPECT_THAT(metadata.strings("array.u8").error().message(), HasSubstr("is an array of type u8"));
  EXPECT_THAT(metadata.optional_integers("array.f64").error().message(), HasSubstr("must be an array of integers"));
  EXPECT_THAT(metadata.optional_integers("array.nested").error().message(), HasSubstr("is an array of type array"));
  EXPECT_THAT(metadata.string("value.none").error().message(), HasSubstr("key \"value.none\" is missing"));
}

TEST(GgufHeader, ViewsTensorsInOurOrder) {
  const GgufFile file = golden();
  EXPECT_EQ(file.header().version, 3U);
  EXPECT_EQ(file.header().alignment, 64U);
  EXPECT_EQ(file.header().data_begin % 64, 0U);
  EXPECT_THAT(file.names(), ElementsAre("bf16", "f16", "f32", "i32", "i64", "i8", "q8_0"));
  const ConstTensorView f32 = file.tensor("f32").value();
  EXPECT_EQ(f32.shape, (Shape{2, 3}));
  EXPECT_EQ(f32.dtype, DType::kF32);
  EXPECT_EQ(std::vector<float>(f32.f32(), f32.f32() + 6), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  const ConstTensorView f16 = file.tensor("f16").value();
  EXPECT_EQ(f16.shape, (Shape{3, 1, 5}));
  EXPECT_EQ(to_float(f16.as<F16>()[14]), 14.0F);
  EXPECT_EQ(file.tensor("i8").value().shape, (Shape{2, 2, 2, 2}));
  EXPECT_EQ(file.tensor("i32").value().as<int32_t>()[3], 3);
  EXPECT_EQ(to_float(file.tensor("bf16").value().as<Bf16>()[1]), -2.5F);
  const ConstTensorView q8 = file.tensor("q8_0").value();
  EXPECT_EQ(q8.dtype, DType::kQ8_0);
  EXPECT_EQ(q8.shape, (Shape{2, 64}));
  EXPECT_EQ(q8.bytes(), 4U * 34);
}

TEST(GgufHeader, ListsWhatItDoesNotComputeWith) {
  const GgufFile file = golden();
  EXPECT_EQ(file.find("i64"), std::nullopt);
  const auto i64 = file.tensor("i64");
  EXPECT_EQ(i64.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(i64.error().message(), HasSubstr("golden.gguf: tensor \"i64\" is of type I64"));
  EXPECT_EQ(file.bytes_of(*file.header().find("i64")).size(), 24U);
  EXPECT_EQ(file.tensor("none").error().code(), ErrorCode::kNotFound);
}

TEST(GgufHeader, ReadsVersion2) {
  GgufForTest made{.entries = {gguf_u32("a", 7)}, .infos = {gguf_info("t", {4}, 0, 0)}, .data_bytes = 16};
  made.version = 2;
  const std::string bytes = made.bytes();
  const auto header = parse_gguf_header(bytes_of_text(bytes), "v2");
  ASSERT_TRUE(header.ok()) << header.error().message();
  EXPECT_EQ(header->version, 2U);
  EXPECT_EQ(header->metadata.integer("a").value(), 7);
}

TEST(GgufHeader, TakesTheSmallestFiles) {
  // No padding, no data, an empty tensor, a scalar, the lowest alignment.
  GgufForTest nothing;
  nothing.alignment = 0;
  const std::string empty = nothing.bytes();
  EXPECT_EQ(empty.size(), 24U);
  EXPECT_TRUE(parse_gguf_header(bytes_of_text(empty), "empty").ok());
  const std::string small =
      GgufForTest{.entries = {gguf_u32("general.alignment", 8)},
                  .infos = {gguf_info("none", {0, uint64_t{1} << 40}, 0, 0), gguf_info("scalar", {}, 24, 0),
                            gguf_info("one", {1, 1, 1, 1}, 24, 8)},
                  .data_bytes = 9,
                  .alignment = 8}
          .bytes();
  const auto header = parse_gguf_header(bytes_of_text(small), "small");
  ASSERT_TRUE(header.ok()) << header.error().message();
  EXPECT_EQ(header->find("scalar")->shape, Shape{});
  EXPECT_EQ(header->find("none")->shape, (Shape{int64_t{1} << 40, 0}));
  EXPECT_EQ(header->find("none")->bytes, 0U);
  EXPECT_EQ(header->find("one")->begin, 8U);
}

TEST(GgufType, SizesAreThoseOfOurTypes) {
  int ours = 0;
  for (uint32_t number = 0; number < 64; ++number) {
    const GgufTensorType* type = find_gguf_type(number);
    if (type == nullptr || !type->dtype) continue;
    ++ours;
    const DTypeInfo& info = info_of(*type->dtype);
    EXPECT_EQ(type->name, info.name);
    EXPECT_EQ(type->block_elements, info.block_elements) << type->name;
    EXPECT_EQ(static_cast<size_t>(type->block_bytes), info.block_bytes) << type->name;
    EXPECT_EQ(find_gguf_type(*type->dtype), type);
  }
  EXPECT_EQ(ours, kDTypesCount - 3);  // GGUF has no U8 and no FP8
  EXPECT_EQ(find_gguf_type(DType::kF8_E4M3), nullptr);
}

}  // namespace
}  // namespace hermes::formats
