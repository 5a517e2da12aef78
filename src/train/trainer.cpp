#include "train/trainer.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hermes::train {
namespace {

int64_t count_steps(const Recipe& recipe, size_t n_rows) {
  if (recipe.steps > 0) return recipe.steps;
  const double rows = recipe.epochs * static_cast<double>(n_rows);
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(rows / static_cast<double>(recipe.rows_per_step))));
}

}  // namespace

Trainer::Trainer(const Recipe& recipe, const model::ArchSpec& spec, const TrainingData& data, Machine machine)
    : recipe_(recipe),
      spec_(spec),
      data_(data),
      machine_(machine),
      parameters_(spec),
      gradient_(spec),
      optimizer_(spec, recipe.optimizer, machine.training),
      model_(spec, machine.backend, machine.training),
      order_(data.rows.n_rows(), recipe.seed),
      n_steps_(count_steps(recipe, data.rows.n_rows())) {
  initialise(spec, recipe.seed, parameters_);
}

double Trainer::epochs_done() const {
  return static_cast<double>(steps_done_ * recipe_.rows_per_step) / static_cast<double>(data_.rows.n_rows());
}

Result<StepResult> Trainer::step() {
  StepResult result;
  result.step = steps_done_ + 1;
  result.learning_rate = learning_rate(recipe_.optimizer, result.step, n_steps_);

  std::vector<PackedRow> mine;
  for (int64_t i = 0; i < recipe_.rows_per_step; ++i) {
    PackedRow row = make_row(data_.train,
                             data_.rows.row(order_.at(static_cast<uint64_t>(steps_done_ * recipe_.rows_per_step + i))));
    result.n_tokens += static_cast<int64_t>(row.tokens.size());
    result.n_trained += row.n_labels();
    result.flops += model_.flops(row);
    if (i % machine_.collective.size() == machine_.collective.rank()) mine.push_back(std::move(row));
  }
  const auto scale = static_cast<float>(1.0 / static_cast<double>(result.n_trained));
  std::fill(gradient_.all().begin(), gradient_.all().end(), 0.0F);
  double loss = 0;
  for (const PackedRow& row : mine) loss += model_.forward_backward(parameters_, row, scale, gradient_);
  machine_.collective.all_reduce_sum(std::span(&loss, 1));
  machine_.collective.all_reduce_sum(gradient_.all());

  result.loss = loss / static_cast<double>(result.n_trained);
  result.gradient_norm = optimizer_.norm(gradient_);
  if (!std::isfinite(result.loss) || !std::isfinite(result.gradient_norm)) {
    return Error::corrupt("step {}: the loss is {} and the norm of the gradient {}: training has diverged", result.step,
                          result.loss, result.gradient_norm);
  }
  optimizer_.update(parameters_, gradient_, result.gradient_norm, result.step, result.learning_rate);
  ++steps_done_;
  return result;
}

std::optional<double> Trainer::evaluate() {
  const size_t n_rows = data_.test_rows.n_rows();
  if (n_rows == 0) return std::nullopt;
  std::array<double, 2> sums{};  // loss, labels
  for (size_t r = static_cast<size_t>(machine_.collective.rank()); r < n_rows;
       r += static_cast<size_t>(machine_.collective.size())) {
    const PackedRow row = make_row(data_.test, data_.test_rows.row(r));
    sums[0] += model_.forward(parameters_, row);
    sums[1] += static_cast<double>(row.n_labels());
  }
  machine_.collective.all_reduce_sum(sums);
  return sums[0] / sums[1];
}

}  // namespace hermes::train
