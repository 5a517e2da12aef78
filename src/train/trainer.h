// Trainer: supervised fine-tuning, a step at a time. A step is rows_per_step rows; its loss is the mean over all trained
// tokens of those rows. Ranks of a Collective share the rows (each takes every size-th) and hold the same weights.
//
// A run is a function of recipe, data and number of ranks: the same weights in bits, whatever the number of threads and
// wherever it was interrupted and resumed.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "collective/collective.h"
#include "ops/training_backend.h"
#include "train/flat_tensors.h"
#include "train/model_gradient.h"
#include "train/optimizer.h"
#include "train/recipe.h"
#include "train/training_data.h"

namespace hermes::train {

struct StepResult {
  int64_t step = 0;  // from 1
  double loss = 0;   // mean over trained tokens, before the step
  double learning_rate = 0;
  double gradient_norm = 0;  // before clipping
  int64_t n_tokens = 0;      // read, all ranks
  int64_t n_trained = 0;     // of those, trained
  double flops = 0;          // of all ranks
};

class Trainer {
 public:
  struct Machine {  // borrowed
    ops::Backend& backend;
    ops::TrainingBackend& training;
    collective::Collective& collective;
  };

  // `recipe` and `data` are borrowed. Weights begin at random (Recipe::seed); load() replaces them.
  Trainer(const Recipe& recipe, const model::ArchSpec& spec, const TrainingData& data, Machine machine);

  int64_t n_steps() const { return n_steps_; }  // of the whole run
  int64_t steps_done() const { return steps_done_; }
  double epochs_done() const;

  // The next step. Fails where loss or gradient are not finite, leaving the weights as they were.
  Result<StepResult> step();
  // Mean loss over the test rows; nullopt where there are none.
  std::optional<double> evaluate();

  const model::ArchSpec& spec() const { return spec_; }
  FlatTensors& parameters() { return parameters_; }
  Optimizer& optimizer() { return optimizer_; }
  void set_steps_done(int64_t steps) { steps_done_ = steps; }  // after weights and moments were restored

 private:
  const Recipe& recipe_;
  model::ArchSpec spec_;
  const TrainingData& data_;
  Machine machine_;
  FlatTensors parameters_, gradient_;
  Optimizer optimizer_;
  ModelGradient model_;
  RowOrder order_;
  int64_t n_steps_ = 0;
  int64_t steps_done_ = 0;
};

}  // namespace hermes::train
