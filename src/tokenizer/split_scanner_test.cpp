#include "tokenizer/split_scanner.h"

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "tokenizer/char_class.h"
#include "tokenizer/regex.h"
#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

using Words = std::vector<std::string>;

Words scan(std::string_view pattern, std::string_view text) {
  const SplitScanner scanner = SplitScanner::for_pattern(pattern).value();
  Words words;
  for (size_t pos = 0; pos < text.size();) {
    const size_t end = scanner.end_of_word(text, pos);
    EXPECT_GT(end, pos);
    EXPECT_LE(end, text.size());
    words.emplace_back(text.substr(pos, end - pos));
    pos = end;
  }
  return words;
}

Words match(const Regex& regex, std::string_view text) {
  Words words;
  const Status status = regex.for_each_match(
      text, [&](size_t begin, size_t end) { words.emplace_back(text.substr(begin, end - begin)); });
  EXPECT_TRUE(status.ok());
  return words;
}

class SplitScannerTest : public testing::TestWithParam<std::string_view> {};

TEST_P(SplitScannerTest, CutsAsThePatternDoes) {
  const Regex regex = Regex::compile(GetParam(), "test").value();
  constexpr int kTexts = 30000;
  Rng rng(7);
  for (int i = 0; i < kTexts; ++i) {
    const std::string text = random_text(rng, 24);
    ASSERT_EQ(scan(GetParam(), text), match(regex, text)) << "text " << i << ": " << testing::PrintToString(text);
  }
}

// Every code point beside those that decide where words end.
TEST_P(SplitScannerTest, KnowsEveryCodePoint) {
  const Regex regex = Regex::compile(GetParam(), "test").value();
  for (uint32_t c = 0; c < 0x110000; c += 64) {
    std::string text;
    for (uint32_t k = c; k < c + 64; ++k) {
      if (k >= 0xD800 && k <= 0xDFFF) continue;
      for (const std::string_view before : {"a", "1", " ", "'", "\n"}) {
        text += before;
        append_utf8(text, k);
      }
    }
    ASSERT_EQ(scan(GetParam(), text), match(regex, text)) << "from U+" << std::hex << c;
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, SplitScannerTest, testing::Values(kLlama3Pattern, kQwenPattern, kSeedPattern));

TEST(SplitScanner, IsForThesePatternsOnly) {
  EXPECT_FALSE(SplitScanner::for_pattern("").has_value());
  EXPECT_FALSE(SplitScanner::for_pattern(std::string(kLlama3Pattern) + " ").has_value());
}

TEST(SplitScanner, ByEye) {
  EXPECT_EQ(scan(kLlama3Pattern, "It's 12345 o'clock,\n\n  say  we're"),
            (Words{"It", "'s", " ", "123", "45", " o", "'clock", ",\n\n", " ", " say", " ", " we", "'re"}));
  EXPECT_EQ(scan(kQwenPattern, "x 123"), (Words{"x", " ", "1", "2", "3"}));
  EXPECT_EQ(scan(kSeedPattern, "!!\n12"), (Words{"!!", "\n", "1", "2"}));
  EXPECT_EQ(scan(kLlama3Pattern, " \n \t x"), (Words{" \n", " \t", " x"}));
  EXPECT_EQ(scan(kLlama3Pattern, "'\u017fx"), (Words{"'\u017f", "x"}));  // the long s is an s
}

TEST(CharClass, SpacesAreThoseOfUnicode) {
  const CharClass& classes = CharClass::split_classes();
  int n_spaces = 0;
  for (uint32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    ASSERT_EQ((classes[c] & CharClass::kSpace) != 0, is_space(c)) << std::hex << c;
    n_spaces += is_space(c);
  }
  EXPECT_EQ(n_spaces, 25);
}

TEST(CharClass, KnowsCharactersOfLaterUnicodeVersions) {
  const CharClass& classes = CharClass::split_classes();
  EXPECT_EQ(classes[0x31350], CharClass::kLetter);  // Unicode 15
  EXPECT_EQ(classes[0x11F50], CharClass::kNumber);
  EXPECT_EQ(classes[0x1D2C0], CharClass::kNumber);
  EXPECT_EQ(classes[0x0378], 0);  // still unassigned
}

}  // namespace
}  // namespace hermes::tokenizer
