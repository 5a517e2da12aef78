#include "formats/imatrix_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <limits>

#include "base/file.h"
#include "base/temp_folder_for_test.h"
#include "formats/gguf_bytes_for_test.h"

namespace hermes::formats {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kGolden = HERMES_FORMATS_TESTDATA "/imatrix.gguf";
constexpr const char* kGoldenLegacy = HERMES_FORMATS_TESTDATA "/imatrix.dat";
constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

std::string bytes_of_file(const fs::path& path) { return read_text_file(path, 1 << 20).value(); }
std::string f32(float value) { return little_endian(std::bit_cast<uint32_t>(value)); }
std::string counted(std::string_view text) {
  return little_endian(static_cast<int32_t>(text.size())) + std::string(text);
}

// An entry of the legacy form.
std::string legacy_entry(std::string_view name, int32_t calls, std::initializer_list<float> values) {
  std::string out = counted(name) + little_endian(calls) + little_endian(static_cast<int32_t>(values.size()));
  for (const float value : values) out += f32(value);
  return out;
}

// The GGUF form with one entry "w" of three columns; what tests change.
struct Made {
  std::vector<std::string> entries{gguf_text("general.type", "imatrix"), gguf_texts("imatrix.datasets", {"a", "b"}),
                                   gguf_u32("imatrix.chunk_count", 7), gguf_u32("imatrix.chunk_size", 512)};
  std::vector<std::string> infos{gguf_info("w.in_sum2", {3}, 0, 0), gguf_info("w.counts", {1}, 0, 32)};
  std::vector<float> sums{1, 2, 6}, counts{4};

