#include "sampling/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/rng.h"

namespace hermes::sampling {
namespace {

using ::testing::HasSubstr;
constexpr float kInf = std::numeric_limits<float>::infinity();

// Relative frequencies of `n` draws at positions 0, 1, 2, ...
std::map<int32_t, double> frequencies(const SamplingParams& params, const std::vector<float>& logits, int n) {
  Sampler sampler(params);
  std::map<int32_t, double> counts;
  for (int i = 0; i < n; ++i) counts[sampler.sample(logits, static_cast<uint64_t>(i)).value()] += 1.0 / n;
  return counts;
}

std::vector<float> logits_of(std::vector<double> probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

TEST(Sampler, GreedyTakesTheLargestAndTheLowestIdOnTies) {
  EXPECT_EQ(Sampler({}).sample(std::vector<float>{1, 3, 3, 2}, 0).value(), 1);
  EXPECT_EQ(Sampler({}).sample(std::vector<float>{-kInf, -5, -kInf}, 0).value(), 1);
}

TEST(Sampler, BrokenLogitsAreAnError) {
  for (const double temperature : {0.0, 1.0}) {
    Sampler sampler({.temperature = temperature});
    EXPECT_FALSE(sampler.sample(std::vector<float>{1, std::nanf(""), 2}, 0).ok());
    EXPECT_FALSE(sampler.sample(std::vector<float>{1, kInf, 2}, 0).ok());
    EXPECT_FALSE(sampler.sample(std::vector<float>{-kInf, -kInf}, 0).ok());
    EXPECT_FALSE(sampler.sample(std::vector<float>{}, 0).ok());
  }
}

// Four standard deviations of a proportion estimated from n draws.
double four_sigma(double p, int n) { return 4 * std::sqrt(p * (1 - p) / n); }

TEST(Sampler, FrequenciesFollowTheSoftmax) {
  const int n = 40000;
  const auto counts = frequencies({.temperature = 1, .seed = 7}, logits_of({0.5, 0.3, 0.15, 0.05}), n);
  for (const auto& [token, p] : std::map<int32_t, double>{{0, 0.5}, {1, 0.3}, {2, 0.15}, {3, 0.05}}) {
    EXPECT_NEAR(counts.at(token), p, four_sigma(p, n));
  }
}

TEST(Sampler, TemperatureSharpens) {
  const int n = 40000;
  const auto counts = frequencies({.temperature = 0.5, .seed = 7}, logits_of({0.6, 0.4}), n);
  const double p = 0.36 / (0.36 + 0.16);  // squared and renormalised
  EXPECT_NEAR(counts.at(0), p, four_sigma(p, n));
}

TEST(Sampler, TopKKeepsTheMostLikely) {
  const auto counts = frequencies({.temperature = 1, .top_k = 2, .seed = 1}, logits_of({0.1, 0.4, 0.2, 0.3}), 20000);
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_NEAR(counts.at(1), 4.0 / 7, four_sigma(4.0 / 7, 20000));
}

TEST(Sampler, TopPKeepsTheTokenThatReachesIt) {
  const auto counts = frequencies({.temperature = 1, .top_p = 0.65, .seed = 1}, logits_of({0.1, 0.4, 0.2, 0.3}), 20000);
  EXPECT_EQ(counts.size(), 2U);  // 0.4 + 0.3 reaches 0.65, 0.4 alone does not
  EXPECT_TRUE(counts.contains(1) && counts.contains(3));
}

TEST(Sampler, MinPIsRelativeToTheMostLikely) {
  const auto counts = frequencies({.temperature = 1, .min_p = 0.6, .seed = 1}, logits_of({0.1, 0.4, 0.2, 0.3}), 20000);
  EXPECT_EQ(counts.size(), 2U);  // 0.3 >= 0.6 * 0.4 > 0.2
}

TEST(Sampler, FiltersComposeInOrder) {
  // top-k leaves 0.4 0.3 0.2 (renormalised 0.444 0.333 0.222); top-p 0.7 keeps 0.4 and 0.3.
  const auto counts =
      frequencies({.temperature = 1, .top_k = 3, .top_p = 0.7, .seed = 3}, logits_of({0.1, 0.4, 0.2, 0.3}), 20000);
  EXPECT_EQ(counts.size(), 2U);
}

TEST(Sampler, LongTailsAreKeptAndCut) {
  std::vector<float> logits(100000, 0.0F);  // flat: top-p must walk far past the first sorted piece
  Sampler sampler({.temperature = 1, .top_p = 0.5, .seed = 9});
  for (uint64_t i = 0; i < 50; ++i) EXPECT_LT(sampler.sample(logits, i).value(), 50001);
}

TEST(Sampler, ADrawDependsOnSeedAndPositionAlone) {
  Rng rng(5);
  std::vector<float> logits(500);
  for (float& x : logits) x = static_cast<float>(rng.normal());
  const SamplingParams params{.temperature = 1, .top_k = 100, .top_p = 0.95, .seed = 11};
  Sampler one(params), other(params);
  std::vector<int32_t> forward, backward;
  for (uint64_t i = 0; i < 100; ++i) forward.push_back(one.sample(logits, i).value());
  for (uint64_t i = 100; i-- > 0;) backward.push_back(other.sample(logits, i).value());
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(forward, backward);
  SamplingParams reseeded = params;
  reseeded.seed = 12;
  Sampler third(reseeded);
  std::vector<int32_t> different;
  for (uint64_t i = 0; i < 100; ++i) different.push_back(third.sample(logits, i).value());
  EXPECT_NE(forward, different);
}

TEST(SamplingParams, RefusesByName) {
  const double nan = std::nan("");
  EXPECT_TRUE(SamplingParams{}.validate().ok());
  EXPECT_THAT(SamplingParams{.temperature = -1}.validate().error().message(), HasSubstr("temperature"));
  EXPECT_THAT(SamplingParams{.temperature = nan}.validate().error().message(), HasSubstr("temperature"));
  EXPECT_THAT(SamplingParams{.top_k = -1}.validate().error().message(), HasSubstr("top_k"));
  EXPECT_THAT(SamplingParams{.top_p = 0}.validate().error().message(), HasSubstr("top_p"));
  EXPECT_THAT(SamplingParams{.top_p = nan}.validate().error().message(), HasSubstr("top_p"));
  EXPECT_THAT(SamplingParams{.min_p = 1.5}.validate().error().message(), HasSubstr("min_p"));
}

}  // namespace
}  // namespace hermes::sampling
