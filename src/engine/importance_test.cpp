#include "engine/importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/tiny_model_for_test.h"

namespace hermes::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ImportanceTest : public testing::Test {
 protected:
  Result<Importance> measure(const ImportanceOptions& options = {}, int threads = 2) {
    ThreadPool pool(threads);
    return measure_importance(model_.spec, model_.weights, *model_.backend, pool, text_, options);
  }
  // The inputs of q, k and v in the first layer: RMSNorm of the embedding, squared and summed, by its formula.
  std::vector<double> first_inputs() {
    const auto n = static_cast<size_t>(model_.spec.hidden_size);
    const std::vector<float>& embedding = model_.elements(model_.weights.embedding);
    const std::vector<float>& norm = model_.elements(model_.weights.layers[0].attention_norm);
    std::vector<double> sums(n);
    for (const int32_t token : text_.tokens) {
      const float* row = embedding.data() + static_cast<size_t>(token) * n;
      double squares = 0;
      for (size_t i = 0; i < n; ++i) squares += static_cast<double>(row[i]) * static_cast<double>(row[i]);
      const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
      for (size_t i = 0; i < n; ++i) {
        const double x = static_cast<double>(row[i]) * scale * static_cast<double>(norm[i]);
        sums[i] += x * x;
      }
    }
    return sums;
  }

  TinyModel model_;
  TextChunks text_{.tokens = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 5, 0, 4, 4}, .size = 5};
};

const WeightInputs& of(const Importance& importance, std::string_view name) {
  return *std::find_if(importance.weights.begin(), importance.weights.end(),
                       [&](const WeightInputs& w) { return w.name == name; });
}

TEST_F(ImportanceTest, SumsTheSquaresOfEveryLinearLayersInputs) {
  const Importance importance = measure().value();
  EXPECT_EQ(importance.chunks, 3);
  ASSERT_THAT(importance.weights, SizeIs(14));
  EXPECT_TRUE(std::is_sorted(importance.weights.begin(), importance.weights.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const WeightInputs& weight : importance.weights) {
    EXPECT_EQ(weight.count, 15) << weight.name;
    const size_t columns = weight.name.find("ffn_down") != std::string::npos      ? 300
                           : weight.name.find("attn_output") != std::string::npos ? 16
                                                                                  : 12;
    EXPECT_THAT(weight.squares, SizeIs(columns)) << weight.name;
    for (const double sum : weight.squares) EXPECT_GT(sum, 0) << weight.name;
  }
  const std::vector<double> expected = first_inputs();
  for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight"}) {
    EXPECT_THAT(of(importance, name).squares, testing::Pointwise(testing::DoubleNear(1e-5), expected));
  }
  EXPECT_EQ(of(importance, "blk.1.ffn_gate.weight").squares, of(importance, "blk.1.ffn_up.weight").squares);
  EXPECT_NE(of(importance, "blk.1.ffn_gate.weight").squares, of(importance, "blk.0.ffn_gate.weight").squares);
}

TEST_F(ImportanceTest, TakesTheOutputMatrixWhereItIsAskedFor) {
  const Importance importance = measure({.with_output = true}).value();
  ASSERT_THAT(importance.weights, SizeIs(15));
  EXPECT_EQ(importance.weights.back().name, "output.weight");
  EXPECT_EQ(importance.weights.back().count, 15);
  model_ = TinyModel(1, 11, true);
  EXPECT_EQ(measure({.with_output = true})->weights.back().name, "token_embd.weight");
  EXPECT_THAT(measure()->weights, SizeIs(14));
}

TEST_F(ImportanceTest, HasTheSameBitsForAnyNumberOfThreads) {
  const Importance one = measure({}, 1).value(), three = measure({}, 3).value();
  for (size_t i = 0; i < one.weights.size(); ++i) EXPECT_EQ(one.weights[i].squares, three.weights[i].squares);
}

// Chunks see nothing of each other.
TEST_F(ImportanceTest, IsTheSumOverChunks) {
  const Importance all = measure().value();
  std::vector<double> sums(12);
  const std::vector<int32_t> tokens = text_.tokens;
  for (size_t chunk = 0; chunk < 3; ++chunk) {
    text_.tokens.assign(tokens.begin() + static_cast<ptrdiff_t>(5 * chunk),
                        tokens.begin() + static_cast<ptrdiff_t>(5 * chunk + 5));
    const Importance part = measure().value();
    for (size_t i = 0; i < 12; ++i) sums[i] += of(part, "blk.1.ffn_up.weight").squares[i];
  }
  EXPECT_THAT(of(all, "blk.1.ffn_up.weight").squares, testing::Pointwise(testing::DoubleNear(1e-9), sums));
}

TEST_F(ImportanceTest, StopsWhenAskedTo) {
  std::atomic<bool> cancel{false};
  std::vector<int64_t> seen;
  const Importance some = measure({.cancel = &cancel,
                                   .progress =
                                       [&](int64_t tokens) {
                                         seen.push_back(tokens);
                                         cancel = tokens == 10;
                                       }})
                              .value();
  EXPECT_EQ(some.chunks, 2);
  EXPECT_THAT(seen, ElementsAre(5, 10));
  EXPECT_EQ(some.weights[0].count, 10);
  cancel = true;
  EXPECT_EQ(measure({.cancel = &cancel}).error().code(), ErrorCode::kCancelled);
}

TEST_F(ImportanceTest, RefusesWhatWouldBeNoNumber) {
  model_.elements(model_.weights.layers[1].mlp_norm)[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(measure().error().message(), HasSubstr("the inputs of blk.1.ffn_gate.weight are not finite in column 3"));
  text_.tokens[1] = 11;
  EXPECT_THAT(measure().error().message(), HasSubstr("token id 11 is outside the vocabulary of 11"));
  text_ = {.tokens = std::vector<int32_t>(65), .size = 65};
  EXPECT_THAT(measure().error().message(), HasSubstr("chunks of 65 tokens are longer than the model's context of 64"));
}

}  // namespace
}  // namespace hermes::engine
