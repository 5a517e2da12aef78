#include "formats/gguf_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/temp_folder_for_test.h"
#include "formats/gguf_bytes_for_test.h"

namespace hermes::formats {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// One part: what it says of the set, and one tensor of four bytes each of `names`.
std::string part(uint16_t number, uint16_t count, int32_t n_tensors, std::vector<std::string> names,
                 std::vector<std::string> more = {}) {
  GgufForTest made;
  made.entries = {gguf_entry("split.no", GgufValueType::kU16, little_endian(number)),
                  gguf_entry("split.count", GgufValueType::kU16, little_endian(count)),
                  gguf_entry("split.tensors.count", GgufValueType::kI32, little_endian(n_tensors))};
  made.entries.insert(made.entries.end(), more.begin(), more.end());
  for (size_t i = 0; i < names.size(); ++i) made.infos.push_back(gguf_info(names[i], {4}, 24, 32 * i));
  made.data_bytes = 32 * names.size();
  return made.bytes();
}

class GgufSets : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& bytes) { return temp_.write(name, bytes); }
  // Two parts with one tensor each.
  void write_pair() {
    write("m-00001-of-00002.gguf", part(0, 2, 2, {"a"}, {gguf_text("general.name", "m")}));
    write("m-00002-of-00002.gguf", part(1, 2, 2, {"b"}));
  }
  std::string refusal(const std::string& name = "m-00001-of-00002.gguf") {
    const auto set = GgufSet::open(temp_.path() / name);
    return set.ok() ? "" : set.error().message();
  }
  TempFolder temp_;
};

TEST_F(GgufSets, AreReadFromWhateverPartIsNamed) {
  // Written by the gguf package.
  for (const char* number : {"1", "2", "3"}) {
    const auto path = fmt::format(HERMES_FORMATS_TESTDATA "/split-0000{}-of-00003.gguf", number);
    const auto set = GgufSet::open(path);
    ASSERT_TRUE(set.ok()) << set.error().message();
    EXPECT_EQ(set->files().size(), 3U);
    EXPECT_THAT(set->names(), ElementsAre("tensor.0", "tensor.1", "tensor.2", "tensor.3", "tensor.4"));
    EXPECT_EQ(set->metadata().string("value.string").value(), "in the first part");
    for (int i = 0; i < 5; ++i) {
      const auto view = set->tensor(fmt::format("tensor.{}", i)).value();
      EXPECT_EQ(view.shape, (Shape{2, 8}));
      EXPECT_EQ(view.f32()[15], static_cast<float>(i));
    }
    EXPECT_THAT(set->file_of("tensor.4"), HasSubstr("split-00003-of-00003.gguf"));
    EXPECT_THAT(set->file_of("none"), HasSubstr("split-00001-of-00003.gguf"));
    EXPECT_EQ(set->tensor("none").error().code(), ErrorCode::kNotFound);
  }
}

TEST_F(GgufSets, AFileAloneIsASet) {
  write("alone.gguf", GgufForTest{.infos = {gguf_info("a", {4}, 24, 0)}, .data_bytes = 4}.bytes());
  EXPECT_EQ(refusal("alone.gguf"), "");
  // A set of one says so, and its name may be any.
  write("one.gguf", part(0, 1, 1, {"a"}));
  EXPECT_EQ(refusal("one.gguf"), "");
}

