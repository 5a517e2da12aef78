// Clock and calendar.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/judging_for_test.h"

namespace hermes::verify {
namespace {

using testing::HasSubstr;

TEST(Clock, Times) {
  const std::string_view spec = R"({"verifier": "clock", "start": "09:45", "add_minutes": 260})";
  expect_passes(spec, {"14:05", "14:05.", "**14:05**", "2:05 pm", "2:05 PM", "02:05 p.m.", "The answer is 14:05.",
                       "09:45 + 4:20 = 14:05", "It arrives at 14:05.", "\\boxed{14:05}", "14:05 h"});
  expect_no_pass(spec, {"", "2:05", "2:05 am", "14:06", "14:50", "14.05", "1405", "14:05 or 14:06", "about 14:05",
                        "14:05:30", "26:05 - 12:00", "from 09:45 to 14:05", "14:5", "14:05 pm", "It is not 14:05."});
  expect_passes(R"({"verifier": "clock", "start": "23:50", "add_minutes": 15})", {"00:05", "0:05", "12:05 am"});
  expect_no_pass(R"({"verifier": "clock", "start": "23:50", "add_minutes": 15})", {"24:05", "12:05", "12:05 pm"});
  expect_passes(R"({"verifier": "clock", "start": "00:05", "add_minutes": -10})", {"23:55"});
  expect_passes(R"({"verifier": "clock", "start": "09:05", "add_minutes": 0})", {"9:05", "09:05"});
}

TEST(Clock, Durations) {
  for (const std::string_view as : {R"("as": "minutes")", R"("as": "hours_minutes")"}) {
    const std::string spec = fmt::format(R"({{"verifier": "clock", "start": "09:45", "end": "11:55", {}}})", as);
    expect_passes(spec, {"2 hours 10 minutes", "2 hours and 10 minutes", "2 h 10 min", "2:10", "130 minutes", "130 min",
                         "2h 10min", "**130 minutes**", "The answer is 2 hours, 10 minutes.",
                         "2 hours 10 minutes = 130 minutes"});
    expect_no_pass(
        spec, {"", "2 hours", "10 minutes", "2:11", "131 minutes", "2 hours 11 minutes", "130 hours", "130 seconds",
               "2 hours or 130 minutes", "1 hour 10 minutes", "2 minutes 10 seconds", "about 130 minutes"});
  }
  expect_passes(R"({"verifier": "clock", "start": "09:45", "end": "11:55", "as": "minutes"})", {"130", "\\boxed{130}"});
  expect_no_pass(R"({"verifier": "clock", "start": "09:45", "end": "11:55", "as": "hours_minutes"})", {"130"});
  expect_passes(R"({"verifier": "clock", "start": "23:50", "end": "00:05"})", {"15 minutes"});
}

TEST(Clock, Refusals) {
  const auto error = [](std::string_view rest) { return refusal(fmt::format(R"({{"verifier": "clock", {}}})", rest)); };
  EXPECT_THAT(error(R"("start": "24:00", "add_minutes": 1)"), HasSubstr("24:00"));
  EXPECT_THAT(error(R"("start": "9:60", "add_minutes": 1)"), HasSubstr("9:60"));
  EXPECT_THAT(error(R"("start": "noon", "add_minutes": 1)"), HasSubstr("noon"));
  EXPECT_THAT(error(R"("start": "", "add_minutes": 1)"), HasSubstr("start"));
  EXPECT_THAT(error(R"("start": "09:00")"), HasSubstr("either"));
  EXPECT_THAT(error(R"("start": "09:00", "add_minutes": 1.5)"), HasSubstr("integer"));
  EXPECT_THAT(error(R"("start": "09:00", "add_minutes": 1, "as": "minutes")"), HasSubstr("\"as\""));
}

TEST(Calendar, Weekdays) {
  const std::string_view spec = R"({"verifier": "calendar", "weekday": "Monday", "add_days": 17})";
  expect_passes(spec, {"Thursday", "thursday.", "**Thursday**", "The answer is Thursday.", "It is a Thursday.",
                       "\\boxed{\\text{Thursday}}"});
  expect_no_pass(spec, {"", "Friday", "Thursday or Friday", "Monday, Thursday", "not Thursday", "Thursdays", "4"});
  expect_passes(R"({"verifier": "calendar", "weekday": "Monday", "add_days": -8})", {"Sunday"});
  EXPECT_THAT(refusal(R"({"verifier": "calendar", "weekday": "Moonday", "add_days": 1})"), HasSubstr("Moonday"));
}

TEST(Calendar, Dates) {
  const std::string_view spec = R"({"verifier": "calendar", "date": "2024-03-05", "add_days": 40})";
  expect_passes(
      spec, {"2024-04-14", "April 14, 2024", "14 April 2024", "April 14th, 2024", "14th of April 2024", "Apr. 14, 2024",
             "**2024-04-14**", "The answer is April 14, 2024.", "\\boxed{2024-04-14}", "It is 14 April, 2024."});
  expect_no_pass(spec, {"", "2024-04-15", "2024-14-04", "2025-04-14", "April 14", "April 15, 2024", "14/04/2024",
                        "2024-04-14 or 2024-04-15", "2024-03-05", "2024-04-31", "0000-04-14", "12024-04-14"});
  const std::string_view optional =
      R"({"verifier": "calendar", "date": "2024-03-05", "add_days": 40, "year": "optional"})";
  expect_passes(optional, {"April 14", "14 April", "14th April", "April 14, 2024", "2024-04-14"});
  expect_no_pass(optional, {"April 14, 2025", "April 15", "April", "14"});
}

TEST(Calendar, MonthsAndLeapYears) {
  const struct {
    std::string_view date;
    int days;
    std::string_view answer;
  } cases[] = {{"2024-02-28", 1, "2024-02-29"},  {"2023-02-28", 1, "2023-03-01"}, {"1900-02-28", 1, "1900-03-01"},
               {"2000-02-28", 1, "2000-02-29"},  {"2023-12-31", 1, "2024-01-01"}, {"2024-01-01", 366, "2025-01-01"},
               {"2024-01-01", -1, "2023-12-31"}, {"2024-04-30", 1, "2024-05-01"}, {"2024-01-31", 0, "2024-01-31"}};
  for (const auto& c : cases) {
    expect_passes(fmt::format(R"({{"verifier": "calendar", "date": "{}", "add_days": {}}})", c.date, c.days),
                  {c.answer});
    const std::string_view from = c.days < 0 ? c.answer : c.date, to = c.days < 0 ? c.date : c.answer;
    const std::string between = fmt::format(R"({{"verifier": "calendar", "from": "{}", "to": "{}"}})", from, to);
    const int days = std::abs(c.days);
    expect_passes(between,
                  {fmt::format("{}", days), fmt::format("{} days", days), fmt::format("The answer is {} days.", days)});
    expect_no_pass(between,
                   {fmt::format("{}", days + 1), fmt::format("{} weeks", days), fmt::format("{} hours", days), ""});
  }
  for (const std::string_view date :
       {"2023-02-29", "2024-13-01", "2024-00-01", "2024-01-32", "2024-1-1", "today", "2024-01-01x", ""}) {
    EXPECT_NE(refusal(fmt::format(R"({{"verifier": "calendar", "date": "{}", "add_days": 1}})", date)), "") << date;
  }
  EXPECT_THAT(refusal(R"({"verifier": "calendar", "from": "2024-01-02", "to": "2024-01-01"})"), HasSubstr("before"));
  EXPECT_THAT(refusal(R"({"verifier": "calendar", "date": "9999-12-31", "add_days": 1})"), HasSubstr("1 to 9999"));
  EXPECT_THAT(refusal(R"({"verifier": "calendar", "date": "2024-01-01", "add_days": -900000000})"),
              HasSubstr("1 to 9999"));
}

}  // namespace
}  // namespace hermes::verify
