#include "formats/gguf_set_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/temp_folder_for_test.h"
#include "formats/gguf_set.h"

namespace hermes::formats {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

GgufTensorPlan plan(const std::string& name, int64_t n) { return {name, find_gguf_type(DType::kF32), Shape{n}}; }
// Of 64, 8, 200, no, 64 and no elements.
std::vector<GgufTensorPlan> six_tensors() {
  return {plan("a", 64), plan("b", 8), plan("c", 200), plan("d", 0), plan("e", 64), plan("f", 0)};
}
GgufFields fields() {
  GgufFields made;
  made.set_string("general.name", "m");
  return made;
}
std::vector<float> values_of(const GgufTensorPlan& plan) {
  std::vector<float> values(static_cast<size_t>(plan.shape.elements()));
  std::iota(values.begin(), values.end(), static_cast<float>(plan.name.front()));
  return values;
}
std::vector<std::string> names_of(const std::vector<GgufPart>& parts) {
  std::vector<std::string> names;
  for (const GgufPart& part : parts) names.push_back(part.path.filename().string());
  return names;
}

class GgufSetWriters : public testing::Test {
 protected:
  std::vector<GgufPart> parts(uint64_t max_bytes) {
    return plan_gguf_parts(temp_.path() / "m.gguf", fields(), six_tensors(), max_bytes).value();
  }
  // Tensors [from, to).
  static void write(GgufSetWriter& writer, size_t from, size_t to) {
    const auto tensors = six_tensors();
    for (size_t i = from; i < to; ++i) {
      const std::vector<float> values = values_of(tensors[i]);
      if (values.empty()) continue;
      ASSERT_TRUE(writer.append(std::as_bytes(std::span(values))).ok());
    }
  }
  void expect_all(const fs::path& path) {
    const auto set = GgufSet::open(path);
    ASSERT_TRUE(set.ok()) << set.error().message();
    EXPECT_EQ(set->metadata().string("general.name").value(), "m");
    EXPECT_EQ(set->names().size(), 6U);
    for (const GgufTensorPlan& one : six_tensors()) {
      const auto view = set->tensor(one.name).value();
      const std::vector<float> expected = values_of(one);
      ASSERT_EQ(view.shape, one.shape);
      EXPECT_EQ(std::vector<float>(view.f32(), view.f32() + expected.size()), expected);
    }
  }
  TempFolder temp_;
};

TEST_F(GgufSetWriters, PartsHoldWhatFits) {
  EXPECT_THAT(names_of(parts(0)), ElementsAre("m.gguf"));
  EXPECT_THAT(names_of(parts(1 << 20)), ElementsAre("m.gguf"));
  // a (256 bytes, and the metadata) with b; c, which alone is too large, with d, which is empty; then e and f.
  const auto three = parts(400);
  EXPECT_THAT(names_of(three), ElementsAre("m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf"));
  EXPECT_EQ(three[0].end, 2U);
  EXPECT_EQ(three[1].end, 4U);
  EXPECT_EQ(three[2].end, 6U);
  EXPECT_EQ(parts(1).size(), 4U);
}

TEST_F(GgufSetWriters, AreReadAsOneModel) {
  for (const uint64_t max : {uint64_t{0}, uint64_t{400}, uint64_t{1}}) {
    const auto planned = parts(max);
    GgufSetWriter writer = GgufSetWriter::resume(planned, six_tensors(), 0).value();
    write(writer, 0, 6);
    EXPECT_FALSE(fs::exists(planned.back().path));
    ASSERT_TRUE(writer.commit().ok());
    expect_all(planned.back().path);
  }
}

// Wherever the work was stopped the files are the same in the end.
TEST_F(GgufSetWriters, GoOnWhereTheyWereStopped) {
  const auto planned = parts(400);
  for (size_t stop = 0; stop <= 6; ++stop) {
    {
      GgufSetWriter writer = GgufSetWriter::resume(planned, six_tensors(), 0).value();
      write(writer, 0, stop);
    }
    auto writer = GgufSetWriter::resume(planned, six_tensors(), stop);
    ASSERT_TRUE(writer.ok()) << stop << ": " << writer.error().message();
    write(*writer, stop, 6);
    ASSERT_TRUE(writer->commit().ok());
    expect_all(planned.front().path);
    for (const GgufPart& part : planned) fs::remove(part.path);
  }
}

TEST_F(GgufSetWriters, ACommitThatWasCutOffGoesOn) {
  const auto planned = parts(400);
  {
    GgufSetWriter writer = GgufSetWriter::resume(planned, six_tensors(), 0).value();
    write(writer, 0, 6);
  }
  fs::rename(AtomicFile::part_path(planned[2].path), planned[2].path);
  ASSERT_TRUE(GgufSetWriter::resume(planned, six_tensors(), 6).value().commit().ok());
  expect_all(planned.front().path);
}

TEST_F(GgufSetWriters, APartThatIsGoneIsNamed) {
  const auto planned = parts(400);
  {
    GgufSetWriter writer = GgufSetWriter::resume(planned, six_tensors(), 0).value();
    write(writer, 0, 4);
  }
  fs::remove(AtomicFile::part_path(planned[0].path));
  const auto writer = GgufSetWriter::resume(planned, six_tensors(), 4);
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.error().message(), HasSubstr("m-00001-of-00003.gguf.part: gone"));
}

}  // namespace
}  // namespace hermes::formats
