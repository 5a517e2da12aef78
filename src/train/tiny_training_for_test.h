// A training problem small enough for the fp64 reference backend: a model of a few hundred weights and random samples.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "base/rng.h"
#include "collective/collective.h"
#include "ops/reference/reference_backend.h"
#include "train/trainer.h"

namespace hermes::train {

inline json::object tiny_config(const std::string& model_type = "llama") {
  return {{"model_type", model_type}, {"num_hidden_layers", 2},   {"hidden_size", 8},
          {"num_attention_heads", 2}, {"num_key_value_heads", 1}, {"head_dim", 4},
          {"intermediate_size", 12},  {"vocab_size", 16},         {"max_position_embeddings", 64},
          {"rms_norm_eps", 1e-5},     {"rope_theta", 10000.0},    {"tie_word_embeddings", true}};
}

inline model::ArchSpec tiny_spec(const std::string& model_type = "llama") {
  return model::read_arch_spec(tiny_config(model_type), "tiny").value();
}

inline Recipe tiny_recipe() {
  Recipe recipe;
  recipe.name = "tiny";
  recipe.model = tiny_config();
  recipe.end_of_turn = "<e>";
  recipe.row_tokens = 24;
  recipe.rows_per_step = 3;
  recipe.steps = 6;
  recipe.optimizer = {.learning_rate = 1e-2, .warmup_steps = 2, .min_lr_ratio = 0.1, .weight_decay = 0.1};
  recipe.seed = 11;
  recipe.source = {{"name", "tiny"}, {"steps", 6}, {"optimizer", {{"learning_rate", 1e-2}}}};
  return recipe;
}

// Samples that count upwards, so that there is something to learn.
inline TrainingData tiny_data(const Recipe& recipe, uint64_t seed = 5) {
  TrainingData data;
  Rng rng(seed);
  const auto fill = [&](Dataset& dataset, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      std::vector<int32_t> tokens(4 + rng.below(12));
      std::vector<uint8_t> trained(tokens.size(), 1);
      const auto first = static_cast<int32_t>(rng.below(16));
      for (size_t t = 0; t < tokens.size(); ++t) tokens[t] = (first + static_cast<int32_t>(t)) % 16;
      trained[0] = trained[1] = 0;
      dataset.append(tokens, trained);
    }
  };
  const auto packed = [&](const Dataset& dataset) {
    std::vector<int32_t> lengths(dataset.size());
    for (size_t i = 0; i < lengths.size(); ++i) lengths[i] = dataset.input_length(i);
    return pack(lengths, {.row_length = recipe.row_tokens, .group_size = 0, .seed = recipe.seed});
  };
  fill(data.train, 20);
  fill(data.test, 5);
  data.rows = packed(data.train);
  data.test_rows = packed(data.test);
  data.fingerprint = data.train.fingerprint();
  data.chat_template = "{{ messages }}";
  return data;
}

// A trainer with all that it borrows.
struct TinyTraining {
  Recipe recipe;
  TrainingData data;
  std::unique_ptr<ops::Backend> backend = ops::make_reference_backend();
  std::unique_ptr<ops::TrainingBackend> training = ops::make_reference_training_backend();
  std::unique_ptr<collective::Collective> collective = collective::make_single();
  std::unique_ptr<Trainer> trainer;

  explicit TinyTraining(Recipe r = tiny_recipe(), uint64_t data_seed = 5, const std::string& model_type = "llama")
      : recipe(std::move(r)), data(tiny_data(recipe, data_seed)) {
    trainer = std::make_unique<Trainer>(
        recipe, tiny_spec(model_type), data,
        Trainer::Machine{.backend = *backend, .training = *training, .collective = *collective});
  }
};

}  // namespace hermes::train
