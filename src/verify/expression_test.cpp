// Rational numbers and the evaluator, below the verifiers.
#include "verify/expression.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "verify/number_text.h"

namespace hermes::verify {
namespace {

std::string value_of(std::string_view expression) {
  const Result<Rational> value = evaluate_number(expression, "test");
  return value.ok() ? value->text() : "error";
}

TEST(Expression, Numbers) {
  const struct {
    std::string_view expression, value;
  } cases[] = {{"3 * (4 + 5) - 2", "25"}, {"2 + 3 * 4", "14"},        {"10 - 4 - 3", "3"},   {"24 / 4 / 2", "3"},
               {"24 / 4 * 2", "12"},      {"-3 * -3", "9"},           {"- -3", "3"},         {"-(3 + 4)", "-7"},
               {"1 / 3 + 1 / 6", "1/2"},  {"0.1 + 0.2", "3/10"},      {"1,951 + 1", "1952"}, {"((((7))))", "7"},
               {"1e3 * 2", "2000"},       {"7 * 8 / 7", "8"},         {"3 (4)", "error"},    {"1 / 3 * 3", "1"},
               {"6 \xc3\xb7 4", "3/2"},   {"2 \xe2\x88\x92 5", "-3"}, {"", "error"},         {")", "error"}};
  for (const auto& c : cases) EXPECT_EQ(value_of(c.expression), c.value) << c.expression;
}

TEST(Expression, AgreesWithIntegersOnRandomTrees) {
  Rng rng(5);
  for (int i = 0; i < 2000; ++i) {
    // Both sides are built together, left to right, in brackets.
    std::string text = fmt::format("{}", rng.below(100));
    int64_t value = std::stoll(text);
    for (int k = 0; k < 6; ++k) {
      const auto operand = static_cast<int64_t>(rng.below(20));
      const char op = "+-*"[rng.below(3)];
      value = op == '+' ? value + operand : op == '-' ? value - operand : value * operand;
      text = fmt::format("({} {} {})", text, op, operand);
    }
    EXPECT_EQ(value_of(text), std::to_string(value)) << text;
  }
}

TEST(Rational, LimitsAreRefusedNotWrapped) {
  Rational power(1);
  int doublings = 0;
  for (;; ++doublings) {
    const std::optional<Rational> next = power + power;
    if (!next) break;
    power = *next;
  }
  EXPECT_EQ(doublings, 125);  // 2^126 is the first that does not fit
  EXPECT_FALSE(power * power);
  EXPECT_FALSE(Rational(1) / Rational(0));
  EXPECT_TRUE(Rational(1) / power);
  EXPECT_FALSE((*(Rational(1) / power)) / power);
  EXPECT_EQ((-power).text(), "-42535295865117307932921825928971026432");  // 2^125
  EXPECT_EQ(*(power - power), Rational(0));
}

TEST(Rational, Reads) {
  const struct {
    std::string_view text, value;
  } cases[] = {{"12", "12"},      {"3.50", "7/2"}, {".5", "1/2"},  {"007", "7"},
               {"1e-2", "1/100"}, {"1.5e1", "15"}, {"0.000", "0"}, {"", "-"},
               {".", "-"},        {"1.", "-"},     {"-1", "-"},    {"1e", "-"},
               {"1e100", "-"},    {"0e99", "0"},   {"1_0", "-"},   {"12345678901234567890123456789012345678", "-"}};
  for (const auto& c : cases) {
    const std::optional<Rational> value = Rational::parse(c.text);
    EXPECT_EQ(value ? value->text() : "-", c.value) << c.text;
  }
  EXPECT_EQ(Rational::parse(std::string(100000, '0') + "7." + std::string(100000, '0'))->text(), "7");
}

TEST(NumberText, Scans) {
  const struct {
    std::string_view text;
    size_t end;
    std::string_view value;
  } cases[] = {{"1951", 4, "1951"}, {"1,951", 5, "1951"},  {"1,951,000.5", 11, "3902001/2"},
               {"1,95", 1, "1"},    {"12,345,6", 2, "12"}, {"1951,200", 4, "1951"},
               {"3.", 1, "3"},      {"3.x", 1, "3"},       {"1.2.3", 5, "-"},
               {"x", 0, "-"},       {"1e3", 3, "1000"},    {"1e3x", 1, "1"},
               {"2em", 1, "2"},     {".5", 2, "1/2"}};
  for (const auto& c : cases) {
    const NumberText number = scan_number(c.text, 0);
    EXPECT_EQ(number.end, c.end) << c.text;
    EXPECT_EQ(number.value ? number.value->text() : "-", c.value) << c.text;
  }
}

}  // namespace
}  // namespace hermes::verify
