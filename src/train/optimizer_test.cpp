#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "train/tiny_training_for_test.h"

namespace hermes::train {
namespace {

TEST(LearningRate, WarmsUpAndFallsAsACosine) {
  const OptimizerOptions options{.learning_rate = 2, .warmup_steps = 10, .min_lr_ratio = 0.1};
  EXPECT_DOUBLE_EQ(learning_rate(options, 1, 110), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate(options, 10, 110), 2);
  EXPECT_DOUBLE_EQ(learning_rate(options, 60, 110), 2 * (0.1 + 0.9 / 2));  // half way down
  EXPECT_DOUBLE_EQ(learning_rate(options, 35, 110), 2 * (0.1 + 0.9 * 0.5 * (1 + std::sqrt(0.5))));
  EXPECT_DOUBLE_EQ(learning_rate(options, 110, 110), 0.2);
}

TEST(LearningRate, OddScheduleLengths) {
  EXPECT_DOUBLE_EQ(learning_rate({.learning_rate = 2, .min_lr_ratio = 0.5}, 1, 1), 1);
  EXPECT_DOUBLE_EQ(learning_rate({.learning_rate = 2, .warmup_steps = 10}, 5, 5), 1);  // ends while it warms up
}

TEST(Decay, IsForMatricesAlone) {
  EXPECT_TRUE(decays("model.layers.0.self_attn.q_proj.weight", {}));
  EXPECT_TRUE(decays("model.layers.0.mlp.down_proj.weight", {}));
  for (const char* name : {"model.norm.weight", "model.layers.0.input_layernorm.weight",
                           "model.layers.0.self_attn.q_norm.weight", "model.layers.0.self_attn.q_proj.bias"}) {
    EXPECT_FALSE(decays(name, {.decay_embeddings = true})) << name;
  }
  for (const char* name : {"model.embed_tokens.weight", "lm_head.weight"}) {
    EXPECT_FALSE(decays(name, {})) << name;
    EXPECT_TRUE(decays(name, {.decay_embeddings = true})) << name;
  }
}

TEST(Initialise, HasTheRightSpread) {
  model::ArchSpec spec = tiny_spec("seed_oss");
  spec.hidden_size = 64;
  spec.intermediate_size = 128;
  FlatTensors parameters(spec);
  initialise(spec, 3, parameters);
  for (const FlatTensors::Entry& entry : parameters.entries()) {
    const std::span<const float> values = parameters.values(entry);
    double expected = 0.02;
    if (entry.name.ends_with("norm.weight")) {
      for (const float x : values) EXPECT_EQ(x, 1) << entry.name;
      continue;
    }
    if (entry.name.ends_with("bias")) {
      for (const float x : values) EXPECT_EQ(x, 0) << entry.name;
      continue;
    }
    if (entry.name.ends_with("o_proj.weight") || entry.name.ends_with("down_proj.weight")) expected /= 2;  // 2 layers
    double sum = 0, squares = 0;
    for (const float x : values) {
      sum += static_cast<double>(x);
      squares += static_cast<double>(x) * static_cast<double>(x);
    }
    const auto n = static_cast<double>(values.size());
    // Five standard deviations of a mean and of a deviation estimated from n draws.
    EXPECT_NEAR(sum / n, 0, 5 * expected / std::sqrt(n)) << entry.name;
    EXPECT_NEAR(std::sqrt(squares / n), expected, 5 * expected / std::sqrt(2 * n)) << entry.name;
  }
}

TEST(Initialise, IsAFunctionOfTheSeed) {
  const model::ArchSpec spec = tiny_spec();
  FlatTensors one(spec), same(spec), other(spec);
  initialise(spec, 3, one);
  initialise(spec, 3, same);
  initialise(spec, 4, other);
  EXPECT_TRUE(test::same_bits(one.all(), same.all()));
  EXPECT_FALSE(test::same_bits(one.all(), other.all()));
}

TEST(Optimizer, ClipsTheWholeGradient) {
  const model::ArchSpec spec = tiny_spec();
  const auto training = ops::make_reference_training_backend();
  FlatTensors gradient(spec);
  for (const FlatTensors::Entry& entry : gradient.entries()) {
    for (float& g : gradient.values(entry)) g = 0.5F;
  }
  // The first step's m is (1 - beta1) of the clipped gradient.
  for (const double clip : {1.0, 1e6, 0.0}) {
    Optimizer optimizer(spec, {.clip_norm = clip}, *training);
    FlatTensors parameters(spec);
    const double norm = optimizer.norm(gradient);
    EXPECT_NEAR(norm, 0.5 * std::sqrt(static_cast<double>(spec.parameter_count())), 1e-9 * norm);
    optimizer.update(parameters, gradient, norm, 1, 1e-3);
    const double expected = 0.1 * 0.5 * (clip == 1.0 ? 1 / norm : 1);
    EXPECT_NEAR(optimizer.m().values(optimizer.m().entries()[0])[0], expected, 1e-6 * expected) << clip;
  }
}

TEST(Optimizer, MuonIsForHiddenMatrices) {
  for (const char* model_type : {"llama", "qwen3", "seed_oss"}) {
    const FlatTensors tensors(tiny_spec(model_type));
    for (const FlatTensors::Entry& entry : tensors.entries()) {
      const bool hidden = entry.name.ends_with("_proj.weight");
      EXPECT_EQ(orthogonalised(entry), hidden) << entry.name;
    }
  }
  EXPECT_FALSE(orthogonalised({"lm_head.weight", {16, 8}, 0}));
}

// Hidden matrices move as ops/muon.h says, with the same clipping and decay; all else as with AdamW, bit for bit.
TEST(Optimizer, MuonLeavesTheRestToAdamw) {
  const model::ArchSpec spec = tiny_spec("seed_oss");
  const auto training = ops::make_reference_training_backend();
  FlatTensors gradient(spec), start(spec);
  initialise(spec, 1, start);
  initialise(spec, 2, gradient);
  OptimizerOptions options{.weight_decay = 0.1, .clip_norm = 0.01};
  const auto updated = [&](Optimizer& optimizer) {
    FlatTensors parameters(spec);
    std::copy(start.all().begin(), start.all().end(), parameters.all().begin());
    for (int64_t step = 1; step <= 2; ++step) {
      optimizer.update(parameters, gradient, optimizer.norm(gradient), step, 1e-2);
    }
    return parameters;
  };
  Optimizer with_adamw(spec, options, *training);
  const FlatTensors adamw = updated(with_adamw);
  options.kind = OptimizerKind::kMuon;
  options.momentum = 0.75;
  options.nesterov = false;
  Optimizer with_muon(spec, options, *training);
  const FlatTensors muon = updated(with_muon);

  const double norm = with_muon.norm(gradient);
  ASSERT_GT(norm, options.clip_norm);
  for (const FlatTensors::Entry& entry : muon.entries()) {
    SCOPED_TRACE(entry.name);
    EXPECT_EQ(with_muon.has_v(entry), !orthogonalised(entry));
    EXPECT_TRUE(with_adamw.has_v(entry));
    if (!orthogonalised(entry)) {
      EXPECT_TRUE(test::same_bits(muon.values(entry), adamw.values(entry)));
      EXPECT_TRUE(test::same_bits(with_muon.v().values(entry), with_adamw.v().values(entry)));
      continue;
    }
    std::vector<float> parameter(start.values(entry).begin(), start.values(entry).end()), m(entry.size(), 0);
    const ops::MuonArgs args{.parameter = view_of(parameter, entry.shape),
                             .grad = const_view_of(gradient.values(entry), entry.shape),
                             .m = view_of(m, entry.shape),
                             .lr = 1e-2F,
                             .momentum = 0.75F,
                             .nesterov = false,
                             .weight_decay = 0.1F,
                             .grad_scale = static_cast<float>(options.clip_norm / norm)};
    for (int step = 0; step < 2; ++step) training->muon({&args, 1});
    EXPECT_TRUE(test::same_bits(muon.values(entry), parameter));
    EXPECT_TRUE(test::same_bits(with_muon.m().values(entry), m));
    for (const float x : with_muon.v().values(entry)) EXPECT_EQ(x, 0);
  }
}

}  // namespace
}  // namespace hermes::train
