#include "train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/rng.h"
#include "train/random_streams.h"

namespace hermes::train {
namespace {

constexpr double kDeviation = 0.02;

bool is_embedding(std::string_view name) {
  return name.find("embed_tokens") != name.npos || name.starts_with("lm_head");
}

}  // namespace

double learning_rate(const OptimizerOptions& options, int64_t step, int64_t n_steps) {
  if (step <= options.warmup_steps) {
    return options.learning_rate * static_cast<double>(step) / static_cast<double>(options.warmup_steps);
  }
  const double progress = static_cast<double>(step - options.warmup_steps) /
                          static_cast<double>(std::max<int64_t>(1, n_steps - options.warmup_steps));
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * std::min(progress, 1.0)));
  return options.learning_rate * (options.min_lr_ratio + (1 - options.min_lr_ratio) * cosine);
}

bool decays(std::string_view name, const OptimizerOptions& options) {
  if (name.ends_with("norm.weight") || name.ends_with(".bias")) return false;
  return !is_embedding(name) || options.decay_embeddings;
}

bool orthogonalised(const FlatTensors::Entry& entry) { return entry.shape.rank() == 2 && !is_embedding(entry.name); }

void initialise(const model::ArchSpec& spec, uint64_t seed, FlatTensors& parameters) {
  const double residual = kDeviation / std::sqrt(2.0 * static_cast<double>(spec.n_layers));
  uint64_t place = 0;
  for (const FlatTensors::Entry& entry : parameters.entries()) {
    const std::span<float> values = parameters.values(entry);
    Rng rng(seed, kInitialisationStream + place++);
    if (entry.name.ends_with("norm.weight")) {
      std::fill(values.begin(), values.end(), 1.0F);
    } else if (entry.name.ends_with(".bias")) {
      std::fill(values.begin(), values.end(), 0.0F);
    } else {
      const bool feeds_residual = entry.name.ends_with("o_proj.weight") || entry.name.ends_with("down_proj.weight");
      const double deviation = feeds_residual ? residual : kDeviation;
      for (float& value : values) value = static_cast<float>(deviation * rng.normal());
    }
  }
}

double Optimizer::norm(const FlatTensors& gradient) const {
  return std::sqrt(training_.sum_of_squares(gradient.all()));
}

void Optimizer::update(FlatTensors& parameters, const FlatTensors& gradient, double norm, int64_t step, double lr) {
  const double scale = options_.clip_norm > 0 && norm > options_.clip_norm ? options_.clip_norm / norm : 1;
  std::vector<ops::MuonArgs> matrices;
  for (const FlatTensors::Entry& entry : parameters.entries()) {
    const double decay = decays(entry.name, options_) ? options_.weight_decay : 0;
    if (uses_muon(entry)) {
      matrices.push_back({.parameter = view_of(parameters.values(entry), entry.shape),
                          .grad = const_view_of(gradient.values(entry), entry.shape),
                          .m = view_of(m_.values(entry), entry.shape),
                          .lr = static_cast<float>(lr),
                          .momentum = static_cast<float>(options_.momentum),
                          .nesterov = options_.nesterov,
                          .weight_decay = static_cast<float>(decay),
                          .grad_scale = static_cast<float>(scale)});
      continue;
    }
    training_.adamw({.parameter = parameters.values(entry),
                     .grad = gradient.values(entry),
                     .m = m_.values(entry),
                     .v = v_.values(entry),
                     .step = step,
                     .lr = static_cast<float>(lr),
                     .beta1 = static_cast<float>(options_.beta1),
                     .beta2 = static_cast<float>(options_.beta2),
                     .eps = static_cast<float>(options_.eps),
                     .weight_decay = static_cast<float>(decay),
                     .grad_scale = static_cast<float>(scale)});
  }
  training_.muon(matrices);
}

}  // namespace hermes::train
