#include "formats/safetensors_header.h"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>

#include "formats/safetensors_bytes_for_test.h"

namespace hermes::formats {
namespace {

SafetensorsHeader parsed(const std::string& file) {
  auto header = parse_safetensors_header(as_file(file), "test");
  EXPECT_TRUE(header.ok()) << header.error().message();
  return header.ok() ? *std::move(header) : SafetensorsHeader{};
}

TEST(SafetensorsHeader, GivesTensorsByName) {
  const std::string header = padded(
      R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"data_offsets":[24,30],"shape":[3],"dtype":"BF16"}})");
  const SafetensorsHeader read = parsed(safetensors_bytes(header, 30));
  EXPECT_EQ(read.data_begin, 8 + header.size());
  ASSERT_EQ(read.tensors.size(), 2U);
  EXPECT_EQ(read.tensors[0].name, "b");  // ascending
  const StoredTensor* w = read.find("w");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(w->stored->dtype, DType::kF32);
  EXPECT_EQ(w->shape, Shape({2, 3}));
  EXPECT_EQ(w->begin, 0U);
  EXPECT_EQ(w->end, 24U);
  EXPECT_EQ(read.find("b")->begin, 24U);
  EXPECT_EQ(read.find("c"), nullptr);
  EXPECT_EQ(read.find(""), nullptr);
}

TEST(SafetensorsHeader, MayBeEmptyAndPadded) {
  EXPECT_TRUE(parsed(safetensors_bytes("{}", 0)).tensors.empty());
  EXPECT_TRUE(parsed(safetensors_bytes("{}      ", 0)).tensors.empty());
  EXPECT_TRUE(parsed(safetensors_bytes("{ \"__metadata__\" : { } }\n", 0)).metadata.empty());
}

TEST(SafetensorsHeader, KeepsTheMetadata) {
  const auto read = parsed(safetensors_bytes(R"({"__metadata__":{"format":"pt","é\n":"\u00e9"}})", 0));
  EXPECT_EQ(read.metadata.size(), 2U);
  EXPECT_EQ(read.metadata.at("format"), "pt");
  EXPECT_EQ(read.metadata.at("é\n"), "é");
}

TEST(SafetensorsHeader, AllowsScalarsAndEmptyTensors) {
  const auto read =
      parsed(safetensors_bytes(padded(R"({"scalar":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                                      R"("none":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[4,4]},)"
                                      R"("first":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})"),
                               4));
  EXPECT_EQ(read.find("scalar")->shape.elements(), 1);
  EXPECT_EQ(read.find("none")->shape.elements(), 0);
}

TEST(SafetensorsHeader, ListsTypesWithWhichWeDoNotCompute) {
  std::string header = "{";
  size_t offset = 0;
  const auto add = [&](std::string_view dtype, size_t bytes_of_four) {
    header += fmt::format(R"({}"{}":{{"dtype":"{}","shape":[4],"data_offsets":[{},{}]}})", offset == 0 ? "" : ",",
                          dtype, dtype, offset, offset + bytes_of_four);
    offset += bytes_of_four;
  };
  for (const char* dtype : {"U64", "I64", "F64", "C64"}) add(dtype, 32);
  add("U32", 16);
  for (const char* dtype : {"U16", "I16"}) add(dtype, 8);
  for (const char* dtype : {"BOOL", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}) add(dtype, 4);
  for (const char* dtype : {"F6_E3M2", "F6_E2M3"}) add(dtype, 3);
  add("F4", 2);
  const auto read = parsed(safetensors_bytes(padded(header + "}"), offset));
  EXPECT_EQ(read.tensors.size(), 14U);
  for (const StoredTensor& tensor : read.tensors) {
    EXPECT_EQ(tensor.stored->name, tensor.name);
    EXPECT_FALSE(tensor.stored->dtype.has_value()) << tensor.name;
  }
}

TEST(SafetensorsHeader, TakesHundredsOfThousandsOfTensors) {
  constexpr int kTensors = 300'000;
  std::string header = "{";
  for (int i = 0; i < kTensors; ++i) {
    // Neither in the order of names nor, by the reversed offsets, of data.
    header += fmt::format(R"({}"layers.{}.weight":{{"dtype":"U8","shape":[1,1],"data_offsets":[{},{}]}})",
                          i == 0 ? "" : ",", i, kTensors - 1 - i, kTensors - i);
  }
  const std::string file = safetensors_bytes(header + "}", kTensors);
  const auto start = std::chrono::steady_clock::now();
  const auto read = parsed(file);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(read.tensors.size(), static_cast<size_t>(kTensors));
  EXPECT_EQ(read.find("layers.7.weight")->begin, static_cast<uint64_t>(kTensors - 8));
  EXPECT_LT(seconds.count(), 60) << "quadratic?";  // under a second is usual; a sanitizer on a busy machine is not
}

TEST(StoredDType, EveryDTypeOfOursIsStoredUnderItsName) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kF8_E4M3, DType::kF8_E5M2, DType::kI8,
                            DType::kI32, DType::kU8}) {
    const StoredDType& stored = stored_dtype_of(dtype);
    EXPECT_EQ(stored.name, name_of(dtype));
    EXPECT_EQ(static_cast<size_t>(stored.bits), 8 * size_of(dtype));
  }
  EXPECT_EQ(find_stored_dtype("F31"), nullptr);
}

}  // namespace
}  // namespace hermes::formats
