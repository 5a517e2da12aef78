#include "apps/message_lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace hermes::apps {
namespace {

// Adds every line; all but the last must ask for more.
std::string message(const std::vector<std::string>& lines) {
  MessageLines joined;
  EXPECT_TRUE(joined.empty());
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(joined.add(lines[i]), i + 1 < lines.size()) << lines[i];
    EXPECT_FALSE(joined.empty());
  }
  return joined.take();
}

TEST(MessageLines, OneLine) {
  EXPECT_EQ(message({"hello"}), "hello");
  EXPECT_EQ(message({""}), "");
  EXPECT_EQ(message({"say \"\"\" twice"}), "say \"\"\" twice");
}

TEST(MessageLines, ABackslashAtTheEndContinues) {
  EXPECT_EQ(message({
                "a\\",
                "b \\",
                "",
            }),
            "a\nb \n");
  EXPECT_EQ(message({"\\", "x"}), "\nx");
  EXPECT_EQ(message({"C:\\dir"}), "C:\\dir");
}

TEST(MessageLines, QuotationMarksHoldLinesAsTheyAre) {
  EXPECT_EQ(message({"\"\"\"", "a \\", "", "  b", "\"\"\""}), "a \\\n\n  b");
  EXPECT_EQ(message({" \"\"\" ", "\"\"\"\"", "\"\"\"\t"}), "\"\"\"\"");
  EXPECT_EQ(message({"\"\"\"", "\"\"\""}), "");
}

TEST(MessageLines, APasteIsOneMessage) {
  EXPECT_EQ(message({"a \\\nb\n\nc"}), "a \\\nb\n\nc");
  EXPECT_EQ(message({"a\nb\\", "c"}), "a\nb\nc");
  EXPECT_EQ(message({"def f():\n\"\"\"\ndoc\n\"\"\""}), "def f():\n\"\"\"\ndoc\n\"\"\"");
  EXPECT_EQ(message({"\"\"\"\na\n\"\"\"\nb"}), "a\nb");
  EXPECT_EQ(message({"\"\"\"\na", "b", "\"\"\""}), "a\nb");
}

TEST(MessageLines, BeginsAnew) {
  MessageLines joined;
  EXPECT_TRUE(joined.add("\"\"\""));
  EXPECT_TRUE(joined.add("x"));
  EXPECT_EQ(joined.take(), "x");
  EXPECT_FALSE(joined.add("y"));
  EXPECT_EQ(joined.take(), "y");
}

}  // namespace
}  // namespace hermes::apps
