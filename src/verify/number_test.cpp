// The verifiers of one number, one text, one truth, and units: attacked with right answers in odd clothes and wrong
// ones in right clothes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/judging_for_test.h"

namespace hermes::verify {
namespace {

using testing::HasSubstr;

constexpr std::string_view k1951 = R"x({"verifier": "number", "expression": "1900 + 3 * (12 + 5)"})x";

TEST(Number, RightInOddClothes) {
  expect_passes(k1951, {"1951",
                        "1,951",
                        " 1951\n",
                        "**1951**",
                        "*1951*",
                        "`1951`",
                        "\"1951\"",
                        "The answer is 1951.",
                        "the answer is **1951**",
                        "The final answer is: 1951",
                        "Answer: 1951",
                        "\\boxed{1951}",
                        "$\\boxed{1,951}$",
                        "So we get \\boxed{1951}.",
                        "\\boxed{1900 + 51 = 1951}",
                        "$1951$",
                        "\\(1951\\)",
                        "1951.0",
                        "1951.",
                        "01951",
                        "+1951",
                        "1.951e3",
                        "3902/2",
                        "\\frac{3902}{2}",
                        "1900 + 51 = 1951",
                        "3 * 17 = 51, and 51 + 1900 is right.\nThe answer is 1951.",
                        "The answer is 1900 + 51 = 1951.",
                        "There are 1951 of them.",
                        "First 12 + 5 is 17. Then 3 times 17 is 51. That makes 1951.",
                        "The sum of 1900 and 51 is 1951.",
                        "1951 apples",
                        "The answer is 1951 apples.",
                        "#### 1951",
                        "1951. I hope this helps!",
                        "The 3rd step gives 1951.",
                        "The answer to 1900 + 3 * (12 + 5) is 1951.",
                        "The answer is 1951 = 1951."});
}

TEST(Number, WrongInRightClothes) {
  expect_no_pass(k1951, {"",
                         " ",
                         "1950",
                         "1952",
                         "-1951",
                         "19510",
                         "1.951",
                         "19,51",
                         "1951.5",
                         "1951%",
                         "1951e1",
                         "x1951",
                         "1951/2",
                         "1/1951",
                         "19.51.0",
                         "1950 or 1951",
                         "1951 or 1950",
                         "1951 or so",
                         "about 1951",
                         "It is either 1951 or something else.",
                         "not 1951",
                         "The answer is not 1951.",
                         "The answer isn't 1951.",
                         "1951?",
                         "Is it 1951?",
                         "maybe 1951",
                         "less than 1951",
                         "between 1951 and 1951",
                         "\\boxed{1950} (it might also be 1951)",
                         "\\boxed{1951} or \\boxed{1950}",
                         "\\boxed{1951, 1950}",
                         "\\boxed{}",
                         "\\boxed{1951} or maybe 3",
                         "1951 is wrong. The answer is 1950.",
                         "The answer is 1951. Actually, the answer is 1950.",
                         "The answer is 1951. Or 1950.",
                         "The answer is 1950 because 1900 + 51 = 1951.",
                         "1951 + 1 = 1952",
                         "x = 1950, x = 1951",
                         "x = 1950 or x = 1951",
                         "1951\n1950",
                         "1950\n1951",
                         "1949, 1950, 1951, 1952",
                         "1951 1951 1952",
                         "one thousand nine hundred and fifty-one",
                         "1951 - 1",
                         "The answer is in [1900, 2000].",
                         "\\boxed{1950} 1951",
                         "1951-01-01",
                         "19:51"});
}

TEST(Number, FractionsAndNegatives) {
  expect_passes(R"({"verifier": "number", "expression": "1 / 8 - 1"})",
                {"-0.875", "-7/8", "\\boxed{-\\frac{7}{8}}", "The answer is -0.8750",
                 "\xe2\x88\x92"
                 "0.875",
                 "-.875"});
  expect_no_pass(R"({"verifier": "number", "expression": "1 / 8 - 1"})", {"0.875", "- 0.874", "-0.88", "1 - 0.875"});
  expect_no_pass(R"({"verifier": "number", "expression": "1 / 3"})", {"0.333", "0.3333333333333333"});
  expect_passes(R"({"verifier": "number", "expression": "1 / 3"})", {"1/3", "\\boxed{\\frac{1}{3}}"});
  expect_passes(R"({"verifier": "number", "value": 0.1})", {"0.1", "1/10", ".1"});
  expect_passes(R"({"verifier": "number", "expression": "0.1 + 0.2"})", {"0.3"});
  expect_no_pass(R"({"verifier": "number", "expression": "0.1 + 0.2"})", {"0.30000000000000004"});
}

TEST(Number, Units) {
  const std::string_view km = R"({"verifier": "number", "value": 12, "unit": "km"})";
  expect_passes(km, {"12", "12 km", "12km", "12 kilometers", "**12 km**", "12 KM", "The answer is 12 km.",
                     "\\boxed{12\\text{ km}}", "$12~\\mathrm{km}$", "It is 12 in total."});
  expect_no_pass(km, {"12 m", "12 miles or 12 km", "12 kg", "12m", "12 %", "The answer is 12 hours.",
                      "\\boxed{12\\text{ m}}", "12 km (12 m)"});
  const std::string_view apples = R"({"verifier": "number", "value": 12, "unit": "apples"})";
  expect_passes(apples, {"12 apples", "12", "12 Apple", "She has 12 of them left."});
  expect_no_pass(apples, {"12 pears", "12%", "13 apples"});
}

TEST(Number, Refusals) {
  const auto expression = [](std::string_view text) {
    return refusal(fmt::format(R"({{"verifier": "number", "expression": "{}"}})", text));
  };
  EXPECT_THAT(expression("1 / 0"), HasSubstr("division by zero"));
  EXPECT_THAT(expression("1 / (3 - 3)"), HasSubstr("division by zero"));
  EXPECT_THAT(expression("1 +"), HasSubstr("cannot be read"));
  EXPECT_THAT(expression(""), HasSubstr("cannot be read"));
  EXPECT_THAT(expression("2 x"), HasSubstr("has no meaning"));
  EXPECT_THAT(expression("09:45"), HasSubstr("has no meaning"));
  EXPECT_THAT(expression("1 < 2"), HasSubstr("true or false"));
  EXPECT_THAT(expression("99999999999999999999 * 99999999999999999999"), HasSubstr("larger numbers"));
  EXPECT_THAT(expression(std::string(5000, '(')), HasSubstr("cannot be read"));
  EXPECT_THAT(expression(std::string(20000, '1')), HasSubstr("20000 bytes"));
  EXPECT_THAT(refusal(R"({"verifier": "number"})"), HasSubstr("either"));
  EXPECT_THAT(refusal(R"({"verifier": "number", "value": 1, "expression": "1"})"), HasSubstr("either"));
  EXPECT_THAT(refusal(R"({"verifier": "number", "value": 1e300})"), HasSubstr("beyond"));
}

TEST(Text, Clothes) {
  const std::string_view tom = R"({"verifier": "text", "any_of": ["Tom", "Thomas B."]})";
  expect_passes(tom,
                {"Tom", "tom", "TOM.", "**Tom**", "\"Tom\"", "\"Tom.\"", "The answer is Tom.", "The answer is **Tom**.",
                 "Answer: Tom", "\\boxed{Tom}", "\\boxed{\\text{Tom}}", "$\\boxed{\\text{Tom}}$", "Thomas B.",
                 "The tallest is Tom.", "`Tom`", "Ann is not it. The answer is Tom."});
  expect_no_pass(tom, {"", "Tommy", "To", "Tom or Ann", "Ann", "not Tom", "Tom?", "The answer is not Tom.",
                       "The answer is Tom or Ann.", "The answer is Ann. Not Tom", "\\boxed{Tom} \\boxed{Ann}",
                       "\\boxed{Ann} Tom", "Tom, Ann", "Tom\nAnn", "Tom Tom", "Maybe it is Tom", "**", "\""});
  const std::string_view exact = R"({"verifier": "text", "any_of": ["Tom"], "ignore_case": false})";
  expect_passes(exact, {"Tom", "**Tom**"});
  expect_no_pass(exact, {"tom", "TOM"});
  EXPECT_THAT(refusal(R"({"verifier": "text", "any_of": []})"), HasSubstr("empty"));
  EXPECT_THAT(refusal(R"({"verifier": "text", "any_of": [" "]})"), HasSubstr("white space"));
}

TEST(YesNo, Clothes) {
  const std::string_view yes = R"({"verifier": "yes_no", "expression": "not (true and false) or true"})";
  const std::string_view no = R"({"verifier": "yes_no", "comparison": "3 * 2 < 5"})";
  expect_passes(yes, {"yes", "Yes.", "TRUE", "**True**", "The answer is yes.", "\\boxed{\\text{True}}", "true!",
                      "Yes, 6 is more than 5.", "It is true."});
  expect_passes(no, {"no", "No.", "false", "No, 6 is not less than 5.", "The answer is: False"});
  for (const std::string_view spec : {yes, no}) {
    expect_no_pass(spec,
                   {"", "yes or no", "Yes. No.", "maybe", "perhaps yes", "perhaps no", "true or false?", "not true",
                    "not false", "The answer is not yes", "yesno", "y", "1", "\\boxed{yes}\\boxed{no}"});
  }
  expect_no_pass(yes, {"no", "false", "The answer is no."});
  expect_no_pass(no, {"yes", "true", "The answer is true.", "Yes, no doubt"});
}

TEST(YesNo, Evaluates) {
  const struct {
    std::string_view expression;
    bool truth;
  } cases[] = {
      {"true", true},
      {"not true", false},
      {"not not true", true},
      {"true and false", false},
      {"false or true and false", false},
      {"true or true and false", true},
      {"(true or true) and false", false},
      {"true xor true", false},
      {"true xor false", true},
      {"true or true xor true", true},
      {"false implies false", true},
      {"true implies false", false},
      {"false implies true implies false", true},
      {"not false and false", false},
      {"not (false and false)", true},
      {"true == true", true},
      {"(true and false) == false", true},
      {"TRUE AND NOT FALSE", true},
      {"3 < 5", true},
      {"5 <= 5", true},
      {"5 >= 5.0", true},
      {"1/3 > 0.3333", true},
      {"2 + 2 == 4", true},
      {"2 + 2 != 4", false},
      {"3 < 5 and 5 < 3", false},
      {"not 5 < 3", true},
      {"-3 < -2", true},
  };
  for (const auto& c : cases) {
    const std::string spec = fmt::format(R"({{"verifier": "yes_no", "expression": "{}"}})", c.expression);
    EXPECT_EQ(judged(spec, "yes"), c.truth ? Outcome::kPass : Outcome::kFail) << c.expression;
    EXPECT_EQ(judged(spec, "no"), c.truth ? Outcome::kFail : Outcome::kPass) << c.expression;
  }
}

TEST(YesNo, RefusesWhatTwoReadersReadDifferently) {
  for (const std::string_view expression :
       {"true and false == false", "not true == false", "true == false or true", "1", "1 < 2 < 3", "true < false",
        "true and 1", "not 1", "true false", "()"}) {
    EXPECT_NE(refusal(fmt::format(R"({{"verifier": "yes_no", "expression": "{}"}})", expression)), "") << expression;
  }
}

TEST(Units, Converts) {
  const struct {
    std::string_view value, from, to, answer;
  } cases[] = {{"3.5", "km", "m", "3500"},   {"3.1", "km", "mm", "3100000"}, {"250", "cm", "m", "2.5"},
               {"1", "m", "km", "0.001"},    {"2.5", "t", "kg", "2500"},     {"90", "min", "h", "1.5"},
               {"2", "weeks", "days", "14"}, {"3", "days", "h", "72"},       {"1", "h", "s", "3600"},
               {"0.75", "l", "ml", "750"},   {"20", "min", "h", "1/3"},      {"5", "kilograms", "grams", "5000"}};
  for (const auto& c : cases) {
    const std::string spec =
        fmt::format(R"({{"verifier": "units", "value": {}, "from": "{}", "to": "{}"}})", c.value, c.from, c.to);
    expect_passes(spec, {c.answer, fmt::format("{} {}", c.answer, c.to),
                         fmt::format("{} {} = {} {}", c.value, c.from, c.answer, c.to),
                         fmt::format("**{} {}**", c.answer, c.to)});
    expect_no_pass(
        spec, {fmt::format("{} {}", c.answer, c.from), fmt::format("{}1", c.answer),
               fmt::format("{} {}", c.value, c.from), fmt::format("{} {} = {} {}", c.answer, c.to, c.value, c.from)});
  }
  EXPECT_THAT(refusal(R"({"verifier": "units", "value": 1, "from": "km", "to": "kg"})"),
              HasSubstr("cannot be converted"));
  EXPECT_THAT(refusal(R"({"verifier": "units", "value": 1, "from": "furlong", "to": "m"})"), HasSubstr("furlong"));
}

}  // namespace
}  // namespace hermes::verify
