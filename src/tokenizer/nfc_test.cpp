#include "tokenizer/nfc.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

std::string nfc(std::string_view text) {
  std::string storage;
  return std::string(to_nfc(text, storage));
}

// The library's own normalisation, quadratic in marks: the oracle for short texts.
std::string reference(const std::string& text) {
  utf8proc_uint8_t* result = nullptr;
  const utf8proc_ssize_t n =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &result, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  EXPECT_GE(n, 0);
  std::string normal(reinterpret_cast<const char*>(result), static_cast<size_t>(n));
  std::free(result);
  return normal;
}

TEST(Nfc, ByEye) {
  EXPECT_EQ(nfc(""), "");
  EXPECT_EQ(nfc("plain"), "plain");
  EXPECT_EQ(nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(nfc("xe\u0301\u0323y"), "x\u1eb9\u0301y");  // the dot below comes first
  EXPECT_EQ(nfc("\u212b\u2126"), "\u00c5\u03a9");       // Angstrom, Ohm
  EXPECT_EQ(nfc("\u1100\u1161\u11a8"), "\uac01");       // Hangul
  EXPECT_EQ(nfc("\uac00\u11a8"), "\uac01");
  EXPECT_EQ(nfc("\u0958"), "\u0915\u093c");  // excluded from composition
  EXPECT_EQ(nfc("\u0301e\u0301"), "\u0301\u00e9");
}

TEST(Nfc, TextThatIsNormalIsNotCopied) {
  for (const std::string_view text :
       {"", "abc", "caf\u00e9 \u4e2d\u6587 \ud55c\uad6d", "x\u0302", "\U0001f468\u200d\U0001f469"}) {
    std::string storage;
    EXPECT_EQ(to_nfc(text, storage).data(), text.data());
  }
}

TEST(Nfc, AgreesWithTheLibrary) {
  Rng rng(11);
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random_text(rng, 20);
    ASSERT_EQ(nfc(text), reference(text)) << testing::PrintToString(text);
  }
}

TEST(Nfc, EveryCodePointBesideMarks) {
  for (uint32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text = "a";
    append_utf8(text, c);
    text += "\u0301\u0323";
    append_utf8(text, c);
    ASSERT_EQ(nfc(text), reference(text)) << std::hex << c;
  }
}

TEST(Nfc, IsIdempotent) {
  Rng rng(12);
  for (int i = 0; i < 2000; ++i) {
    const std::string once = nfc(random_text(rng, 30));
    ASSERT_EQ(nfc(once), once);
  }
}

// A million marks in alternating classes: a bubble sort would need a day.
TEST(Nfc, IsLinearInMarks) {
  std::string text = "e", expected = "\u1eb9";
  constexpr int kPairs = 500000;
  for (int i = 0; i < kPairs; ++i) text += "\u0301\u0323";
  for (int i = 0; i < kPairs - 1; ++i) expected += "\u0323";
  for (int i = 0; i < kPairs; ++i) expected += "\u0301";
  EXPECT_EQ(nfc(text), expected);
}

}  // namespace
}  // namespace hermes::tokenizer
