#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace hermes {
namespace {

TEST(Result, HoldsAValue) {
  Result<int> result = 7;
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_EQ(*result, 7);
  *result = 8;
  EXPECT_EQ(result.value(), 8);
}

TEST(Result, HoldsAnError) {
  const Result<std::string> result = Error::corrupt("{}: byte {}", "a.json", 3);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(result.error().message(), "a.json: byte 3");
}

TEST(Result, EachMakerGivesItsCode) {
  EXPECT_EQ(Error::invalid("x").code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Error::not_found("x").code(), ErrorCode::kNotFound);
  EXPECT_EQ(Error::corrupt("x").code(), ErrorCode::kCorrupt);
  EXPECT_EQ(Error::unsupported("x").code(), ErrorCode::kUnsupported);
  EXPECT_EQ(Error::exhausted("x").code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(Error::io("x").code(), ErrorCode::kIo);
}

TEST(Result, ContextComesFirstAndTheCodeStays) {
  const Error error = Error::io("disk full").with_context("out.bin");
  EXPECT_EQ(error.message(), "out.bin: disk full");
  EXPECT_EQ(error.code(), ErrorCode::kIo);
}

TEST(Result, AResultOfAnErrorCodeNamesIt) {
  EXPECT_EQ(to_string(ErrorCode::kCorrupt), "corrupt");
  EXPECT_EQ(to_string(ErrorCode::kCancelled), "cancelled");
}

TEST(Result, CarriesMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  ASSERT_TRUE(result.ok());
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, ArrowReachesMembers) {
  Result<std::string> result = std::string("abc");
  EXPECT_EQ(result->size(), 3U);
  result->push_back('d');
  EXPECT_EQ(std::as_const(result)->back(), 'd');
}

TEST(Status, IsSuccessUnlessGivenAnError) {
  EXPECT_TRUE(Status().ok());
  const Status failed = Error::invalid("no");
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message(), "no");
}

Status fail_if(bool fail) {
  if (fail) return Error::invalid("failed");
  return {};
}

Status try_in_turn(bool first, bool second, int& reached) {
  HERMES_TRY(fail_if(first));
  reached = 1;
  if (second) HERMES_TRY(fail_if(true));  // an unbraced if must take the whole macro
  reached = 2;
  return {};
}

TEST(Macros, TryReturnsTheFirstError) {
  int reached = 0;
  EXPECT_FALSE(try_in_turn(true, false, reached).ok());
  EXPECT_EQ(reached, 0);
  EXPECT_FALSE(try_in_turn(false, true, reached).ok());
  EXPECT_EQ(reached, 1);
  EXPECT_TRUE(try_in_turn(false, false, reached).ok());
  EXPECT_EQ(reached, 2);
}

Result<std::unique_ptr<int>> make(int value) {
  if (value < 0) return Error::invalid("negative");
  return std::make_unique<int>(value);
}

Result<int> sum(int a, int b) {
  HERMES_ASSIGN(const std::unique_ptr<int> x, make(a));
  std::unique_ptr<int> y;
  HERMES_ASSIGN(y, make(b));  // to a variable that is there already
  return *x + *y;
}

TEST(Macros, AssignTakesTheValueOrReturnsTheError) {
  EXPECT_EQ(*sum(2, 3), 5);
  EXPECT_EQ(sum(-1, 3).error().message(), "negative");
  EXPECT_EQ(sum(2, -1).error().message(), "negative");
}

TEST(ResultDeathTest, AskingForWhatIsNotThereEndsTheProgram) {
  const Result<int> failed = Error::invalid("the reason");
  EXPECT_DEATH(static_cast<void>(failed.value()), "value\\(\\) of a failed Result: the reason");
  const Result<int> fine = 1;
  EXPECT_DEATH(static_cast<void>(fine.error()), "error\\(\\) of a Result that holds a value");
  const Status success;
  EXPECT_DEATH(static_cast<void>(success.error()), "error\\(\\) of a Result that succeeded");
}

TEST(CheckDeathTest, NamesThePlaceTheConditionAndTheValues) {
  const int n = 3;
  EXPECT_DEATH(HERMES_CHECK(n == 4, "n is {}", n), "result_test.cpp:[0-9]+: check failed: n == 4: n is 3");
  EXPECT_DEATH(HERMES_CHECK(n == 4), "check failed: n == 4");
}

}  // namespace
}  // namespace hermes