TEST_F(GgufSets, OpenOnlyIfTheyAgreeEntirely) {
  write_pair();
  ASSERT_EQ(refusal(), "");
  const std::string first = "m-00001-of-00002.gguf", second = "m-00002-of-00002.gguf";

  write(second, part(0, 2, 2, {"b"}));
  EXPECT_THAT(refusal(), HasSubstr(second + ": part 1 of 2 by its metadata, expected part 2 of 2"));
  write(second, part(1, 3, 2, {"b"}));
  EXPECT_THAT(refusal(), HasSubstr("part 2 of 3 by its metadata, expected part 2 of 2"));
  write(second, part(1, 2, 3, {"b"}));
  EXPECT_THAT(refusal(), HasSubstr("key \"split.tensors.count\" (byte 71) is 3, but 2 in "));
  write(second, part(1, 2, 2, {"b", "c"}));
  EXPECT_THAT(refusal(), HasSubstr("key \"split.tensors.count\" (byte 71) is 2, but the 2 parts hold 3 tensors"));
  write(second, part(1, 2, 2, {"a"}));
  EXPECT_THAT(refusal(), HasSubstr("tensor \"a\" is in two parts"));
  write(second, part(1, 2, 2, {"b"}, {gguf_text("general.name", "another")}));
  EXPECT_THAT(refusal(), HasSubstr("key \"general.name\" (byte 106) is \"another\", but \"m\" in "));
  write(second, part(1, 2, 2, {"b"}, {gguf_text("general.author", "x")}));
  EXPECT_THAT(refusal(), HasSubstr("key \"general.author\" (byte 106) is \"x\", but absent in "));
  write(second, part(1, 2, 2, {"b"}, {gguf_text("general.name", "m"), gguf_u32("general.alignment", 32)}));
  EXPECT_EQ(refusal(), "");  // what is repeated, and an alignment of its own, is no contradiction
  write(second, "GGUF");
  EXPECT_THAT(refusal(), HasSubstr(second + ": 4 bytes, too short for GGUF"));
  fs::remove(temp_.path() / second);
  EXPECT_THAT(refusal(), HasSubstr("m-00001-of-00002.gguf: part 2 of 2 is missing: no file "));
  EXPECT_EQ(GgufSet::open(temp_.path() / first).error().code(), ErrorCode::kNotFound);
}

TEST_F(GgufSets, NeedNumbersThatMakeSense) {
  write("x.gguf", part(0, 2, 1, {"a"}));
  EXPECT_THAT(refusal("x.gguf"), HasSubstr("part 1 of 2 by its metadata, but its name does not end in "
                                           "\"-00001-of-00002.gguf\""));
  write("-00001-of-00002.gguf", part(0, 2, 1, {"a"}));
  EXPECT_THAT(refusal("-00001-of-00002.gguf"), HasSubstr("its name does not end in"));
  write("m-00001-of-00002.gguf", part(2, 2, 1, {"a"}));
  EXPECT_THAT(refusal(), HasSubstr("key \"split.no\" (byte 24) is 2, must be from 0 to 1"));
  GgufForTest made;
  made.entries = {gguf_u32("split.count", 70000)};
  write("m-00001-of-00002.gguf", made.bytes());
  EXPECT_THAT(refusal(), HasSubstr("is 70000, must be at most 65535"));
  made.entries = {gguf_u32("split.count", 2)};
  write("m-00001-of-00002.gguf", made.bytes());
  EXPECT_THAT(refusal(), HasSubstr("key \"split.no\" is missing"));
  made.entries = {gguf_u32("split.count", 2), gguf_u32("split.no", 0)};
  write("m-00001-of-00002.gguf", made.bytes());
  EXPECT_THAT(refusal(), HasSubstr("key \"split.tensors.count\" is missing"));
  made.entries = {gguf_text("split.count", "2")};
  write("m-00001-of-00002.gguf", made.bytes());
  EXPECT_THAT(refusal(), HasSubstr("is a string, must be an integer"));
}

TEST_F(GgufSets, AFolderHasOneModelOrNone) {
  EXPECT_EQ(find_gguf(temp_.path()).error().code(), ErrorCode::kNotFound);
  write_pair();
  write("notes.txt", "");
  EXPECT_EQ(find_gguf(temp_.path()).value().filename(), "m-00001-of-00002.gguf");
  write("n.gguf", "");
  EXPECT_THAT(find_gguf(temp_.path()).error().message(), HasSubstr("2 models in *.gguf files; name one of them"));
  EXPECT_EQ(find_gguf(temp_.path() / "none").error().code(), ErrorCode::kIo);
}

}  // namespace
}  // namespace hermes::formats
