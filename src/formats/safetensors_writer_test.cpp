#include "formats/safetensors_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/file.h"
#include "base/temp_folder_for_test.h"
#include "formats/safetensors_set.h"

namespace hermes::formats {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr size_t kMany = 1 << 20;

std::vector<std::string> file_names(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

template <class T, size_t N>
ConstTensorView view(const T (&values)[N], DType dtype, const Shape& shape) {
  return {values, dtype, shape};
}

// written.safetensors was made by the reference library from the same tensors; see
// tools/safetensors_make_goldens.py.
TEST(SafetensorsWriter, WritesWhatTheReferenceLibraryWrites) {
  const float b[] = {0, 1, 2, 3, 4, 5};
  const float a[] = {0, 1, 2, 3};
  const uint16_t c[] = {0x3F80, 0x3F00, 0x3E80};
  const uint16_t d[] = {0x3C00};
  const int8_t quoted[] = {7, 8, 9};
  const uint8_t e[] = {1, 2, 3};
  const uint8_t f[] = {0x38, 0xC0};
  const int32_t g[] = {-5};
  const std::vector<NamedTensor> tensors = {
      {"b.weight", view(b, DType::kF32, {2, 3})},
      {"a.weight", view(a, DType::kF32, {4})},
      {"c.scale", view(c, DType::kBF16, {3})},
      {"d.half", view(d, DType::kF16, {1})},
      {"name \"quoted\" \\ é\n", view(quoted, DType::kI8, {3})},
      {"e.bytes", view(e, DType::kU8, {3})},
      {"f.fp8", view(f, DType::kF8_E4M3, {2})},
      {"g.ids", view(g, DType::kI32, {1})},
      {"h.empty", {nullptr, DType::kF32, {0}}},
  };
  const TempFolder temp;
  ASSERT_TRUE(write_safetensors(temp.path() / "w", tensors, {{"format", "pt"}}).ok());
  EXPECT_EQ(*read_text_file(temp.path() / "w", kMany),
            *read_text_file(HERMES_FORMATS_TESTDATA "/written.safetensors", kMany));
}

TEST(SafetensorsWriter, NothingWrittenIsAFileToo) {
  const TempFolder temp;
  ASSERT_TRUE(write_safetensors(temp.path() / "w", {}).ok());
  const auto file = SafetensorsFile::open(temp.path() / "w");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_TRUE(file->names().empty());
  EXPECT_TRUE(file->header().metadata.empty());
}

TEST(SafetensorsWriter, RefusesNamesThatCouldNotBeReadBack) {
  const TempFolder temp;
  const float value[] = {1};
  const ConstTensorView one = view(value, DType::kF32, {1});
  const auto error_of = [&](std::vector<NamedTensor> tensors) {
    const Status status = write_safetensors(temp.path() / "w", tensors);
    return status.ok() ? std::string() : status.error().message();
  };
  EXPECT_THAT(error_of({{"a", one}, {"b", one}, {"a", one}}), HasSubstr("two tensors are named \"a\""));
  EXPECT_THAT(error_of({{"__metadata__", one}}), HasSubstr("\"__metadata__\" cannot be the name"));
  EXPECT_THAT(error_of({{"\xFF", one}}), HasSubstr("\"\\xff\" cannot be the name"));
  EXPECT_TRUE(file_names(temp.path()).empty());
}

TEST(SafetensorsWriter, AnOldFileStaysUntilTheNewOneIsWhole) {
  const TempFolder temp;
  const fs::path path = temp.write("w", "old");
  EXPECT_FALSE(write_safetensors(path, std::vector<NamedTensor>{{"\xFF", {nullptr, DType::kF32, {0}}}}).ok());
  EXPECT_EQ(*read_text_file(path, kMany), "old");
  ASSERT_TRUE(write_safetensors(path, {}).ok());
  EXPECT_THAT(file_names(temp.path()), ElementsAre("w"));
}

class ShardedWriter : public testing::Test {
 protected:
  // Four tensors of 16 bytes and one of 64, in an order that is not that of the names.
  std::vector<NamedTensor> tensors() const {
    return {{"d", of(4, 0)}, {"a", of(4, 4)}, {"big", of(16, 0)}, {"c", of(4, 8)}, {"b", of(4, 12)}};
  }
  ConstTensorView of(int64_t n, size_t from) const { return {values_.data() + from, DType::kF32, {n}}; }

  const std::vector<float> values_ = [] {
    std::vector<float> v;
    for (int i = 0; i < 16; ++i) v.push_back(static_cast<float>(i));
    return v;
  }();
  TempFolder temp_;
};

TEST_F(ShardedWriter, FillsShardsInTheOrderGiven) {
  const fs::path folder = temp_.path() / "made" / "here";
  ASSERT_TRUE(write_sharded(folder, tensors(), {{"format", "pt"}}, 40).ok());
  EXPECT_THAT(file_names(folder),
              UnorderedElementsAre("model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                                   "model-00003-of-00003.safetensors", "model.safetensors.index.json"));
  EXPECT_EQ(*read_text_file(folder / "model.safetensors.index.json", kMany), R"({
  "metadata": {
    "total_size": 128
  },
  "weight_map": {
    "a": "model-00001-of-00003.safetensors",
    "b": "model-00003-of-00003.safetensors",
    "big": "model-00002-of-00003.safetensors",
    "c": "model-00003-of-00003.safetensors",
    "d": "model-00001-of-00003.safetensors"
  }
}
)");
  const auto set = SafetensorsSet::open(folder);
  ASSERT_TRUE(set.ok()) << set.error().message();
  for (const NamedTensor& entry : tensors()) {
    const auto read = set->tensor(entry.name);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->shape, entry.tensor.shape);
    EXPECT_EQ(std::memcmp(read->data, entry.tensor.data, read->bytes()), 0);
  }
  for (const SafetensorsFile& file : set->files()) EXPECT_EQ(file.header().metadata.at("format"), "pt");
}

TEST_F(ShardedWriter, OneShardAndNoTensorsHaveAnIndexToo) {
  ASSERT_TRUE(write_sharded(temp_.path() / "one", tensors(), {}, ~uint64_t{0}).ok());
  EXPECT_EQ(SafetensorsSet::open(temp_.path() / "one")->files().size(), 1U);
  ASSERT_TRUE(write_sharded(temp_.path() / "none", {}, {}, 1).ok());
  EXPECT_TRUE(SafetensorsSet::open(temp_.path() / "none")->names().empty());
}

TEST_F(ShardedWriter, ATensorAboveTheLimitHasAShardOfItsOwn) {
  ASSERT_TRUE(write_sharded(temp_.path() / "m", tensors(), {}, 1).ok());
  EXPECT_EQ(SafetensorsSet::open(temp_.path() / "m")->files().size(), 5U);
}

TEST_F(ShardedWriter, DoesNotMixWithAModelThatIsThere) {
  ASSERT_TRUE(write_sharded(temp_.path(), tensors(), {}, 40).ok());
  const Status again = write_sharded(temp_.path(), tensors(), {}, 1000);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(again.error().message(), HasSubstr("model.safetensors.index.json: there is a model already"));
  EXPECT_EQ(file_names(temp_.path()).size(), 4U);
}

TEST_F(ShardedWriter, LeavesNothingOnFailure) {
  // The second of three shards cannot appear: a folder has its name.
  fs::create_directories(temp_.path() / "model-00002-of-00003.safetensors" / "in the way");
  const Status status = write_sharded(temp_.path(), tensors(), {}, 40);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(file_names(temp_.path()), ElementsAre("model-00002-of-00003.safetensors"));
  EXPECT_FALSE(
      write_sharded(temp_.path() / "m", std::vector<NamedTensor>{{"\xFF", {nullptr, DType::kF32, {0}}}}, {}, 40).ok());
}

}  // namespace
}  // namespace hermes::formats
