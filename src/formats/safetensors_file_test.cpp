#include "formats/safetensors_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <utility>

#include "base/temp_folder_for_test.h"
#include "formats/safetensors_bytes_for_test.h"
#include "tensor/float_types.h"

namespace hermes::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(SafetensorsFile, ViewsTensorsWhereTheyLie) {
  const TempFolder temp;
  const auto path =
      temp.write("w.safetensors", safetensors_bytes(padded(R"({"w":{"dtype":"U8","shape":[2,3],"data_offsets":[2,8]},)"
                                                           R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})"),
                                                    8));
  auto opened = SafetensorsFile::open(path);
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  const SafetensorsFile file = *std::move(opened);  // views survive the move of their file
  EXPECT_THAT(file.names(), ElementsAre("b", "w"));
  EXPECT_EQ(file.file_of("w"), path.string());
  const auto w = file.find("w");
  ASSERT_TRUE(w.has_value());
  EXPECT_EQ(w->dtype, DType::kU8);
  EXPECT_EQ(w->shape, Shape({2, 3}));
  for (uint8_t i = 0; i < 6; ++i) EXPECT_EQ(w->as<uint8_t>()[i], i + 2);
  EXPECT_EQ(file.tensor("b")->as<Bf16>()->bits, 0x0100);
  EXPECT_FALSE(file.find("x").has_value());
}

TEST(SafetensorsFile, RefusesByNameWhatItCannotGive) {
  const TempFolder temp;
  const auto path =
      temp.write("w.safetensors", safetensors_bytes(R"({"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", 8));
  const auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_THAT(file->names(), ElementsAre("ids"));  // listed
  EXPECT_FALSE(file->find("ids").has_value());
  const auto ids = file->tensor("ids");
  EXPECT_EQ(ids.error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(ids.error().message(), path.string() + ": tensor \"ids\" is of type I64, with which we do not compute");
  const auto none = file->tensor("none");
  EXPECT_EQ(none.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(none.error().message(), path.string() + ": no tensor \"none\"");
}

TEST(SafetensorsFile, AnEmptyTensorIsPresent) {
  const TempFolder temp;
  const auto file = SafetensorsFile::open(
      temp.write("w", safetensors_bytes(R"({"e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0)));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(static_cast<bool>(*file->tensor("e")));  // an absent view would have no data
}

TEST(SafetensorsFile, ErrorsNameTheFile) {
  const TempFolder temp;
  const auto broken = temp.write("broken.safetensors", "{}");
  EXPECT_THAT(SafetensorsFile::open(broken).error().message(), HasSubstr(broken.string() + ": 2 bytes, too short"));
  EXPECT_EQ(SafetensorsFile::open(temp.path() / "none").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(SafetensorsFile::open(temp.path()).error().code(), ErrorCode::kInvalidArgument);
}

// Written by Python; see tools/safetensors_make_goldens.py, which says what is in it.
TEST(SafetensorsFile, ReadsAFileMadeByTheReferenceLibrary) {
  const auto file = SafetensorsFile::open(HERMES_FORMATS_TESTDATA "/golden.safetensors");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_THAT(file->names(), ElementsAre("bf16", "e4m3", "e5m2", "empty", "f16", "f32", "i32", "i64", "i8", "scalar",
                                         "u8", "é.weight"));
  EXPECT_EQ(file->header().metadata, (SafetensorsMetadata{{"format", "pt"}}));
  const auto f32 = file->tensor("f32");
  ASSERT_TRUE(f32.ok());
  EXPECT_EQ(f32->shape, Shape({2, 3}));
  const float expected[] = {0.0F, -1.5F, 0x1p-149F, 3.25F, 1e30F, -0.0F};
  EXPECT_EQ(std::memcmp(f32->data, expected, sizeof expected), 0);
  EXPECT_EQ(to_float(file->tensor("bf16")->as<Bf16>()[1]), -2.0F);
  EXPECT_EQ(to_float(file->tensor("f16")->as<F16>()[2]), 65504.0F);
  EXPECT_EQ(to_float(file->tensor("e4m3")->as<F8E4M3>()[0]), 448.0F);
  EXPECT_EQ(to_float(file->tensor("e5m2")->as<F8E5M2>()[0]), 57344.0F);
  EXPECT_EQ(file->tensor("i32")->as<int32_t>()[0], -2147483647 - 1);
  EXPECT_EQ(file->tensor("i8")->as<int8_t>()[1], 127);
  EXPECT_EQ(file->tensor("u8")->as<uint8_t>()[0], 255);
  EXPECT_EQ(file->tensor("scalar")->shape.rank(), 0);
  EXPECT_EQ(file->tensor("scalar")->f32()[0], 0.5F);
  EXPECT_EQ(file->tensor("empty")->shape, Shape({0, 4}));
  EXPECT_EQ(file->tensor("é.weight")->shape, Shape({1, 1, 2, 1}));
  EXPECT_EQ(file->tensor("i64").error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace hermes::formats
