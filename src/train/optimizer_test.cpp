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

}  // namespace
}  // namespace hermes::train
