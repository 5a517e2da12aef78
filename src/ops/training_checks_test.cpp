#include <gtest/gtest.h>

#include "ops/checks.h"
#include "support/random_tensor.h"

namespace hermes::ops {
namespace {

using test::TestTensor;

// Two operands that share half of their memory.
struct Shifted {
  TestTensor memory{DType::kF32, {6}};
  TensorView first() const { return memory.buffer.view(DType::kF32, {2, 2}); }
  TensorView second() const { return memory.buffer.view(DType::kF32, {2, 2}, 8); }
};

TEST(TrainingChecksDeath, EmbeddingRefusesTokensOutsideTheTable) {
  const TestTensor d_table(DType::kF32, {3, 2}), d_out(DType::kF32, {1, 2});
  for (const int32_t token : {-1, 3}) {
    const std::vector<int32_t> tokens = {token};
    EXPECT_DEATH(check(EmbeddingBackwardArgs{tokens, d_out.view(), d_table.view()}), "of 3");
  }
  const std::vector<int32_t> two = {0, 1};
  EXPECT_DEATH(check(EmbeddingBackwardArgs{two, d_out.view(), d_table.view()}), "tokens has 2 entries, expected 1");
}

TEST(TrainingChecksDeath, RmsNormAllowsDOutAsDXOnly) {
  const TestTensor x(DType::kF32, {2, 2}), weight(DType::kF32, {2}), d_weight(DType::kF32, {2});
  const Shifted d;
  const auto with = [&](const TensorView& d_out, const TensorView& d_x) {
    check(RmsNormBackwardArgs{
        .x = x.view(), .weight = weight.view(), .d_out = d_out, .d_x = d_x, .d_weight = d_weight.view()});
  };
  with(d.first(), d.first());
  EXPECT_DEATH(with(d.first(), d.second()), "partly overlaps d_out");
  EXPECT_DEATH(with(d.first(), x.view()), "overlaps x");
}

TEST(TrainingChecksDeath, LinearNamesWhatDiffersAndWhatOverlaps) {
  const TestTensor x(DType::kF32, {3, 2}), weight(DType::kF32, {4, 2}), d_y(DType::kF32, {3, 4});
  const TestTensor d_weight(DType::kF32, {4, 2}), d_x(DType::kF32, {3, 2}), wrong(DType::kF32, {3, 3});
  LinearBackwardArgs args;
  args.x = x.view();
  args.weight = weight.view();
  args.d_y = d_y.view();
  args.d_weight = d_weight.view();
  check(args);  // d_x and d_bias may be absent
  args.d_x = wrong.view();
  EXPECT_DEATH(check(args), "K is 2 in x but 3 in d_x");
  args.d_x = x.view();
  EXPECT_DEATH(check(args), "overlaps x");
  args.d_x = d_x.view();
  args.d_bias = d_x.buffer.view(DType::kF32, {4});
  EXPECT_DEATH(check(args), "overlaps d_x");
  args.d_bias = {};
  args.d_weight = weight.view();
  EXPECT_DEATH(check(args), "overlaps weight");
  const TestTensor half(DType::kBF16, {4, 2});
  args.d_weight = d_weight.view();
  args.weight = half.view();
  EXPECT_DEATH(check(args), "weight is BF16, expected F32");
}

TEST(TrainingChecksDeath, RopeRefusesOddHeads) {
  const TestTensor d_x(DType::kF32, {1, 1, 3});
  const std::vector<int32_t> positions = {0};
  const std::vector<float> inv_freq = {1};
  EXPECT_DEATH(check(RopeBackwardArgs{d_x.view(), positions, inv_freq}), "odd");
}

TEST(TrainingChecksDeath, AttentionWantsDocumentsThatCoverTheRow) {
  const TestTensor q(DType::kF32, {4, 2, 2}), k(DType::kF32, {4, 1, 2}), v(DType::kF32, {4, 1, 2});
  const TestTensor out(DType::kF32, {4, 2, 2}), d_out(DType::kF32, {4, 2, 2}), d_q(DType::kF32, {4, 2, 2});
  const TestTensor d_k(DType::kF32, {4, 1, 2}), d_v(DType::kF32, {4, 1, 2});
  const auto with = [&](const std::vector<int32_t>& documents, const TestTensor& k_gradient) {
    check(AttentionBackwardArgs{q.view(), k.view(), v.view(), out.view(), d_out.view(), documents, 1, d_q.view(),
                                k_gradient.view(), d_v.view()});
  };
  with({0, 4}, d_k);
  with({0, 1, 1, 4}, d_k);  // an empty document
  EXPECT_DEATH(with({}, d_k), "from 0 to 4");
  EXPECT_DEATH(with({1, 4}, d_k), "from 0 to 4");
  EXPECT_DEATH(with({0, 3}, d_k), "from 0 to 4");
  EXPECT_DEATH(with({0, 3, 2, 4}, d_k), "before its begin");
  EXPECT_DEATH(with({0, 4}, d_v), "overlaps d_k");
  EXPECT_DEATH(with({0, 4}, k), "overlaps k");
}

TEST(TrainingChecksDeath, SwigluAllowsItsOwnInputsOnly) {
  const TestTensor gate(DType::kF32, {2, 2}), up(DType::kF32, {2, 2}), d_out(DType::kF32, {2, 2});
  const auto with = [&](const TensorView& d_gate, const TensorView& d_up) {
    check(SwigluBackwardArgs{gate.view(), up.view(), d_out.view(), d_gate, d_up});
  };
  with(gate.view(), up.view());
  with(d_out.view(), up.view());
  with(gate.view(), d_out.view());
  EXPECT_DEATH(with(d_out.view(), d_out.view()), "overlaps d_up");
  EXPECT_DEATH(with(up.view(), d_out.view()), "overlaps up");
  EXPECT_DEATH(with(d_out.view(), gate.view()), "overlaps gate");
}

TEST(TrainingChecksDeath, CrossEntropyRefusesLabelsOutsideTheVocabulary) {
  const TestTensor logits(DType::kF32, {1, 3});
  std::vector<float> loss(1), two(2);
  for (const int32_t label : {-1, 3}) {
    const std::vector<int32_t> labels = {label};
    EXPECT_DEATH(check(CrossEntropyArgs{.logits = logits.view(), .labels = labels, .loss = loss}), "of 3");
  }
  const std::vector<int32_t> labels = {0};
  EXPECT_DEATH(check(CrossEntropyArgs{.logits = logits.view(), .labels = labels, .loss = two}), "loss has 2 entries");
  EXPECT_DEATH(check(CrossEntropyArgs{.logits = logits.view(), .labels = labels, .loss = logits.f32().first(1)}),
               "overlaps loss");
}

TEST(TrainingChecksDeath, AdamwCountsStepsFromOneAndKeepsItsArraysApart) {
  std::vector<float> p(3), g(3), m(3), v(3), shorter(2);
  check(AdamwArgs{.parameter = p, .grad = g, .m = m, .v = v});
  EXPECT_DEATH(check(AdamwArgs{.parameter = p, .grad = g, .m = m, .v = v, .step = 0}), "count from 1");
  EXPECT_DEATH(check(AdamwArgs{.parameter = p, .grad = shorter, .m = m, .v = v}), "grad has 2 entries");
  EXPECT_DEATH(check(AdamwArgs{.parameter = p, .grad = g, .m = m, .v = m}), "overlaps m");
}

TEST(TrainingChecksDeath, MuonTakesMatricesOfOneShapeThatAreApart) {
  const TestTensor parameter(DType::kF32, {2, 3}), grad(DType::kF32, {2, 3}), m(DType::kF32, {2, 3});
  const TestTensor turned(DType::kF32, {3, 2}), half(DType::kBF16, {2, 3}), flat(DType::kF32, {6});
  const auto with = [](const TestTensor& p, const TestTensor& g, const TestTensor& mean) {
    check(MuonArgs{.parameter = p.view(), .grad = g.view(), .m = mean.view()});
  };
  with(parameter, grad, m);
  EXPECT_DEATH(with(parameter, turned, m), "R is 2 in parameter but 3 in grad");
  EXPECT_DEATH(with(flat, flat, flat), "muon");
  EXPECT_DEATH(with(parameter, half, m), "grad is BF16, expected F32");
  EXPECT_DEATH(with(parameter, parameter, m), "overlaps grad");
  EXPECT_DEATH(with(parameter, grad, grad), "overlaps grad");
  EXPECT_DEATH(with(parameter, grad, parameter), "overlaps parameter");
}

}  // namespace
}  // namespace hermes::ops
