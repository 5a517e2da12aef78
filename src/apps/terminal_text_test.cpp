#include "apps/terminal_text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace hermes::apps {
namespace {

TEST(SafeText, PlainTextStays) {
  for (const std::string text : {"", "two\nlines\tand a tab", "é 日本 👍🏽 e\u0301", "\u200fשלום"}) {
    EXPECT_EQ(safe_text(text), text);
  }
}

TEST(SafeText, ControlsAreShownNotObeyed) {
  EXPECT_EQ(safe_text("\x1b[31mred\a\b\x7f"), "␛[31mred␇␈␡");
  EXPECT_EQ(safe_text(std::string_view("a\0b", 3)), "a␀b");
  EXPECT_EQ(safe_text("\u009b31m"), "\\x9b31m");
  EXPECT_EQ(safe_text("\u202eabc\u2066"), "\\u202eabc\\u2066");
  EXPECT_EQ(safe_line("a\n\tb\x1b"), "a␊␉b␛");
}

TEST(SafeText, LineBreaksOfOtherSystems) {
  EXPECT_EQ(safe_text("a\r\nb\r\n"), "a\nb\n");
  EXPECT_EQ(safe_text("over\rwritten\r"), "over␍written␍");
}

TEST(SafeText, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(safe_text("a\xff\x9b"
                      "b"),
            "a\uFFFD\uFFFD"
            "b");
  EXPECT_EQ(safe_text("\xc3"), "\uFFFD");
}

TEST(SafeText, PiecesGiveTheSameAsTheWhole) {
  const std::string text =
      "é日👍\x1b[2J\r\nx\ry\u009b\u202e\xff\xe2\x82"
      "a\r";
  for (size_t first = 0; first <= text.size(); ++first) {
    for (size_t second = first; second <= text.size(); ++second) {
      SafeText safe;
      std::string out;
      for (const auto& piece : {text.substr(0, first), text.substr(first, second - first), text.substr(second)}) {
        const std::string now = safe(piece);
        EXPECT_EQ(find_invalid_utf8(now), std::string::npos);
        out += now;
      }
      out += safe.finish();
      ASSERT_EQ(out, safe_text(text)) << first << " " << second;
    }
  }
}

TEST(SafeText, CanBeUsedAgain) {
  SafeText safe;
  EXPECT_EQ(safe("a\xe2\x82"), "a");
  EXPECT_EQ(safe.finish(), "\uFFFD\uFFFD");
  EXPECT_EQ(safe("\xac"), "\uFFFD");
}

TEST(Columns, CountsWideAndCombiningCharacters) {
  EXPECT_EQ(columns_of("abc"), 3u);
  EXPECT_EQ(columns_of("日本"), 4u);
  EXPECT_EQ(columns_of("e\u0301"), 1u);
  EXPECT_EQ(columns_of("👍"), 2u);
  EXPECT_EQ(columns_of("│─é"), 3u);
}

}  // namespace
}  // namespace hermes::apps
