#include "base/utf8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace hermes {
namespace {

constexpr size_t kNone = std::string_view::npos;

TEST(Utf8, EveryCodePointGoesRound) {
  for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, c);
    const CodePoint back = decode_utf8(text, 0);
    ASSERT_EQ(back.value, c);
    ASSERT_EQ(back.length, text.size()) << std::hex << c;
    ASSERT_EQ(back.length, c < 0x80 ? 1U : c < 0x800 ? 2U : c < 0x10000 ? 3U : 4U);
    ASSERT_EQ(find_invalid_utf8(text), kNone);
    ASSERT_EQ(incomplete_utf8_suffix(text), 0U);
  }
}

TEST(Utf8, TheEndIsNoCodePoint) {
  EXPECT_EQ(decode_utf8("", 0).length, 0U);
  EXPECT_EQ(decode_utf8("a", 1).length, 0U);
  EXPECT_EQ(decode_utf8("a", 7).length, 0U);
}

TEST(Utf8, RefusesWhatIsNotUtf8) {
  using namespace std::string_view_literals;
  for (const std::string_view bad : {
           "\x80"sv,
           "\xBF"sv,  // a continuation byte alone
           "\xC0\x80"sv,
           "\xC1\xBF"sv,
           "\xE0\x9F\xBF"sv,
           "\xF0\x8F\xBF\xBF"sv,  // overlong
           "\xED\xA0\x80"sv,
           "\xED\xBF\xBF"sv,  // surrogates
           "\xF4\x90\x80\x80"sv,
           "\xF5\x80\x80\x80"sv,
           "\xFF"sv,
           "\xFE"sv,  // above U+10FFFF, never a lead
           "\xC3"sv,
           "\xE2\x82"sv,
           "\xF0\x9F\x98"sv,  // ends early
           "\xC3("sv,
           "\xE2(\x82"sv,
           "\xE2\x82("sv,
           "\xF0\x9F\x98("sv,  // broken off by another character
       }) {
    const CodePoint c = decode_utf8(bad, 0);
    EXPECT_FALSE(c.valid()) << testing::PrintToString(bad);
    EXPECT_EQ(c.length, 1U);
    EXPECT_EQ(find_invalid_utf8(bad), 0U);
    const std::string embedded = "0123456789" + std::string(bad) + "tail";
    EXPECT_EQ(find_invalid_utf8(embedded), 10U);
  }
}

// The definition, spelled out: all sequences of two and three bytes against a decoder that knows only the
// code points.
TEST(Utf8, AgreesWithTheEncoderOnAllShortSequences) {
  std::array<bool, 1 << 16> two{};
  for (uint32_t c = 0x80; c < 0x800; ++c) {
    std::string text;
    append_utf8(text, c);
    two[static_cast<size_t>(static_cast<uint8_t>(text[0])) << 8 | static_cast<uint8_t>(text[1])] = true;
  }
  for (int a = 0x80; a < 0x100; ++a) {
    for (int b = 0; b < 0x100; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      const bool is_one = two[static_cast<size_t>(a << 8 | b)];
      ASSERT_EQ(decode_utf8(text, 0).valid(), is_one) << a << " " << b;
    }
  }
}

// By brute force: a suffix is incomplete when some continuation makes it one whole code point.
size_t incomplete_by_trying(std::string_view text) {
  static const std::array<std::vector<std::string>, 4> beginnings = [] {
    std::array<std::vector<std::string>, 4> found;  // by length, ascending and unique
    for (uint32_t c = 0x80; c <= 0x10FFFF; ++c) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      std::string encoded;
      append_utf8(encoded, c);
      for (size_t n = 1; n < encoded.size(); ++n) {
        auto& list = found[n];
        if (list.empty() || list.back() != encoded.substr(0, n)) list.push_back(encoded.substr(0, n));
      }
    }
    for (auto& list : found) std::sort(list.begin(), list.end());
    return found;
  }();
  for (size_t n = 1; n <= 3 && n <= text.size(); ++n) {
    const std::string suffix(text.substr(text.size() - n));
    if (std::binary_search(beginnings[n].begin(), beginnings[n].end(), suffix)) return n;
  }
  return 0;
}

TEST(Utf8, IncompleteSuffixAgreesWithTryingThemAll) {
  // Bytes at every boundary of the definition, in all strings of up to four.
  constexpr std::array<int, 23> kBytes = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2,
                                          0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
  const auto check = [](const std::string& text) {
    ASSERT_EQ(incomplete_utf8_suffix(text), incomplete_by_trying(text)) << testing::PrintToString(text);
  };
  check("");
  std::string text;
  const auto extend = [&](const auto& self, int left) -> void {
    if (left == 0) return;
    for (const int byte : kBytes) {
      text.push_back(static_cast<char>(byte));
      check(text);
      self(self, left - 1);
      text.pop_back();
    }
  };
  extend(extend, 4);
}

TEST(Utf8, AStreamCutAnywhereJoinsAgain) {
  const std::string text = "aé€😀z";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    std::string head = text.substr(0, cut);
    const size_t held = incomplete_utf8_suffix(head);
    EXPECT_EQ(find_invalid_utf8(head.substr(0, head.size() - held)), kNone) << cut;
  }
}

TEST(Utf8, ReplacesEachInvalidByte) {
  EXPECT_EQ(to_valid_utf8("plain é"), "plain é");
  EXPECT_EQ(to_valid_utf8("a\xFF\xC3z"), "a\uFFFD\uFFFDz");
  EXPECT_EQ(to_valid_utf8(""), "");
}

TEST(Utf8, FindsTheFaultBehindLongAscii) {
  for (size_t n = 0; n < 40; ++n) {
    EXPECT_EQ(find_invalid_utf8(std::string(n, 'x') + "\xFF" + std::string(20, 'y')), n);
    EXPECT_EQ(find_invalid_utf8(std::string(n, 'x') + "é"), kNone);
  }
}

TEST(Utf8DeathTest, EncodingBeyondUnicodeIsOurMistake) {
  std::string out;
  EXPECT_DEATH(append_utf8(out, 0x110000), "0x10FFFF");
}

}  // namespace
}  // namespace hermes
