#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/judging_for_test.h"

namespace hermes::verify {
namespace {

using testing::HasSubstr;

constexpr std::string_view kSorted = R"({"verifier": "list", "op": "sort_ascending", "items": [9, 3, 1200, 5]})";
constexpr std::string_view kWords =
    R"({"verifier": "list", "op": "alphabetical", "items": ["pear", "fig", "New York"]})";

TEST(List, RightInOddClothes) {
  expect_passes(kSorted, {"3, 5, 9, 1200",
                          "[3, 5, 9, 1200]",
                          "3,5,9,1200",
                          "3 5 9 1200",
                          "3\n5\n9\n1200",
                          "- 3\n- 5\n- 9\n- 1200",
                          "1. 3\n2. 5\n3. 9\n4. 1200",
                          "3, 5, 9, 1200.",
                          "**3, 5, 9, 1200**",
                          "3, 5, 9 and 1200",
                          "3, 5, 9, and 1200",
                          "3, 5, 9, 1,200",
                          "The answer is 3, 5, 9, 1200.",
                          "Sorted: 3, 5, 9, 1200",
                          "Here is the list:\n3\n5\n9\n1200",
                          "\\boxed{3, 5, 9, 1200}",
                          "\\boxed{[3, 5, 9, 1200]}",
                          "(3, 5, 9, 1200)",
                          "3; 5; 9; 1200",
                          "`[3, 5, 9, 1200]`",
                          "3.0, 5, 9, 1200",
                          "The sorted list is 3, 5, 9, 1200.",
                          "\"3\", \"5\", \"9\", \"1200\"",
                          "```\n3, 5, 9, 1200\n```"});
  expect_passes(kWords, {"fig, New York, pear", "[fig, New York, pear]", "[\"fig\", \"New York\", \"pear\"]",
                         "fig\nNew York\npear", "* fig\n* New York\n* pear", "fig, New York and pear.",
                         "**fig**, **New York**, **pear**", "The answer is fig, New York, pear"});
}

TEST(List, WrongInRightClothes) {
  expect_no_pass(kSorted, {"",
                           "3",
                           "9, 3, 1200, 5",
                           "1200, 9, 5, 3",
                           "3, 5, 9",
                           "3, 5, 9, 1200, 1200",
                           "3, 5, 9, 1200, 1300",
                           "3, 5, 5, 9, 1200",
                           "3, 5, 9, 1201",
                           "3 5 9 12 00",
                           "3, 5, 9, 1200 or 3, 9, 5, 1200",
                           "[3, 5, 9, 1200",
                           "3, 5, 9, 1200\n3, 5, 9, 1200",
                           "359 1200",
                           "The answer is not 3, 5, 9, 1200",
                           "9, 3: 3, 5, 9, 1200",
                           "\\boxed{3, 5, 9, 1200} \\boxed{1}",
                           "3, 5, 9, -1200",
                           "3, 5, 9, 1200%",
                           "3, 5, 9, 1200, ...",
                           "[[3, 5, 9, 1200]]"});
  expect_no_pass(kWords, {"fig, New York", "pear, New York, fig", "fig, new york, pear", "fig New York pear",
                          "fig, New York, pears", "fig, New York, pear, pear", "fig pear"});
}

TEST(List, Ops) {
  const struct {
    std::string_view op, items, arg, answer;
  } cases[] = {
      {"sort_descending", "[2, -1, 10, 2]", "", "10, 2, 2, -1"},
      {"sort_ascending", "[0.5, 0.25, 3]", "", "0.25, 0.5, 3"},
      {"reverse", "[1, 2, 3]", "", "3, 2, 1"},
      {"reverse", R"(["a", "b"])", "", "b, a"},
      {"unique", "[3, 1, 3, 2, 1]", "", "3, 1, 2"},
      {"evens", "[1, 2, 3, 4, -6, 0]", "", "2, 4, -6, 0"},
      {"odds", "[1, 2, 3, -5]", "", "1, 3, -5"},
      {"alphabetical", R"(["b", "C", "a"])", "", "a, b, C"},
      {"reverse_alphabetical", R"(["b", "c", "a"])", "", "c, b, a"},
      {"filter_longer", R"(["one", "three", "four"])", "3", "three, four"},
      {"evens", "[1, 3]", "", "none"},
      {"evens", "[1, 3]", "", "[]"},
      {"sort_ascending", "[7]", "", "7"},
  };
  for (const auto& c : cases) {
    const std::string arg = c.arg.empty() ? "" : fmt::format(R"(, "arg": {})", c.arg);
    const std::string spec = fmt::format(R"({{"verifier": "list", "op": "{}", "items": {}{}}})", c.op, c.items, arg);
    expect_passes(spec, {c.answer});
    expect_no_pass(spec, {"99", "", fmt::format("{}, {}", c.answer, c.answer)});
  }
}

TEST(List, Refusals) {
  const auto error = [](std::string_view rest) { return refusal(fmt::format(R"({{"verifier": "list", {}}})", rest)); };
  EXPECT_THAT(error(R"("op": "shuffle", "items": [1])"), HasSubstr("shuffle"));
  EXPECT_THAT(error(R"("op": "reverse", "items": [1, "a"])"), HasSubstr("numbers only, or strings only"));
  EXPECT_THAT(error(R"("op": "reverse", "items": ["a, b"])"), HasSubstr("a, b"));
  EXPECT_THAT(error(R"("op": "reverse", "items": [null])"), HasSubstr("numbers or strings"));
  EXPECT_THAT(error(R"("op": "evens", "items": [1.5])"), HasSubstr("integers"));
  EXPECT_THAT(error(R"("op": "sort_ascending", "items": ["a"])"), HasSubstr("numbers"));
  EXPECT_THAT(error(R"("op": "alphabetical", "items": ["a", "A"])"), HasSubstr("case only"));
  EXPECT_THAT(error(R"("op": "filter_longer", "items": ["a"])"), HasSubstr("arg"));
  EXPECT_THAT(error(R"("op": "reverse", "items": ["a"], "arg": 1)"), HasSubstr("arg"));
}

TEST(Pick, Ops) {
  const struct {
    std::string_view fields, right, wrong;
  } cases[] = {
      {R"("op": "largest", "items": [3, 12, 7])", "12", "7"},
      {R"("op": "smallest", "items": [3, -12, 7])", "-12", "12"},
      {R"("op": "sum", "items": [3, 12, 7.5])", "22.5", "22"},
      {R"("op": "count", "items": ["a", "b", "a"])", "3", "2"},
      {R"("op": "count", "items": [])", "0", "1"},
      {R"("op": "nth", "n": 2, "items": ["fig", "pear", "kiwi"])", "pear", "kiwi"},
      {R"("op": "nth", "n": 3, "items": [5, 6, 7])", "7", "6"},
      {R"("op": "first", "items": ["fig", "pear"])", "fig", "pear"},
      {R"("op": "last", "items": ["fig", "pear"])", "pear", "fig"},
      {R"("op": "longest", "items": ["fig", "pear"])", "pear", "fig"},
      {R"("op": "shortest", "items": ["fig", "pear"])", "fig", "pear"},
  };
  for (const auto& c : cases) {
    const std::string spec = fmt::format(R"({{"verifier": "pick", {}}})", c.fields);
    for (const std::string_view clothes : {"{}", "{}.", "**{}**", "The answer is {}.", "\\boxed{{{}}}", "It is {}."}) {
      const std::string right = fmt::format(fmt::runtime(clothes), c.right),
                        wrong = fmt::format(fmt::runtime(clothes), c.wrong);
      expect_passes(spec, {right});
      expect_no_pass(spec, {wrong, fmt::format("{} or {}", c.right, c.wrong),
                            fmt::format("{} The answer is {}.", right, c.wrong)});
    }
    expect_no_pass(spec, {"", "none", fmt::format("{}, {}", c.right, c.wrong), fmt::format("{}, 99, x", c.right),
                          fmt::format("not {}", c.right)});
  }
}

TEST(Pick, Refusals) {
  const auto error = [](std::string_view rest) { return refusal(fmt::format(R"({{"verifier": "pick", {}}})", rest)); };
  EXPECT_THAT(error(R"("op": "nth", "items": [1], "n": 2)"), HasSubstr("from 1 to 1"));
  EXPECT_THAT(error(R"("op": "nth", "items": [1])"), HasSubstr("\"n\""));
  EXPECT_THAT(error(R"("op": "first", "items": [1], "n": 1)"), HasSubstr("\"n\""));
  EXPECT_THAT(error(R"("op": "first", "items": [])"), HasSubstr("empty"));
  EXPECT_THAT(error(R"("op": "longest", "items": ["ab", "cd"])"), HasSubstr("equally long"));
  EXPECT_THAT(error(R"("op": "largest", "items": ["ab"])"), HasSubstr("numbers"));
}

TEST(String, Ops) {
  const struct {
    std::string_view fields, right, wrong;
  } cases[] = {
      {R"("op": "reverse", "text": "stone")", "enots", "enost"},
      {R"("op": "reverse", "text": "caf\u00e9")",
       "\xc3\xa9"
       "fac",
       "fac\xc3\xa9"},
      {R"("op": "uppercase", "text": "stone")", "STONE", "Stone"},
      {R"("op": "lowercase", "text": "STONE")", "stone", "Stone"},
      {R"("op": "count_letter", "text": "strawberry", "arg": "r")", "3", "2"},
      {R"("op": "count_letter", "text": "stone", "arg": "z")", "0", "1"},
      {R"("op": "nth_letter", "text": "stone", "arg": 3)", "o", "n"},
      {R"("op": "length", "text": "stone")", "5", "6"},
      {R"("op": "first_letters", "text": "river under moon")", "rum", "rm"},
      {R"("op": "join", "text": "a bc d", "arg": "-")", "a-bc-d", "a-bcd"},
      {R"("op": "join", "text": "a bc d")", "abcd", "a bc d"},
      {R"("op": "remove_letter", "text": "banana", "arg": "a")", "bnn", "bnna"},
  };
  for (const auto& c : cases) {
    const std::string spec = fmt::format(R"({{"verifier": "string", {}}})", c.fields);
    for (const std::string_view clothes : {"{}", "{}.", "\"{}\"", "**{}**", "The answer is {}.", "\\boxed{{{}}}"}) {
      const std::string right = fmt::format(fmt::runtime(clothes), c.right),
                        wrong = fmt::format(fmt::runtime(clothes), c.wrong);
      expect_passes(spec, {right});
      expect_no_pass(spec, {wrong});
    }
    expect_no_pass(spec, {"", fmt::format("{} or {}", c.right, c.wrong), fmt::format("{}1{}", c.right, c.right)});
  }
  const auto error = [](std::string_view rest) {
    return refusal(fmt::format(R"({{"verifier": "string", {}}})", rest));
  };
  EXPECT_THAT(error(R"("op": "count_letter", "text": "Rare", "arg": "r")"), HasSubstr("both"));
  EXPECT_THAT(error(R"("op": "count_letter", "text": "rare", "arg": "ra")"), HasSubstr("one character"));
  EXPECT_THAT(error(R"("op": "nth_letter", "text": "rare", "arg": 5)"), HasSubstr("from 1 to 4"));
  EXPECT_THAT(error(R"("op": "length", "text": "")"), HasSubstr("1 to"));
  EXPECT_THAT(error(R"("op": "length", "text": "a", "arg": 1)"), HasSubstr("takes no"));
  EXPECT_THAT(error(R"("op": "uppercase", "text": "\u00e9")"), HasSubstr("ASCII"));
}

TEST(Ordering, Kinds) {
  const auto spec = [](std::string_view question) {
    return fmt::format(
        R"({{"verifier": "ordering", "facts": [["Ann", ">", "Bob"], ["Cy", "<", "Bob"], ["Cy", ">", "Di"]],
                           "question": {}}})",
        question);
  };
  const std::string top = spec(R"({"kind": "top"})"), bottom = spec(R"({"kind": "bottom"})");
  expect_passes(top, {"Ann", "ann.", "**Ann**", "Ann is the tallest.", "The answer is Ann.",
                      "Ann is above Bob. The answer is Ann."});
  expect_no_pass(top, {"Bob", "", "Ann or Bob", "Ann is taller than Bob", "Not Ann", "Eve, Ann, Flo", "Ann, Flo",
                       "Eve\nAnn", "Eve and Ann", "The answer is Eve, Flo, and Ann.", "- Ann\n- Eve", "[Eve, Ann]",
                       "1. Eve\n2. Ann\n3. Flo", "The answer is Bob, then Ann", "Anna", "Ann, Bob"});
  expect_passes(bottom, {"Di", "It is Di."});
  expect_no_pass(bottom, {"Cy", "Ann"});
  expect_passes(spec(R"({"kind": "nth", "n": 2})"), {"Bob"});
  expect_no_pass(spec(R"({"kind": "nth", "n": 2})"), {"Cy", "Ann"});
  expect_passes(spec(R"({"kind": "full"})"),
                {"Ann, Bob, Cy, Di", "Ann\nBob\nCy\nDi", "The order is Ann, Bob, Cy, Di."});
  expect_no_pass(spec(R"({"kind": "full"})"),
                 {"Di, Cy, Bob, Ann", "Ann, Bob, Cy", "Ann, Bob, Cy, Di, Di", "Ann, Cy, Bob, Di"});
  expect_passes(spec(R"({"kind": "compare", "a": "Ann", "b": "Di"})"), {"yes", "Yes, Ann is above Di."});
  expect_passes(spec(R"({"kind": "compare", "a": "Di", "b": "Ann"})"), {"no"});
  expect_no_pass(spec(R"({"kind": "compare", "a": "Di", "b": "Ann"})"), {"yes", "", "Ann"});
}

