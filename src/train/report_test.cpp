#include "train/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

namespace hermes::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Recipe recipe() {
  Recipe recipe;
  recipe.source = {{"name", "a<b"}, {"optimizer", {{"learning_rate", 0.002}}}, {"steps", 7}};
  return recipe;
}

std::vector<MetricPoint> points(int64_t n) {
  std::vector<MetricPoint> all;
  for (int64_t step = 1; step <= n; ++step) {
    all.push_back({.step = step,
                   .loss = 3.0 / static_cast<double>(step),
                   .test_loss = std::nullopt,
                   .learning_rate = 1e-3,
                   .gradient_norm = 1,
                   .tokens_per_second = 100,
                   .n_tokens = 10});
  }
  return all;
}

size_t count(const std::string& text, std::string_view part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Report, NeedsNothingElse) {
  const std::string html =
      html_report({.title = "a<b: training", .rows = {{"parameters", "5 M"}}}, recipe(), points(20));
  for (const char* outside : {"http", "src=", "<script", "<link", "@import", "url("}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
}

TEST(Report, ShowsCurvesFactsAndRecipe) {
  std::vector<MetricPoint> all = points(20);
  all[9].test_loss = 0.5;
  const std::string html = html_report({.title = "a<b: training", .rows = {{"parameters", "5 M"}}}, recipe(), all);
  EXPECT_EQ(count(html, "<svg"), 4U);
  EXPECT_EQ(count(html, "<polyline"), 5U);  // held-out loss beside the loss
  EXPECT_EQ(count(html, "class=\"dot\""), 1U);
  EXPECT_THAT(html, HasSubstr("<h1>a&lt;b: training</h1>"));
  EXPECT_THAT(html, HasSubstr("<td>parameters</td><td>5 M</td>"));
  EXPECT_THAT(html, HasSubstr("<td>optimizer.learning_rate</td><td>0.002</td>"));
  EXPECT_THAT(html, HasSubstr("<td>name</td><td>a&lt;b</td>"));
}

TEST(Report, OddRunsAreDrawnToo) {
  EXPECT_EQ(count(html_report({}, recipe(), {}), "nothing measured"), 4U);
  std::vector<MetricPoint> one = points(1);
  one[0].gradient_norm = std::nan("");
  const std::string html = html_report({}, recipe(), one);
  EXPECT_EQ(count(html, "nothing measured"), 1U);
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  EXPECT_THAT(html, Not(HasSubstr("inf")));
}

TEST(Report, ALongRunStaysSmall) { EXPECT_LT(html_report({}, recipe(), points(200000)).size(), 200000U); }

}  // namespace
}  // namespace hermes::train