  std::string bytes() const {
    std::string out = GgufForTest{.entries = entries, .infos = infos}.bytes();
    for (const auto* values : {&sums, &counts}) {
      for (const float value : *values) out += f32(value);
      out.resize(round_up(out.size(), 32));
    }
    return out;
  }
};

class ImatrixFiles : public testing::Test {
 protected:
  std::string refusal(const std::string& bytes) {
    const auto read = read_imatrix(temp_.write("x.imatrix", bytes));
    if (read.ok()) return "";
    EXPECT_THAT(read.error().message(), HasSubstr("x.imatrix"));
    return read.error().message();
  }
  std::string refusal(const std::function<void(Made&)>& change) {
    Made made;
    change(made);
    return refusal(made.bytes());
  }
  std::string write_refusal(const Imatrix& imatrix, const char* name = "w.gguf") {
    const Status written = write_imatrix(temp_.path() / name, imatrix);
    EXPECT_FALSE(fs::exists(temp_.path() / name));
    return written.ok() ? "" : written.error().message();
  }
  TempFolder temp_;
};

// Both were written by llama.cpp's llama-imatrix in runs of the same text (tools/imatrix_make_goldens.py).
TEST_F(ImatrixFiles, AreReadInBothForms) {
  const auto imatrix = read_imatrix(kGolden), legacy = read_imatrix(kGoldenLegacy);
  ASSERT_TRUE(imatrix.ok()) << imatrix.error().message();
  ASSERT_TRUE(legacy.ok()) << legacy.error().message();
  EXPECT_THAT(imatrix->datasets, ElementsAre("text.txt"));
  EXPECT_THAT(legacy->datasets, ElementsAre("text.txt"));
  EXPECT_EQ(imatrix->chunk_size, 64);
  EXPECT_EQ(legacy->chunk_size, 0);
  EXPECT_EQ(imatrix->chunk_count, legacy->chunk_count);
  ASSERT_THAT(imatrix->entries, SizeIs(21));
  ASSERT_THAT(legacy->entries, SizeIs(21));
  EXPECT_EQ(imatrix->entries.front().name, "blk.0.attn_k.weight");
  EXPECT_EQ(imatrix->entries.back().name, "blk.2.ffn_up.weight");
  for (const ImatrixEntry& entry : imatrix->entries) {
    EXPECT_THAT(entry.sums, SizeIs(entry.name.find("ffn_down") == std::string::npos ? 48 : 88));
    EXPECT_EQ(entry.count, static_cast<float>(64 * imatrix->chunk_count));
    const ImatrixEntry* other = legacy->find(entry.name);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(other->count, static_cast<float>(imatrix->chunk_count));
    EXPECT_THAT(other->importance(), testing::Pointwise(testing::FloatEq(), entry.importance()));
  }
  EXPECT_EQ(imatrix->find("blk.0.attn_k"), nullptr);
  EXPECT_EQ(imatrix->find("zzz"), nullptr);
}

TEST_F(ImatrixFiles, AreWrittenAsLlamaCppWritesThem) {
  const Imatrix imatrix = read_imatrix(kGolden).value();
  ASSERT_TRUE(write_imatrix(temp_.path() / "a.gguf", imatrix).ok());
  EXPECT_TRUE(bytes_of_file(temp_.path() / "a.gguf") == bytes_of_file(kGolden));
  ASSERT_TRUE(write_imatrix(temp_.path() / "a.dat", imatrix).ok());
  EXPECT_TRUE(bytes_of_file(temp_.path() / "a.dat") == bytes_of_file(kGoldenLegacy));
  // And the legacy form again, from what it says itself.
  ASSERT_TRUE(write_imatrix(temp_.path() / "b.dat", read_imatrix(kGoldenLegacy).value()).ok());
  EXPECT_TRUE(bytes_of_file(temp_.path() / "b.dat") == bytes_of_file(kGoldenLegacy));
}

TEST_F(ImatrixFiles, ImportanceIsTheMeanOrNothing) {
  const ImatrixEntry seen{"w", {1, 2, 6}, 4}, unseen{"w", {0, 0}, 0};
  EXPECT_THAT(seen.importance(), ElementsAre(0.25F, 0.5F, 1.5F));
  EXPECT_THAT(unseen.importance(), IsEmpty());
}

TEST_F(ImatrixFiles, EntriesWithoutInputsGoIntoOneFormOnly) {
  const Imatrix imatrix{.entries = {{"a", {0, 0}, 0}, {"b", {3}, 2}}, .datasets = {"x", "y"}, .chunk_count = 1};
  ASSERT_TRUE(write_imatrix(temp_.path() / "a.gguf", imatrix).ok());
  const Imatrix back = read_imatrix(temp_.path() / "a.gguf").value();
  ASSERT_THAT(back.entries, SizeIs(2));
  EXPECT_EQ(back.entries[0].count, 0);
  EXPECT_THAT(back.datasets, ElementsAre("x", "y"));
  ASSERT_TRUE(write_imatrix(temp_.path() / "a.dat", imatrix).ok());
  const Imatrix legacy = read_imatrix(temp_.path() / "a.dat").value();
  ASSERT_THAT(legacy.entries, SizeIs(1));
  EXPECT_EQ(legacy.entries[0].name, "b");
  EXPECT_THAT(legacy.datasets, ElementsAre("y"));
  EXPECT_THAT(write_refusal({.entries = {{"a", {0}, 0}}}, "w.dat"), HasSubstr("no entry has seen an input"));
}

TEST_F(ImatrixFiles, TheLegacyFormMayEndEarly) {
  const std::string head = little_endian<int32_t>(1) + legacy_entry("w", 0, {1, 2});
  EXPECT_EQ(refusal(head), "");
  EXPECT_EQ(refusal(head + little_endian<int32_t>(5)), "");
  EXPECT_EQ(refusal(head + little_endian<int32_t>(5) + counted("d")), "");
  // No calls: values are means.
  EXPECT_THAT(read_imatrix(temp_.write("x", head))->entries[0].importance(), ElementsAre(1, 2));
}

TEST_F(ImatrixFiles, RefusesDamagedLegacyFiles) {
  const auto one = [](const std::string& entry) { return little_endian<int32_t>(1) + entry; };
  const std::string good = one(legacy_entry("w", 1, {1, 2}));
  EXPECT_THAT(refusal(""), HasSubstr("the number of entries: the file ends at byte 0"));
  EXPECT_THAT(refusal("some text that is no matrix at all"), HasSubstr("this is no importance matrix"));
  for (const int32_t n : {0, -1, 2, 1 << 30}) {
    EXPECT_THAT(refusal(little_endian(n) + good.substr(4)), HasSubstr(fmt::format("{} entries by its first bytes", n)));
  }
  for (const int32_t n : {-1, 0, 65, 1 << 30}) {
    EXPECT_THAT(refusal(one(little_endian(n) + std::string(100, 'w'))),
                HasSubstr(fmt::format("entry 0: a length of {} bytes, must be from 1 to 64; 100 follow (byte 4)", n)));
  }
  EXPECT_THAT(refusal(one(legacy_entry("w", -1, {1, 2}))), HasSubstr("entry 0 \"w\": -1 calls, must be 0 or more"));
  for (const int32_t n : {-1, 0, 4, 1 << 30}) {
    EXPECT_THAT(refusal(one(counted("w") + little_endian<int32_t>(1) + little_endian(n) + std::string(12, '\0'))),
                HasSubstr(fmt::format("entry 0 \"w\": {} values, but 12 bytes follow (byte 13)", n)));
  }
  for (const float value : {kNan, kInf, -1.0F}) {
    EXPECT_THAT(refusal(one(legacy_entry("w", 1, {1, value}))), HasSubstr("must be finite and not negative (byte 21)"));
  }
  EXPECT_THAT(refusal(little_endian<int32_t>(2) + legacy_entry("w", 1, {1}) + legacy_entry("w", 1, {1})),
              HasSubstr("entry \"w\" is there twice"));
  EXPECT_THAT(refusal(good + "ab"), HasSubstr("the number of chunks: the file ends at byte 27"));
  EXPECT_THAT(refusal(good + little_endian<int32_t>(-1)), HasSubstr("-1 chunks, must be 0 or more (byte 25)"));
  EXPECT_THAT(refusal(good + little_endian<int32_t>(1) + little_endian<int32_t>(9) + "abc"),
              HasSubstr("the dataset: a length of 9 bytes"));
  EXPECT_THAT(refusal(good + little_endian<int32_t>(1) + counted("abc") + "d"), HasSubstr("1 bytes behind its end"));
  // Wherever it is cut off before its end.
  for (size_t n = 0; n < good.size(); ++n) EXPECT_NE(refusal(good.substr(0, n)), "") << n;
}

TEST_F(ImatrixFiles, RefusesDamagedGgufFiles) {
  EXPECT_EQ(refusal([](Made&) {}), "");
  EXPECT_THAT(refusal([](Made& m) { m.entries[0] = gguf_text("general.type", "model"); }),
              HasSubstr("key \"general.type\" (byte 24) is \"model\", not \"imatrix\": this is no importance matrix"));
  EXPECT_THAT(refusal([](Made& m) { m.entries.clear(); }), HasSubstr("key \"general.type\" is missing, not"));
  EXPECT_THAT(refusal([](Made& m) {
                m.entries[2] = gguf_entry("imatrix.chunk_count", GgufValueType::kI32, little_endian<int32_t>(-7));
              }),
              HasSubstr("is -7, must be 0 or more"));
  EXPECT_THAT(refusal([](Made& m) { m.entries[1] = gguf_text("imatrix.datasets", "a"); }), HasSubstr("must be"));
  EXPECT_EQ(refusal([](Made& m) { m.entries.resize(1); }), "");  // only what it is must be said
  EXPECT_THAT(refusal([](Made& m) { m.infos.pop_back(); }),
              HasSubstr("entry \"w\" has the tensor \"w.in_sum2\" (byte "));
  EXPECT_THAT(refusal([](Made& m) { m.infos.erase(m.infos.begin()); }), HasSubstr("but not \".in_sum2\""));
  EXPECT_THAT(refusal([](Made& m) {
                m.infos = {gguf_info("w.a", {3}, 0, 0), gguf_info("w.b", {1}, 0, 32)};
              }),
              HasSubstr("no entries (tensors NAME.in_sum2)"));
  EXPECT_THAT(refusal([](Made& m) {
                m.infos = {gguf_info(".in_sum2", {3}, 0, 0), gguf_info(".counts", {1}, 0, 32)};
              }),
              HasSubstr("an entry without a name"));
  EXPECT_THAT(refusal([](Made& m) { m.infos[0] = gguf_info("w.in_sum2", {3}, 26, 0); }),
              HasSubstr("tensor \"w.in_sum2\" (byte 190): is of type I32, must be F32"));
  EXPECT_THAT(refusal([](Made& m) { m.infos[0] = gguf_info("w.in_sum2", {0}, 0, 0); }), HasSubstr("no elements"));
  EXPECT_THAT(refusal([](Made& m) { m.infos[0] = gguf_info("w.counts", {3}, 0, 0); }), HasSubstr("is there twice"));
  EXPECT_THAT(refusal([](Made& m) {
                m.infos[1] = gguf_info("w.counts", {1, 2}, 0, 32);
                m.counts = {4, 5};
              }),
              HasSubstr("has 2 matrices, one for each expert; one alone is supported"));
  for (const float value : {kNan, kInf, -kInf, -1.0F}) {
    EXPECT_THAT(refusal([&](Made& m) { m.sums[2] = value; }), HasSubstr("element 2 is "));
    EXPECT_THAT(refusal([&](Made& m) { m.counts[0] = value; }), HasSubstr("must be finite and not negative (byte "));
  }
  EXPECT_THAT(refusal([](Made& m) { m.counts[0] = 1e-30F; }),
              HasSubstr("counts 1e-30 inputs, must be 0, or 1 or more"));
  const std::string good = Made().bytes();
  for (size_t n = 0; n < good.size() - 28; ++n) ASSERT_NE(refusal(good.substr(0, n)), "") << n;
}

TEST_F(ImatrixFiles, WritesOnlyWhatCanBeRead) {
  for (const char* name : {"w.gguf", "w.dat"}) {
    EXPECT_THAT(write_refusal({}, name), HasSubstr("without entries"));
    EXPECT_THAT(write_refusal({.entries = {{"b", {1}, 1}, {"a", {1}, 1}}}, name), HasSubstr("ascending by name"));
    EXPECT_THAT(write_refusal({.entries = {{"a", {1}, 1}, {"a", {1}, 1}}}, name), HasSubstr("each name once"));
    EXPECT_THAT(write_refusal({.entries = {{"", {1}, 1}}}, name), HasSubstr("no name"));
    EXPECT_THAT(write_refusal({.entries = {{"a", {}, 1}}}, name),
                HasSubstr("entry \"a\" cannot be written: it has no"));
    for (const float value : {kNan, kInf, -1.0F}) {
      EXPECT_THAT(write_refusal({.entries = {{"a", {value}, 1}}}, name), HasSubstr("finite"));
      EXPECT_THAT(write_refusal({.entries = {{"a", {1}, value}}}, name), HasSubstr("finite"));
    }
    EXPECT_THAT(write_refusal({.entries = {{"a", {1}, 0.5F}}}, name), HasSubstr("a count 0, or 1 or more"));
    EXPECT_THAT(write_refusal({.entries = {{"a", {1}, 1}}, .chunk_count = -1}, name), HasSubstr("is -1, must be"));
    EXPECT_THAT(write_refusal({.entries = {{"a", {1}, 1}}, .datasets = {"\xff"}}, name), HasSubstr("not UTF-8"));
    EXPECT_NE(write_refusal({.entries = {{std::string(65, 'a'), {1}, 1}}}, name), "");
  }
}

}  // namespace
}  // namespace hermes::formats
