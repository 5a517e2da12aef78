#include "verify/verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/judging_for_test.h"

namespace hermes::verify {
namespace {

using testing::HasSubstr;

TEST(Verifier, NamesAscendAndAreKnown) {
  const std::vector<std::string_view> names = verifier_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(names.size(), 21u);
  for (const std::string_view name : names) {
    // Every verifier refuses fields that it does not know, by name.
    const std::string error = refusal(fmt::format(R"({{"verifier": "{}", "colour": 1}})", name));
    EXPECT_THAT(error, HasSubstr("colour")) << name;
    EXPECT_THAT(error, HasSubstr(fmt::format("test: {}", name)));
  }
}

TEST(Verifier, RefusesSpecificationsByName) {
  const struct {
    std::string_view specification, message;
  } cases[] = {
      {R"({})", "\"verifier\" is missing"},
      {R"({"verifier": 1})", "\"verifier\" must be a string"},
      {R"({"verifier": "oracle"})", "no verifier is called \"oracle\""},
      {R"({"verifier": "all_of", "of": []})", "\"of\" is empty"},
      {R"({"verifier": "all_of", "of": [1]})", "of[0]: must be an object"},
      {R"({"verifier": "any_of", "of": [{"verifier": "number", "value": "x"}]})", "\"value\" must be a number"},
  };
  for (const auto& c : cases) EXPECT_THAT(refusal(c.specification), HasSubstr(c.message)) << c.specification;
}

TEST(Verifier, NestingIsBounded) {
  const auto nested = [](int depth) {
    std::string spec = R"({"verifier": "number", "value": 1})";
    for (int i = 0; i < depth; ++i) spec = R"({"verifier": "all_of", "of": [)" + spec + "]}";
    return spec;
  };
  EXPECT_EQ(refusal(nested(7)), "");
  EXPECT_THAT(refusal(nested(8)), HasSubstr("nested deeper"));
}

TEST(Verifier, AllAndAny) {
  const std::string one = R"({"verifier": "number", "value": 1})", two = R"({"verifier": "number", "value": 2})";
  const std::string yes = R"({"verifier": "yes_no", "comparison": "1 < 2"})";
  const auto of = [](std::string_view name, const std::string& a, const std::string& b) {
    return fmt::format(R"({{"verifier": "{}", "of": [{}, {}]}})", name, a, b);
  };
  EXPECT_EQ(judged(of("all_of", one, one), "1"), Outcome::kPass);
  EXPECT_EQ(judged(of("all_of", one, two), "1"), Outcome::kFail);
  EXPECT_EQ(judged(of("all_of", yes, two), "1"), Outcome::kFail);
  EXPECT_EQ(judged(of("all_of", one, yes), "1"), Outcome::kCouldNotTell);
  EXPECT_EQ(judged(of("all_of", yes, one), "1"), Outcome::kCouldNotTell);
  EXPECT_EQ(judged(of("any_of", two, one), "1"), Outcome::kPass);
  EXPECT_EQ(judged(of("any_of", yes, one), "1"), Outcome::kPass);
  EXPECT_EQ(judged(of("any_of", two, two), "1"), Outcome::kFail);
  EXPECT_EQ(judged(of("any_of", yes, two), "1"), Outcome::kCouldNotTell);
}

TEST(Verifier, WhatIsNoTextIsNotJudged) {
  const std::string spec = R"({"verifier": "number", "value": 12})";
  EXPECT_EQ(judged(spec, "12"), Outcome::kPass);
  EXPECT_EQ(judged(spec, "12\xff"), Outcome::kCouldNotTell);
  EXPECT_EQ(judged(spec, std::string_view("12\0", 3)), Outcome::kCouldNotTell);
  EXPECT_EQ(judged(spec, "12\x1b[0m"), Outcome::kCouldNotTell);
  EXPECT_EQ(judged(spec, std::string(5 << 20, '1')), Outcome::kCouldNotTell);
}

TEST(Verifier, ReasoningNeverCounts) {
  chat::Reply reply;
  reply.reasoning = "The answer is 12.";
  reply.content = "Done.";
  EXPECT_EQ(verdict(R"({"verifier": "number", "value": 12})", reply).outcome, Outcome::kCouldNotTell);
  reply.content = "13";
  EXPECT_EQ(verdict(R"({"verifier": "number", "value": 12})", reply).outcome, Outcome::kFail);
}

}  // namespace
}  // namespace hermes::verify
