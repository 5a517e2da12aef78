// The finder by itself; what whole files do with added tokens is in golden_test.cpp.
#include "tokenizer/added_tokens.h"

#include <gtest/gtest.h>

#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

AddedToken token(TokenId id, std::string content) {
  AddedToken made;
  made.id = id;
  made.pattern = made.content = std::move(content);
  return made;
}

// Ids as [1], text as it is.
std::string split(const AddedTokenFinder& finder, std::string_view text, bool parse_special = true) {
  std::string out;
  finder.split(text, parse_special, [&](const AddedTokenFinder::Piece& piece) {
    out += piece.id ? fmt::format("[{}]", *piece.id) : fmt::format("({})", piece.text);
  });
  return out;
}

TEST(AddedTokenFinder, TakesTheLeftmostAndLongest) {
  const AddedTokenFinder finder({token(1, "<a>"), token(2, "<a><b>"), token(3, "><"), token(4, "b>c")});
  EXPECT_EQ(split(finder, ""), "");
  EXPECT_EQ(split(finder, "x"), "(x)");
  EXPECT_EQ(split(finder, "<a><b>"), "[2]");
  EXPECT_EQ(split(finder, "<a><b"), "[1](<b)");
  EXPECT_EQ(split(finder, "<a<b>c"), "(<a<)[4]");
  EXPECT_EQ(split(finder, "<<a>><"), "(<)[1][3]");
}

// As in Hugging Face's library: a special token that stays text still hides shorter ones within it.
TEST(AddedTokenFinder, SpecialTokensCanStayText) {
  AddedToken special = token(1, "<a><b>");
  special.special = true;
  const AddedTokenFinder finder({special, token(2, "<a>")});
  EXPECT_EQ(split(finder, "x<a><b><a>", true), "(x)[1][2]");
  EXPECT_EQ(split(finder, "x<a><b><a>", false), "(x<a><b>)[2]");
}

TEST(AddedTokenFinder, StripsSpacesOfAllKinds) {
  AddedToken both = token(1, "<m>");
  both.lstrip = both.rstrip = true;
  const AddedTokenFinder finder({both, token(2, " ")});
  EXPECT_EQ(split(finder, "a\u3000\u00a0<m>\u2028\tb"), "(a)[1](b)");
  EXPECT_EQ(split(finder, "a\u180e<m>\u200bb"), "(a\u180e)[1](\u200bb)");  // neither is a space
  EXPECT_EQ(split(finder, "<m> <m>"), "[1][2][1]");
}

TEST(AddedTokenFinder, AgreesWithASearchAtEveryPlace) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    std::vector<AddedToken> tokens;
    for (TokenId id = 0; id < 6; ++id) {
      std::string content;
      for (uint64_t n = 1 + rng.below(4); n > 0; --n) content += static_cast<char>('a' + rng.below(3));
      const bool is_first =
          std::none_of(tokens.begin(), tokens.end(), [&](const AddedToken& t) { return t.content == content; });
      if (is_first) tokens.push_back(token(id, content));
    }
    const AddedTokenFinder finder(tokens);
    std::string text, expected, plain;
    for (int i = 0; i < 40; ++i) text += static_cast<char>('a' + rng.below(4));
    for (size_t pos = 0; pos < text.size();) {
      const AddedToken* longest = nullptr;
      for (const AddedToken& t : tokens) {
        const bool fits = text.compare(pos, t.content.size(), t.content) == 0;
        if (fits && (longest == nullptr || t.content.size() > longest->content.size())) longest = &t;
      }
      if (longest == nullptr) {
        plain += text[pos++];
        continue;
      }
      if (!plain.empty()) expected += fmt::format("({})", plain);
      plain.clear();
      expected += fmt::format("[{}]", longest->id);
      pos += longest->content.size();
    }
    if (!plain.empty()) expected += fmt::format("({})", plain);
    EXPECT_EQ(split(finder, text), expected) << text;
  }
}

}  // namespace
}  // namespace hermes::tokenizer
