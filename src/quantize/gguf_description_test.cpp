#include "quantize/gguf_description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/temp_folder_for_test.h"
#include "formats/gguf_file.h"
#include "quantize/quantize.h"

namespace hermes::quantize {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path kGolden = fs::path(HERMES_SOURCE_DIR) / "tests/golden";

class Converted : public testing::TestWithParam<std::pair<const char*, const char*>> {};

// The same models, made from the same weights by the format's own package (tools/gguf_make_goldens.py).
TEST_P(Converted, HasTheBytesOfTheGoldenFile) {
  const auto [folder, type] = GetParam();
  const bool has_vocabulary = fs::exists(kGolden / "models" / folder / "tokenizer.json");
  const TempFolder temp;
  const fs::path out = temp.path() / "out.gguf";
  const auto files = model_files::ModelFiles::open(kGolden / "models" / folder);
  ASSERT_TRUE(files.ok()) << files.error().message();
  ThreadPool pool(2);
  QuantizeOptions options;
  options.mix = *find_type_mix(type);
  const auto report = quantize(**files, out, options, pool);
  ASSERT_TRUE(report.ok()) << report.error().message();
  const auto golden = formats::GgufFile::open(kGolden / "gguf" / (std::string(folder) + ".gguf"));
  const auto ours = formats::GgufFile::open(out);
  ASSERT_TRUE(golden.ok() && ours.ok());
  for (const formats::GgufTensor& expected : golden->header().tensors) {
    const formats::GgufTensor* made = ours->header().find(expected.name);
    ASSERT_NE(made, nullptr) << expected.name;
    EXPECT_EQ(made->shape, expected.shape) << expected.name;
    EXPECT_EQ(made->type->name, expected.type->name) << expected.name;
    const auto a = ours->bytes_of(*made), b = golden->bytes_of(expected);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << expected.name;
  }
  EXPECT_EQ(ours->header().tensors.size(), golden->header().tensors.size());
  for (const formats::GgufEntry& expected : golden->metadata().entries()) {
    if (expected.key.starts_with("general.")) continue;
    if (expected.key.starts_with("tokenizer.") && !has_vocabulary) continue;
    const formats::GgufEntry* made = ours->metadata().find(expected.key);
    ASSERT_NE(made, nullptr) << expected.key;
    EXPECT_EQ(describe(made->value), describe(expected.value)) << expected.key;
  }
}
INSTANTIATE_TEST_SUITE_P(GgufDescription, Converted,
                         testing::Values(std::pair("llama-f32", "F32"), std::pair("llama-bf16", "BF16"),
                                         std::pair("qwen3-f32", "F32"), std::pair("qwen3-bf16", "BF16"),
                                         std::pair("seed-oss-f32", "F32"), std::pair("seed-oss-bf16", "BF16")));

TEST(GgufDescription, RowsGoToTheirPairs) {
  const SourceTensor turned{"blk.0.attn_q.weight", {}, 8};
  const std::vector<int64_t> expected = {0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(turned.source_row(static_cast<int64_t>(i)), expected[i]);
  const SourceTensor straight{"blk.0.attn_v.weight", {}, 0};
  EXPECT_EQ(straight.source_row(5), 5);
}

}  // namespace
}  // namespace hermes::quantize
