#include "formats/gguf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/temp_folder_for_test.h"
#include "formats/gguf_bytes_for_test.h"
#include "formats/gguf_file.h"

namespace hermes::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Everything of `file` again, in its order, the data in pieces of `piece` bytes.
Status write_again(const GgufFile& file, const std::filesystem::path& path, size_t piece) {
  GgufFields fields;
  for (const GgufEntry& entry : file.metadata().entries()) fields.set(entry.key, entry.value);
  std::vector<GgufTensorPlan> plans;
  for (const GgufTensor& tensor : file.header().tensors) {
    plans.push_back({std::string(tensor.name), tensor.type, tensor.shape});
  }
  HERMES_ASSIGN(GgufWriter writer, GgufWriter::create(path, fields, plans));
  for (const GgufTensor& tensor : file.header().tensors) {
    std::span<const std::byte> rest = file.bytes_of(tensor);
    while (!rest.empty()) {
      const size_t n = std::min(piece, rest.size());
      HERMES_TRY(writer.append(rest.first(n)));
      rest = rest.subspan(n);
    }
  }
  return writer.commit();
}

TEST(GgufWriter, GivesBackThePublicWritersFilesToTheByte) {
  const TempFolder temp;
  for (const char* name : {"golden.gguf", "split-00001-of-00003.gguf", "split-00003-of-00003.gguf"}) {
    const std::string original = std::string(HERMES_FORMATS_TESTDATA) + "/" + name;
    const std::string expected = *read_text_file(original, 1 << 20);
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{1} << 20}) {
      const auto copy = temp.path() / "copy.gguf";
      const Status written = write_again(GgufFile::open(original).value(), copy, piece);
      ASSERT_TRUE(written.ok()) << written.error().message();
      EXPECT_EQ(*read_text_file(copy, 1 << 20), expected) << name << " in pieces of " << piece;
    }
  }
}

TEST(GgufWriter, WritesEveryTypeItHasASetterFor) {
  const TempFolder temp;
  const auto path = temp.path() / "w.gguf";
  GgufFields fields;
  fields.set_u16("u16", 65535);
  fields.set_u32("u32", 4294967295U);
  fields.set_i32("i32", -7);
  fields.set_u64("u64", uint64_t{1} << 40);
  fields.set_f32("f32", -0.5F);
  fields.set_bool("bool", true);
  fields.set_string("string", "日本");
  const std::string_view texts[] = {"a", "", "c"};
  fields.set_strings("strings", texts);
  const int32_t numbers[] = {1, -1};
  fields.set_i32s("i32s", numbers);
  fields.set_u32("u32", 5);  // again: in the old place
  GgufWriter writer = GgufWriter::create(path, fields, {}).value();
  EXPECT_EQ(writer.bytes_left(), 0U);
  ASSERT_TRUE(writer.commit().ok());

  const GgufFile file = GgufFile::open(path).value();
  const GgufMetadata& read = file.metadata();
  std::vector<std::string_view> keys;
  for (const GgufEntry& entry : read.entries()) keys.push_back(entry.key);
  EXPECT_THAT(keys, ElementsAre("u16", "u32", "i32", "u64", "f32", "bool", "string", "strings", "i32s"));
  EXPECT_EQ(read.integer("u16").value(), 65535);
  EXPECT_EQ(read.integer("u32").value(), 5);
  EXPECT_EQ(read.integer("i32").value(), -7);
  EXPECT_EQ(read.integer("u64").value(), int64_t{1} << 40);
  EXPECT_EQ(read.number("f32").value(), -0.5);
  EXPECT_EQ(read.optional_boolean("bool").value(), true);
  EXPECT_EQ(read.string("string").value(), "日本");
  const GgufStrings strings = read.strings("strings").value();
  EXPECT_THAT(std::vector<std::string_view>(strings.begin(), strings.end()), ElementsAre("a", "", "c"));
  EXPECT_EQ(read.optional_integers("i32s").value().value()[1], -1);
}