TEST(Ordering, FactsMustDecide) {
  const auto error = [](std::string_view facts, std::string_view question) {
    return refusal(fmt::format(R"({{"verifier": "ordering", "facts": {}, "question": {}}})", facts, question));
  };
  const std::string_view fork = R"([["A", ">", "B"], ["A", ">", "C"]])";
  EXPECT_EQ(error(fork, R"({"kind": "top"})"), "");
  EXPECT_THAT(error(fork, R"({"kind": "bottom"})"), HasSubstr("do not decide"));
  EXPECT_THAT(error(fork, R"({"kind": "full"})"), HasSubstr("do not decide"));
  EXPECT_THAT(error(fork, R"({"kind": "compare", "a": "B", "b": "C"})"), HasSubstr("do not decide"));
  EXPECT_THAT(error(fork, R"({"kind": "compare", "a": "B", "b": "D"})"), HasSubstr("no fact names"));
  EXPECT_THAT(error(R"([["A", ">", "B"], ["B", ">", "A"]])", R"({"kind": "top"})"), HasSubstr("above itself"));
  EXPECT_THAT(error(R"([["A", ">", "A"]])", R"({"kind": "top"})"), HasSubstr("names"));
  EXPECT_THAT(error(R"([["A", "~", "B"]])", R"({"kind": "top"})"), HasSubstr("~"));
  EXPECT_THAT(error(R"([["A", ">"]])", R"({"kind": "top"})"), HasSubstr("a fact must be"));
  EXPECT_THAT(error(fork, R"({"kind": "nth", "n": 4})"), HasSubstr("from 1 to 3"));
  EXPECT_THAT(error(fork, R"({"kind": "top", "n": 1})"), HasSubstr("unknown field \"n\""));
}

}  // namespace
}  // namespace hermes::verify
