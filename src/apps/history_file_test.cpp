#include "apps/history_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/temp_folder_for_test.h"

namespace hermes::apps {
namespace {

using testing::ElementsAre;

std::vector<std::string> read(const std::filesystem::path& path) {
  auto entries = read_history(path);
  EXPECT_TRUE(entries.ok());
  return entries.ok() ? *entries : std::vector<std::string>{};
}

TEST(HistoryFile, KeepsWhatWasTyped) {
  const TempFolder folder;
  const auto path = folder.path() / "new" / "folder" / "history";
  EXPECT_TRUE(read(path).empty());
  for (const char* entry : {"one", "two\nlines \\ \"x\"", "two\nlines \\ \"x\"", "é日", "one"}) {
    EXPECT_TRUE(append_history(path, entry).ok());
  }
  EXPECT_THAT(read(path), ElementsAre("one", "two\nlines \\ \"x\"", "é日", "one"));
  struct stat st {};
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}), 1);  // nothing left behind
}

TEST(HistoryFile, KeepsTheNewest) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 1200; ++i) text += fmt::format("\"{}\"\n", i);
  const auto path = folder.write("history", text);
  EXPECT_EQ(read(path).front(), "200");
  EXPECT_TRUE(append_history(path, "last").ok());
  EXPECT_EQ(read(path).size(), kMaxHistoryEntries);
  EXPECT_EQ(read(path).front(), "201");
  EXPECT_EQ(read(path).back(), "last");
}

TEST(HistoryFile, PassesOverWhatItCannotUse) {
  const TempFolder folder;
  const auto path = folder.write("history", "\"a\"\nnot json\n\n12\n\"b\"");
  EXPECT_THAT(read(path), ElementsAre("a", "b"));
  EXPECT_TRUE(append_history(path, std::string(kMaxHistoryEntryBytes + 1, 'x')).ok());
  EXPECT_TRUE(append_history(path, "c\xff").ok());
  EXPECT_THAT(read(path), ElementsAre("a", "b", "c\uFFFD"));
}

TEST(HistoryFile, SaysWhenItCannotWrite) {
  const TempFolder folder;
  const auto file = folder.write("file", "");
  EXPECT_FALSE(append_history(file / "history", "x").ok());
  EXPECT_FALSE(append_history(folder.path(), "x").ok());
}

}  // namespace
}  // namespace hermes::apps