TEST(GgufWriter, AlignsAsItIsTold) {
  const TempFolder temp;
  const auto path = temp.path() / "w.gguf";
  for (const uint32_t alignment : {8U, 32U, 4096U}) {
    GgufFields fields;
    fields.set_u32(kGgufAlignmentKey, alignment);
    const std::vector<GgufTensorPlan> plans = {{"empty", find_gguf_type(DType::kF32), Shape{0, 5}},
                                               {"a", find_gguf_type(DType::kI8), Shape{3}},
                                               {"b", find_gguf_type(DType::kF32), Shape{2}}};
    GgufWriter writer = GgufWriter::create(path, fields, plans).value();
    EXPECT_EQ(writer.bytes_left(), 3U);
    ASSERT_TRUE(writer.append(bytes_of_text("xyz")).ok());
    EXPECT_EQ(writer.bytes_left(), 8U);
    ASSERT_TRUE(writer.append(bytes_of_text("12345678")).ok());
    ASSERT_TRUE(writer.commit().ok());
    const GgufFile file = GgufFile::open(path).value();
    EXPECT_EQ(file.header().data_begin % alignment, 0U);
    EXPECT_EQ(file.header().find("b")->begin, alignment);
    EXPECT_EQ(std::filesystem::file_size(path), file.header().data_begin + 2 * alignment);
    EXPECT_EQ(file.tensor("b").value().shape, Shape{2});
  }
}

TEST(GgufWriter, IsCompleteOrAbsent) {
  const TempFolder temp;
  const auto path = temp.path() / "w.gguf";
  const std::vector<GgufTensorPlan> plans = {{"a", find_gguf_type(DType::kI8), Shape{3}}};
  {
    GgufWriter writer = GgufWriter::create(path, {}, plans).value();
    ASSERT_TRUE(writer.append(bytes_of_text("xy")).ok());
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_TRUE(std::filesystem::is_empty(temp.path()));  // not even a part under another name
}

TEST(GgufWriter, RefusesWhatNoReaderWouldTake) {
  const TempFolder temp;
  const auto path = temp.path() / "w.gguf";
  const GgufTensorType* f32 = find_gguf_type(DType::kF32);
  const auto refusal = [&](std::vector<GgufTensorPlan> plans) {
    const auto writer = GgufWriter::create(path, {}, plans);
    return writer.ok() ? std::string() : writer.error().message();
  };
  EXPECT_THAT(refusal({{"", f32, Shape{1}}}), HasSubstr("\"\" cannot be the name of a tensor"));
  EXPECT_THAT(refusal({{std::string(65, 'n'), f32, Shape{1}}}), HasSubstr("cannot be the name of a tensor"));
  EXPECT_THAT(refusal({{"\xff", f32, Shape{1}}}), HasSubstr("\"\\xff\" cannot be the name"));
  EXPECT_THAT(refusal({{"a", f32, Shape{1}}, {"a", f32, Shape{1}}}), HasSubstr("two tensors are named \"a\""));
  EXPECT_THAT(refusal({{"a", find_gguf_type(DType::kQ4_K), Shape{2, 128}}}),
              HasSubstr("rows of 128 elements are not whole blocks of the 256 that Q4_K has"));
  EXPECT_TRUE(std::filesystem::is_empty(temp.path()));
  EXPECT_THAT(GgufWriter::create(temp.path() / "no/w.gguf", {}, {}).error().message(), HasSubstr("no folder"));
}

TEST(GgufWriterDeath, OurOwnMistakesEndTheProgram) {
  const TempFolder temp;
  const auto path = temp.path() / "w.gguf";
  const std::vector<GgufTensorPlan> plans = {{"a", find_gguf_type(DType::kI8), Shape{3}}};
  EXPECT_DEATH((void)GgufWriter::create(path, {}, plans).value().commit(), "0 of 1 tensors were written");
  EXPECT_DEATH((void)GgufWriter::create(path, {}, plans).value().append(bytes_of_text("1234")), "lacks 3");
  EXPECT_DEATH(GgufFields().set_u32("a key", 1), "a key");
  EXPECT_DEATH(GgufFields().set_u32(kGgufAlignmentKey, 24), "general.alignment 24");
}

}  // namespace
}  // namespace hermes::formats
