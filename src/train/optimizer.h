// The optimiser: learning rate over time, clipping, AdamW over all tensors or Muon over the hidden matrices and AdamW over
// the rest; and how weights begin.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/arch_spec.h"
#include "ops/training_backend.h"
#include "train/flat_tensors.h"

namespace hermes::train {

enum class OptimizerKind {
  kAdamw,
  kMuon,  // for matrices that turn hidden states into hidden states (orthogonalised() below); the rest has AdamW
};

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kAdamw;
  double learning_rate = 1e-3;  // the peak
  int64_t warmup_steps = 0;
  double min_lr_ratio = 0;  // of the peak, reached at the last step
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8;
  double weight_decay = 0;
  bool decay_embeddings = false;  // norms and biases never decay
  double clip_norm = 1;           // of the whole gradient; 0: never clipped
  double momentum = 0.95;         // of Muon
  bool nesterov = true;           // of Muon
};

// Step is counted from 1 to n_steps. Linear to the peak over the warm-up, then a cosine down to min_lr_ratio of it.
double learning_rate(const OptimizerOptions& options, int64_t step, int64_t n_steps);

// Does weight decay apply to the tensor of this name? To matrices, and to the embedding and output matrix if asked.
bool decays(std::string_view name, const OptimizerOptions& options);

// Is the tensor one that Muon is for? Matrices are, but for the embedding and output matrix, whose rows are of tokens.
bool orthogonalised(const FlatTensors::Entry& entry);

// Weights as GPT-2 begins them (Radford et al. 2019, as in the public code): normal with deviation 0.02, those that feed
// the residual stream (o_proj, down_proj) divided by sqrt(2 n_layers); norms 1, biases 0. A function of the seed.
void initialise(const model::ArchSpec& spec, uint64_t seed, FlatTensors& parameters);

// AdamW, or Muon and AdamW, with their state. Muon's step has the size of AdamW's (ops/muon.h), so learning rate and
// weight decay are the same for both.
class Optimizer {
 public:
  // `training` is borrowed.
  Optimizer(const model::ArchSpec& spec, const OptimizerOptions& options, ops::TrainingBackend& training)
      : options_(options), training_(training), m_(spec), v_(spec) {}

  // The Euclidean norm of the whole gradient.
  double norm(const FlatTensors& gradient) const;
  // One step with a gradient of this norm; `step` counts from 1.
  void update(FlatTensors& parameters, const FlatTensors& gradient, double norm, int64_t step, double lr);

  FlatTensors& m() { return m_; }  // AdamW's first moment, Muon's moving mean
  FlatTensors& v() { return v_; }  // AdamW's second moment; of tensors without has_v() zeros, which take no memory
  bool has_v(const FlatTensors::Entry& entry) const { return !uses_muon(entry); }

 private:
  bool uses_muon(const FlatTensors::Entry& entry) const {
    return options_.kind == OptimizerKind::kMuon && orthogonalised(entry);
  }

  OptimizerOptions options_;
  ops::TrainingBackend& training_;
  FlatTensors m_, v_;
};

}  // namespace hermes::train
