#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/judging_for_test.h"

namespace hermes::verify {
namespace {

using testing::HasSubstr;

TEST(Style, EachCondition) {
  const struct {
    std::string_view fields, right, wrong;
  } cases[] = {
      {R"("starts_with": "Ahoy")", "Ahoy, mate.", "ahoy, mate."},
      {R"("starts_with": "Ahoy")", " Ahoy", "Well, Ahoy"},
      {R"("ends_with": "over.")", "Roger, over.\n", "Over. Done"},
      {R"("contains": ["tea", "milk"])", "milk and tea", "milk"},
      {R"("contains": "tea")", "tea", "Tea"},
      {R"("contains": "tea", "ignore_case": true)", "TEA", "te a"},
      {R"("not_contains": ["tea", "milk"])", "coffee", "steam"},
      {R"("no": ",")", "no commas", "a, b"},
      {R"("no": [",", "!"])", "no.", "no!"},
      {R"("case": "upper")", "ALL UPPER 12!", "ALL UPPEr"},
      {R"("case": "lower")", "all lower 12!", "All lower"},
      {R"("case": "upper")", "A", "12"},
      {R"("max_words": 2)", "two words", "these are three"},
      {R"("max_words": 2)", "two - words", "one two three"},
      {R"("min_words": 2)", "two words", "one"},
      {R"("words": 2)", "two words!", "one"},
      {R"("words": 2)", "two - words", "one two three"},
      {R"("sentences": 1)", "It costs 3.50 today.", "One. Two."},
      {R"("sentences": 2)", "One. Two", "One"},
      {R"("sentences": 2)", "He said \"No!\" Then he left...", "One. Two. Three."},
      {R"("min_sentences": 2)", "Really? Yes.", "Yes?!"},
      {R"("max_sentences": 1)", "Yes", "Yes. No."},
      {R"("starts_with": "A", "ends_with": "z", "words": 2)", "A z", "A z z"},
  };
  for (const auto& c : cases) {
    const std::string spec = fmt::format(R"({{"verifier": "style", {}}})", c.fields);
    expect_passes(spec, {c.right});
    expect_no_pass(spec, {c.wrong, "", " \n"});
  }
}

TEST(Style, Refusals) {
  const auto error = [](std::string_view rest) { return refusal(fmt::format(R"({{"verifier": "style", {}}})", rest)); };
  EXPECT_THAT(error(R"("case": "title")"), HasSubstr("title"));
  EXPECT_THAT(error(R"("words": -1)"), HasSubstr("negative"));
  EXPECT_THAT(error(R"("words": 1, "max_words": 2)"), HasSubstr("\"words\""));
  EXPECT_THAT(error(R"("min_words": 3, "max_words": 2)"), HasSubstr("above"));
  EXPECT_THAT(error(R"("contains": "")"), HasSubstr("empty"));
  EXPECT_THAT(error(R"("contains": [1])"), HasSubstr("strings"));
}

TEST(Words, Bounds) {
  expect_passes(R"({"verifier": "words", "at_least": 2, "at_most": 3})", {"a b", "a b c", " a  b \n"});
  expect_no_pass(R"({"verifier": "words", "at_least": 2, "at_most": 3})", {"a", "a b c d", ""});
  expect_passes(R"({"verifier": "words", "exactly": 0})", {"", "..."});
  expect_passes(R"({"verifier": "sentences", "exactly": 2})", {"One. Two."});
  expect_no_pass(R"({"verifier": "sentences", "exactly": 2})", {"One.", "One. Two. Three.", ""});
  EXPECT_NE(refusal(R"({"verifier": "words", "exactly": 1, "at_least": 1})"), "");
}

}  // namespace
}  // namespace hermes::verify
