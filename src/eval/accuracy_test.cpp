#include "eval/accuracy.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

namespace hermes::eval {
namespace {

TEST(WilsonInterval, AgreesWithPublishedValuesAndItsDefinition) {
  // The ends are where |p - passed/n| = z sqrt(p (1 - p) / n).
  for (const auto& [passed, n] : {std::pair<int64_t, int64_t>{81, 263}, {1, 29}, {15, 148}, {999, 1000}, {5, 10}}) {
    const auto [low, high] = wilson_interval(passed, n);
    const double share = static_cast<double>(passed) / static_cast<double>(n);
    for (const double p : {low, high}) {
      EXPECT_NEAR(std::abs(p - share), 1.959963984540054 * std::sqrt(p * (1 - p) / static_cast<double>(n)), 1e-12);
    }
    EXPECT_LT(low, share);
    EXPECT_GT(high, share);
  }
  // Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662.
  EXPECT_NEAR(wilson_interval(81, 263).first, 0.2553, 5e-5);
  EXPECT_NEAR(wilson_interval(81, 263).second, 0.3662, 5e-5);
  EXPECT_EQ(wilson_interval(0, 10).first, 0);
  EXPECT_EQ(wilson_interval(10, 10).second, 1);
  EXPECT_EQ(wilson_interval(0, 0), (std::pair<double, double>{0, 1}));
}

TEST(Scores, CountByModeFamilyAndLevel) {
  Scores scores;
  scores.add("think", "sums", 1, true);
  scores.add("think", "sums", 2, false);
  scores.add("direct", "sums", 1, false);
  scores.add("think", "talk", 1, true);
  const json::object report = scores.to_json("t");
  const json::array& results = report.at("results").as_array();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[1].at("mode").as_string(), "think");
  EXPECT_EQ(results[1].at("n").as_int64(), 3);
  EXPECT_DOUBLE_EQ(results[1].at("accuracy").as_double(), 2.0 / 3);
  EXPECT_EQ(results[1].at("by").at("sums").at("2").at("accuracy").as_double(), 0);
  EXPECT_EQ(results[1].at("by").at("sums").at("all").at("n").as_int64(), 2);
  const std::string table = scores.text();
  EXPECT_NE(table.find("  level 2"), std::string::npos);
  EXPECT_EQ(table.find("talk\n  level"), std::string::npos);  // one level: no line of its own
}

}  // namespace
}  // namespace hermes::eval
