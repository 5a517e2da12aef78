#include "engine/perplexity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "engine/tiny_model_for_test.h"

namespace hermes::engine {
namespace {

using testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

TEST(TokenScores, AreLogarithmsOfProbabilities) {
  // Probabilities 1/7, 2/7, 4/7, whatever is added to all.
  for (const float shift : {0.0F, 80.0F, -5000.0F}) {
    const float logits[] = {shift, shift + std::log(2.0F), shift + std::log(4.0F)};
    EXPECT_NEAR(score_token(logits, {}, 0).surprise, std::log(7.0), 1e-3);
    EXPECT_NEAR(score_token(logits, {}, 2).surprise, std::log(7.0 / 4), 1e-3);
  }
  const float exact[] = {0, std::log(2.0F), std::log(4.0F)};
  EXPECT_NEAR(score_token(exact, {}, 1).surprise, std::log(3.5), 1e-7);
}

TEST(TokenScores, DivergeFromTheReference) {
  const float model[] = {std::log(4.0F), 0, 0, 0}, reference[] = {std::log(4.0F), std::log(2.0F), 0, 0};
  const TokenScore score = score_token(model, reference, 1);
  EXPECT_NEAR(score.surprise, std::log(7.0), 1e-7);
  EXPECT_NEAR(score.reference_surprise, std::log(4.0), 1e-7);
  // p = 1/2, 1/4, 1/8, 1/8 beside q = 4/7, 1/7, 1/7, 1/7; KL(q || p) would be 0.0345.
  EXPECT_NEAR(score.divergence, 0.75 * std::log(7.0 / 8) + 0.25 * std::log(7.0 / 4), 1e-7);
  EXPECT_TRUE(score.same_top);
  const float equals[] = {0, 0, 0, 0}, other[] = {0, 0, 0, 1};
  EXPECT_TRUE(score_token(equals, reference, 1).same_top);  // of equals the first
  EXPECT_FALSE(score_token(other, reference, 1).same_top);
  EXPECT_EQ(score_token(other, other, 1).divergence, 0);
}

TEST(TokenScores, TakeWhatIsImpossible) {
  const float impossible[] = {0, 0, -kInf}, possible[] = {0, 0, 0};
  EXPECT_NEAR(score_token(possible, impossible, 0).divergence, std::log(1.5), 1e-7);
  EXPECT_EQ(score_token(impossible, impossible, 0).divergence, 0);
  EXPECT_EQ(score_token(impossible, possible, 0).divergence, std::numeric_limits<double>::infinity());
  for (const float bad : {kNan, kInf}) {
    for (size_t at = 0; at < 3; ++at) {
      float logits[] = {0, 0, 0};
      logits[at] = bad;
      EXPECT_FALSE(std::isfinite(score_token(logits, {}, 1).surprise)) << bad << at;
      EXPECT_FALSE(std::isfinite(score_token(possible, logits, 1).divergence)) << bad << at;
    }
  }
}

TEST(PerplexitySummary, HasMeansAndTheirErrors) {
  // Means of 1, 2, 3, 4 and of 1, 1, 1, 1: the variance is 5/4, over n - 1.
  std::vector<TokenScore> scores;
  for (const double x : {3.0, 1.0, 4.0, 2.0}) scores.push_back({x, 1, x / 10, x < 3});
  const PerplexityReport report = summarise(scores, true);
  EXPECT_EQ(report.tokens, 4);
  const double error = std::sqrt(1.25 / 3);
  EXPECT_DOUBLE_EQ(report.perplexity.value, std::exp(2.5));
  EXPECT_DOUBLE_EQ(report.perplexity.error, std::exp(2.5) * error);
  const Divergence& d = *report.divergence;
  EXPECT_DOUBLE_EQ(d.reference_perplexity.value, std::exp(1.0));
  EXPECT_EQ(d.reference_perplexity.error, 0);
  EXPECT_DOUBLE_EQ(d.log_ratio.value, 1.5);
  EXPECT_DOUBLE_EQ(d.log_ratio.error, error);
  EXPECT_DOUBLE_EQ(d.mean.value, 0.25);
  EXPECT_DOUBLE_EQ(d.mean.error, error / 10);
  EXPECT_DOUBLE_EQ(d.median, 0.25);
  EXPECT_DOUBLE_EQ(d.percentile_99, 0.397);  // 2.97 of the way from the first to the fourth
  EXPECT_DOUBLE_EQ(d.maximum, 0.4);
  double change = 0, squares = 0;
  for (const double x : {1.0, 2.0, 3.0, 4.0}) {
    change += (std::exp(-x) - std::exp(-1.0)) / 4;
    squares += (std::exp(-x) - std::exp(-1.0)) * (std::exp(-x) - std::exp(-1.0)) / 4;
  }
  EXPECT_DOUBLE_EQ(d.change.value, change);
  EXPECT_DOUBLE_EQ(d.change_rms, std::sqrt(squares));
  EXPECT_DOUBLE_EQ(d.same_top.value, 0.5);
  EXPECT_DOUBLE_EQ(d.same_top.error, std::sqrt(0.25 / 3));

  EXPECT_FALSE(summarise(scores, false).divergence);
  EXPECT_EQ(summarise(std::span(scores).first(1), true).perplexity.error, 0);
}

class PerplexityTest : public testing::Test {
 protected:
  Result<PerplexityReport> measure(const PerplexityOptions& options = {}, int threads = 2) {
    ThreadPool pool(threads);
    model::Decoder decoder = model_.decoder();
    if (!reference_) return measure_perplexity(decoder, nullptr, pool, text_, options);
    model::Decoder reference = reference_->decoder();
    return measure_perplexity(decoder, &reference, pool, text_, options);
  }
  // -ln p of chunk[at], given the tokens before it, by a pass of its own.
  double surprise(std::span<const int32_t> chunk, size_t at) {
    model::Decoder decoder = model_.decoder();
    kv::ContiguousKv kv(decoder.kv_shape(DType::kF32), static_cast<int64_t>(at));
    const model::Chunk piece{.tokens = chunk.first(at), .kv = &kv};
    return score_token(decoder.forward(std::span(&piece, 1)).value(), {}, chunk[at]).surprise;
  }

