#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/temp_folder_for_test.h"

namespace hermes {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FileTest : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& content) const { return temp_.write(name, content); }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  TempFolder temp_;
  const fs::path& folder_ = temp_.path();
};

TEST_F(FileTest, ReadsTheWholeFile) {
  const std::string content("a\0b\nc", 5);
  EXPECT_EQ(*read_text_file(write("a", content), 5), content);
  EXPECT_EQ(*read_text_file(write("empty", ""), 0), "");
}

TEST_F(FileTest, RefusesAFileAboveTheLimit) {
  const auto result = read_text_file(write("big", "123456"), 5);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_THAT(result.error().message(), HasSubstr("big: 6 bytes, more than the 5"));
}

TEST_F(FileTest, NamesAMissingFile) {
  const auto result = read_text_file(folder_ / "none", 10);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message(), HasSubstr("none: no such file"));
  EXPECT_EQ(MappedFile::open(folder_ / "none").error().code(), ErrorCode::kNotFound);
}

TEST_F(FileTest, RefusesFoldersAndPipes) {
  EXPECT_EQ(read_text_file(folder_, 10).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(MappedFile::open(folder_).error().code(), ErrorCode::kInvalidArgument);
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(read_text_file(pipe, 10).error().code(),
            ErrorCode::kInvalidArgument);  // and does not wait for a writer
  EXPECT_EQ(MappedFile::open(pipe).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(FileTest, MapsAFile) {
  const fs::path path = write("a", "mapped");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  const auto bytes = (*file)->bytes();
  ASSERT_EQ(bytes.size(), 6U);
  EXPECT_EQ(std::memcmp(bytes.data(), "mapped", 6), 0);
  EXPECT_EQ((*file)->path(), path);
}

TEST_F(FileTest, MappedPagesThatWereLetGoComeBack) {
  const std::string text(20000, 'x');
  const auto file = MappedFile::open(write("large", text)).value();
  for (const auto& [at, length] : {std::pair<size_t, size_t>{0, 20000}, {1, 9000}, {19999, 1}, {20000, 0}}) {
    file->let_go(file->bytes().subspan(at, length));
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()), text);
  }
}

TEST_F(FileTest, MapsAnEmptyFileToNothing) {
  const auto file = MappedFile::open(write("empty", ""));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE((*file)->bytes().empty());
}

TEST_F(FileTest, AMappingOutlivesTheName) {
  const fs::path path = write("a", "still here");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  fs::remove(path);
  EXPECT_EQ(std::memcmp((*file)->bytes().data(), "still here", 10), 0);
}

TEST_F(FileTest, AtomicFileIsAbsentBeforeCommitAndWholeAfter) {
  const fs::path path = folder_ / "out";
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->write("one ").ok());
  const std::array<std::byte, 3> bytes{std::byte{'t'}, std::byte{'w'}, std::byte{'o'}};
  ASSERT_TRUE(file->write(bytes).ok());
  EXPECT_FALSE(fs::exists(path));
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(*read_text_file(path, 100), "one two");
  EXPECT_EQ(files(), 1U);
}

TEST_F(FileTest, AtomicFileReplacesTheOldContentOnlyOnCommit) {
  const fs::path path = write("out", "old");
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("never").ok());
  }
  EXPECT_EQ(*read_text_file(path, 100), "old");
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file->write("new").ok());
  EXPECT_EQ(*read_text_file(path, 100), "old");
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(*read_text_file(path, 100), "new");
}

TEST_F(FileTest, AtomicFileLeavesNothingWithoutCommit) {
  {
    auto file = AtomicFile::create(folder_ / "out");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("x").ok());
    AtomicFile moved = std::move(*file);
    ASSERT_TRUE(moved.write("y").ok());
    EXPECT_EQ(files(), 1U);  // the partial file
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(FileTest, TwoAtomicFilesOfOneTargetDoNotMeet) {
  auto first = AtomicFile::create(folder_ / "out");
  auto second = AtomicFile::create(folder_ / "out");
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(first->write("first").ok());
  ASSERT_TRUE(second->write("second").ok());
  ASSERT_TRUE(second->commit().ok());
  ASSERT_TRUE(first->commit().ok());
  EXPECT_EQ(*read_text_file(folder_ / "out", 100), "first");
  EXPECT_EQ(files(), 1U);
}

TEST_F(FileTest, LeftoversOfAKilledProcessOfOurNumberAreNoObstacle) {
  // The counter is the process's own, so cover more names than any earlier test can have used up.
  for (int i = 0; i < 100; ++i) write(fmt::format("out.{}-{}.partial", ::getpid(), i), "left");
  auto file = AtomicFile::create(folder_ / "out");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->write("mine").ok());
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(*read_text_file(folder_ / "out", 100), "mine");
}

TEST_F(FileTest, AtomicFileNamesTheTargetWhereTheFolderIsMissing) {
  const auto file = AtomicFile::create(folder_ / "none" / "out");
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().message(), HasSubstr("none/out: there is no folder"));
}

TEST_F(FileTest, CommitOntoAFolderFailsAndCleansUp) {
  fs::create_directory(folder_ / "out");
  {
    auto file = AtomicFile::create(folder_ / "out");
    ASSERT_TRUE(file.ok());
    const Status status = file->commit();
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().message(), HasSubstr("rename failed"));
  }
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace hermes
