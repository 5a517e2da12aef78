#include "base/embedded_files.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace hermes {
namespace {

class EmbeddedFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    set_embedded_files(
        {{"embedded:m/config.json", std::as_bytes(std::span<const char>(kText))}, {"embedded:m/empty", {}}});
  }
  void TearDown() override { set_embedded_files({}); }
  static constexpr char kText[] = {'a', 'b', 'c'};
};

TEST_F(EmbeddedFilesTest, AreReadLikeFiles) {
  const std::filesystem::path folder = "embedded:m";
  EXPECT_EQ(*read_text_file(folder / "config.json", 10), "abc");
  EXPECT_EQ(read_text_file(folder / "config.json", 2).error().code(), ErrorCode::kResourceExhausted);
  const auto mapped = MappedFile::open(folder / "config.json");
  ASSERT_TRUE(mapped.ok());
  EXPECT_EQ((*mapped)->bytes().size(), 3U);
  EXPECT_EQ((*mapped)->bytes().data(), std::as_bytes(std::span<const char>(kText)).data());  // in place
  EXPECT_TRUE((*MappedFile::open(folder / "empty"))->bytes().empty());
}

TEST_F(EmbeddedFilesTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(read_text_file("embedded:m/other", 10).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(MappedFile::open("embedded:other/config.json").error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(file_exists("embedded:m/config.json"));
  EXPECT_FALSE(file_exists("embedded:m"));
  EXPECT_TRUE(folder_exists("embedded:m"));
  EXPECT_FALSE(folder_exists("embedded:m/config.json"));
  EXPECT_FALSE(folder_exists("embedded:"));
  EXPECT_FALSE(is_embedded("models/embedded:m"));
}

}  // namespace
}  // namespace hermes