  TinyModel model_;
  std::optional<TinyModel> reference_;
  TextChunks text_{.tokens = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 5, 0, 4, 4}, .size = 5};
};

TEST_F(PerplexityTest, ScoresTheSecondHalfOfEachChunk) {
  double sum = 0;
  for (int64_t chunk = 0; chunk < 3; ++chunk) {
    for (const size_t at : {3, 4}) sum += surprise(text_.chunk(chunk), at);
  }
  const PerplexityReport report = measure().value();
  EXPECT_EQ(report.chunks, 3);
  EXPECT_EQ(report.tokens, 6);
  EXPECT_DOUBLE_EQ(report.perplexity.value, std::exp(sum / 6));
  EXPECT_GT(report.perplexity.error, 0);
  EXPECT_FALSE(report.divergence);

  text_ = {.tokens = {3, 1, 4, 1, 5, 9, 2, 6}, .size = 8};  // an even size: 5, 6 and 7
  EXPECT_EQ(measure()->tokens, 3);
  EXPECT_DOUBLE_EQ(
      measure()->perplexity.value,
      std::exp((surprise(text_.chunk(0), 5) + surprise(text_.chunk(0), 6) + surprise(text_.chunk(0), 7)) / 3));
}

TEST_F(PerplexityTest, WhoKnowsNothingHasThatOfTheVocabulary) {
  auto& output = model_.elements(model_.weights.output);
  std::fill(output.begin(), output.end(), 0.0F);
  EXPECT_NEAR(measure()->perplexity.value, 11, 1e-12);
  EXPECT_NEAR(measure()->perplexity.error, 0, 1e-12);
}

TEST_F(PerplexityTest, OfAModelBesideItselfIsNoDivergence) {
  reference_.emplace();
  const Divergence d = *measure()->divergence;
  EXPECT_EQ(d.mean.value, 0);
  EXPECT_EQ(d.mean.error, 0);
  EXPECT_EQ(d.maximum, 0);
  EXPECT_EQ(d.log_ratio.value, 0);
  EXPECT_EQ(d.change_rms, 0);
  EXPECT_EQ(d.same_top.value, 1);
}

TEST_F(PerplexityTest, TellsModelFromReference) {
  const double own = measure()->perplexity.value;
  reference_.emplace(2);
  const PerplexityReport report = measure().value();
  EXPECT_EQ(report.perplexity.value, own);
  const Divergence& d = *report.divergence;
  EXPECT_GT(d.mean.value, 0);
  EXPECT_GT(d.maximum, d.percentile_99);
  EXPECT_NEAR(std::exp(d.log_ratio.value), own / d.reference_perplexity.value, 1e-9);
  std::swap(model_, *reference_);
  EXPECT_DOUBLE_EQ(measure()->perplexity.value, d.reference_perplexity.value);
  EXPECT_NE(measure()->divergence->mean.value, d.mean.value);
}

TEST_F(PerplexityTest, HasTheSameBitsForAnyNumberOfThreads) {
  reference_.emplace(2);
  const PerplexityReport one = measure({}, 1).value(), three = measure({}, 3).value();
  EXPECT_EQ(one.perplexity.value, three.perplexity.value);
  EXPECT_EQ(one.divergence->mean.value, three.divergence->mean.value);
}

TEST_F(PerplexityTest, StopsWhenAskedTo) {
  std::atomic<bool> cancel{false};
  std::vector<int64_t> seen;
  const PerplexityOptions options{.cancel = &cancel, .progress = [&](int64_t tokens, double) {
                                    seen.push_back(tokens);
                                    cancel = tokens == 12;  // in the midst of the third
                                  }};
  const PerplexityReport report = measure(options).value();
  EXPECT_THAT(seen, testing::ElementsAre(2, 5, 7, 10, 12));
  EXPECT_EQ(report.chunks, 2);
  EXPECT_EQ(report.tokens, 4);
  text_.tokens.resize(10);
  cancel = false;
  EXPECT_EQ(measure(options)->perplexity.value, report.perplexity.value);
  cancel = true;
  EXPECT_EQ(measure(options).error().code(), ErrorCode::kCancelled);
}

// A long chunk's second half takes several passes; what was scored of a chunk that has no end does not count.
TEST_F(PerplexityTest, CountsWholeChunksOnly) {
  model_.spec.max_positions = 600;
  text_ = {.tokens = std::vector<int32_t>(1200), .size = 600};
  for (size_t i = 0; i < text_.tokens.size(); ++i) text_.tokens[i] = static_cast<int32_t>(i * i / 7 % 11);
  std::atomic<bool> cancel{false};
  std::vector<int64_t> seen;
  const PerplexityOptions options{.cancel = &cancel, .progress = [&](int64_t tokens, double) {
                                    seen.push_back(tokens);
                                    cancel = tokens == 600 + 300 + 256;
                                  }};
  const PerplexityReport report = measure(options).value();
  EXPECT_THAT(seen, testing::ElementsAre(256, 300, 556, 600, 856, 900, 1156));
  EXPECT_EQ(report.chunks, 1);
  EXPECT_EQ(report.tokens, 299);
  text_.tokens.resize(600);
  EXPECT_EQ(measure()->perplexity.value, report.perplexity.value);
}

TEST_F(PerplexityTest, RefusesByName) {
  const auto refusal = [&] { return measure().error().message(); };
  text_.size = 3;
  EXPECT_THAT(refusal(), HasSubstr("chunks of 3 tokens leave nothing to score: 4 is the least"));
  text_ = {.tokens = std::vector<int32_t>(65), .size = 65};
  EXPECT_THAT(refusal(), HasSubstr("chunks of 65 tokens are longer than the model's context of 64"));
  text_ = {.tokens = {1, 2, 3, 11}, .size = 4};  // the last is never run
  EXPECT_THAT(refusal(), HasSubstr("token id 11 is outside the model's vocabulary of 11"));
  text_.tokens[3] = 1;
  reference_.emplace(1, 12);
  EXPECT_THAT(refusal(), HasSubstr("the model has 11 tokens, its reference 12"));
  reference_.emplace();
  auto& norm = reference_->elements(reference_->weights.final_norm);
  norm[0] = kNan;
  EXPECT_THAT(refusal(), HasSubstr("chunk 0, token 2: the reference gives logits that are not finite"));
  std::swap(model_, *reference_);
  EXPECT_THAT(refusal(), HasSubstr("the model gives logits that are not finite"));
}

}  // namespace
}  // namespace hermes::engine
