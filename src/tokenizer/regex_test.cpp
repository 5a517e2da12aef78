#include "tokenizer/regex.h"

#include <gtest/gtest.h>

#include "tokenizer/regex_syntax.h"

namespace hermes::tokenizer {
namespace {

std::vector<std::string> matches(std::string_view pattern, std::string_view text) {
  const Result<Regex> regex = Regex::compile(pattern, "test");
  EXPECT_TRUE(regex.ok()) << regex.error().message();
  std::vector<std::string> found;
  const Status status = regex->for_each_match(
      text, [&](size_t begin, size_t end) { found.emplace_back(text.substr(begin, end - begin)); });
  EXPECT_TRUE(status.ok());
  return found;
}

using Found = std::vector<std::string>;

TEST(Regex, MeansWhatOnigurumaMeans) {
  EXPECT_EQ(matches("\\s", "a\u180e b\u0085"), (Found{" ", "\u0085"}));  // U+180E is no space
  EXPECT_EQ(matches("[\\S]+", "a\u180e b"), (Found{"a\u180e", "b"}));
  EXPECT_EQ(matches("\\h+", "fade 12 xyz"), (Found{"fade", "12"}));
  EXPECT_EQ(matches("\\H+", "fade xyz"), (Found{" xyz"}));
  EXPECT_EQ(matches("\\v", "\x0b\n"), (Found{"\x0b"}));
  EXPECT_EQ(matches("\\w+", "e\u0301_1 \u00bd"), (Found{"e\u0301_1", "\u00bd"}));
  EXPECT_EQ(matches("\\bx", "x yx xy"), (Found{"x", "x"}));
  EXPECT_EQ(matches("^a$", "a\nb\na"), (Found{"a", "a"}));  // lines
  EXPECT_EQ(matches("a.b", "a\nb"), Found{});
  EXPECT_EQ(matches("(?m:a.b)", "a\nb"), (Found{"a\nb"}));
  EXPECT_EQ(matches("\\p{Han}+", "\u3001\u4e00\u3042"), (Found{"\u4e00"}));  // script, not its extensions
  EXPECT_EQ(matches("\\p{^L}", "a1"), (Found{"1"}));
  EXPECT_EQ(matches("\\P{L}", "a1"), (Found{"1"}));
  EXPECT_EQ(matches("a{,2}b", "aaab"), (Found{"aab"}));
  EXPECT_EQ(matches("a{2}+b", "aaaab"), (Found{"aaaab"}));  // (a{2})+, not possessive
  EXPECT_EQ(matches("(?:ab){1,2}+c", "ababababc"), (Found{"ababababc"}));
  EXPECT_EQ(matches("\\u0061{", "a{"), (Found{"a{"}));
  EXPECT_EQ(matches("(?i:'s)", "'S 's '\u017f"), (Found{"'S", "'s", "'\u017f"}));
  EXPECT_EQ(matches("\\p{L}", "\U00031350"), (Found{"\U00031350"}));  // a letter since Unicode 15
  EXPECT_EQ(matches("[^\\p{L}\\p{N}]", "\U00031350\U00011f50!"), (Found{"!"}));
  EXPECT_EQ(matches("\\d", "\U00011f50"), (Found{"\U00011f50"}));
  EXPECT_EQ(matches("[]a]+", "]a["), (Found{"]a"}));
}

TEST(Regex, EmptyMatchesStandBetweenOthersOnly) {
  EXPECT_EQ(matches("x*", "axxb"), (Found{"", "xx", ""}));
  EXPECT_EQ(matches("", "\u4e00b"), (Found{"", "", ""}));
  EXPECT_EQ(matches("x*", ""), Found{});
}

TEST(Regex, RefusesByName) {
  constexpr std::pair<std::string_view, std::string_view> kCases[] = {{"[a&&b]", "&&"},
                                                                      {"[a[b]]", "class within a class"},
                                                                      {"[[:alpha:]]", "class within a class"},
                                                                      {"(*UTF)a", "(*"},
                                                                      {"\\Qa\\E", "\\Q"},
                                                                      {"(?~a)", "(?~"},
                                                                      {"[\\W]", "\\W within"},
                                                                      {"(?P<a>b)", "(?P"},
                                                                      {"\\x80", "\\x"},
                                                                      {"a{2}?", "{n}?"},
                                                                      {"\\", "escape"},
                                                                      {"[a", "unfinished class"},
                                                                      {"(?i", "unfinished group"},
                                                                      {"\\p{L", "\\p"},
                                                                      {"\\u12", "\\u"},
                                                                      {"[\\b]", "\\b within"},
                                                                      {"\\C", "\\C"},
                                                                      {"\\g<1>", "\\g"}};
  for (const auto& [pattern, named] : kCases) {
    const Result<Regex> regex = Regex::compile(pattern, "file: field");
    ASSERT_FALSE(regex.ok()) << pattern;
    EXPECT_EQ(regex.error().code(), ErrorCode::kUnsupported) << pattern;
    EXPECT_NE(regex.error().message().find("file: field: pattern"), std::string::npos) << regex.error().message();
    EXPECT_NE(regex.error().message().find(named), std::string::npos) << regex.error().message();
  }
}

TEST(Regex, SaysWhatDoesNotCompile) {
  for (const std::string_view pattern : {"(a", "a)", "*a", "\\p{Nonesuch}", "(?<=a+)b", "[b-a]", "\\1"}) {
    const Result<Regex> regex = Regex::compile(pattern, "file: field");
    ASSERT_FALSE(regex.ok()) << pattern;
    EXPECT_EQ(regex.error().code(), ErrorCode::kCorrupt);
    EXPECT_NE(regex.error().message().find(fmt::format("file: field: pattern \"{}\" does not compile", pattern)),
              std::string::npos)
        << regex.error().message();
  }
  EXPECT_FALSE(Regex::compile(std::string(100000, 'a'), "test").ok());
  EXPECT_FALSE(
      Regex::compile("((((((((((a{0,999}){0,999}){0,999}){0,999}){0,999}){0,999}){0,999}){0,999})))", "test").ok());
}

TEST(Regex, EndsExponentialMatchesInAnError) {
  for (const std::string_view pattern : {"(?:a+)+[0-9]", "(?:a|aa)+[0-9]", "(?:a*)*[0-9]$"}) {
    const Regex regex = Regex::compile(pattern, "file").value();
    const Status status = regex.for_each_match(std::string(200, 'a'), [](size_t, size_t) {});
    ASSERT_FALSE(status.ok()) << pattern;
    EXPECT_EQ(status.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_NE(status.error().message().find(pattern), std::string::npos);
  }
}

}  // namespace
}  // namespace hermes::tokenizer
