#include "base/compressed_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_folder_for_test.h"

namespace hermes {
namespace {

void write(const std::string& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

TEST(CompressedFile, ReadsPlainTextOneFrameAndSeveral) {
  const TempFolder folder;
  const std::string plain = (folder.path() / "a.txt").string(), packed = (folder.path() / "a.zst").string();
  const std::string a(300000, 'x'), b = "tail\n";
  write(plain, a + b);
  write(packed, compress_zst(a) + compress_zst(b));
  EXPECT_EQ(*read_text_or_zst(plain, 1 << 20), a + b);
  EXPECT_EQ(*read_text_or_zst(packed, 1 << 20), a + b);
}

TEST(CompressedFile, RefusesWhatIsTooLargeDamagedOrCutShort) {
  const TempFolder folder;
  const std::string path = (folder.path() / "a.zst").string();
  const std::string frame = compress_zst(std::string(300000, 'x') + "some text that does not repeat");
  write(path, frame);
  EXPECT_EQ(read_text_or_zst(path, 1000).error().code(), ErrorCode::kResourceExhausted);
  write(path, frame.substr(0, frame.size() - 1));
  EXPECT_EQ(read_text_or_zst(path, 1 << 20).error().code(), ErrorCode::kCorrupt);
  write(path, "no frame at all");
  EXPECT_EQ(read_text_or_zst(path, 1 << 20).error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace hermes
