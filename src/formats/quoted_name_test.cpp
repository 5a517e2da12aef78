#include "formats/quoted_name.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace hermes::formats {
namespace {

TEST(QuotedName, PlainNamesStayAsTheyAre) {
  EXPECT_EQ(quoted_name("model.layers.0.self_attn.q_proj.weight"), "\"model.layers.0.self_attn.q_proj.weight\"");
  EXPECT_EQ(quoted_name("é 中 😀"), "\"é 中 😀\"");
  EXPECT_EQ(quoted_name(""), "\"\"");
}

TEST(QuotedName, NothingReachesTheTerminalThatCouldSteerIt) {
  EXPECT_EQ(quoted_name("a\x1b[31mb\n"), "\"a\\x1b[31mb\\x0a\"");
  EXPECT_EQ(quoted_name(std::string_view("\0\x7f", 2)), "\"\\x00\\x7f\"");
  EXPECT_EQ(quoted_name("\xc2\x9b"), "\"\\xc2\\x9b\"");  // U+009B, a one-character escape sequence
  EXPECT_EQ(quoted_name("\xff"), "\"\\xff\"");
}

TEST(QuotedName, LongNamesAreCutBetweenCodePoints) {
  const std::string ascii = quoted_name(std::string(1'000'000, 'x'));
  EXPECT_EQ(ascii, "\"" + std::string(160, 'x') + "...\"");
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "中";
  EXPECT_EQ(find_invalid_utf8(quoted_name(wide)), std::string_view::npos);
}

}  // namespace
}  // namespace hermes::formats
