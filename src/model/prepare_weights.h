// Weights in the order in which the backend reads them fastest (ops::Backend::prepare): copies of the matrices of block
// types, in place of the file's pages, which are given back as the copies grow. So both are never in memory whole.
#pragma once

#include <functional>
#include <memory>

#include "model/weights.h"
#include "ops/backend.h"

namespace hermes::model {

// Bytes that the copies of all matrices take.
int64_t bytes_to_prepare(const Weights& weights);

// Copies on a thread of its own, of low priority, while the model runs already, with the same bits: what is copied runs
// faster. It must go before the backend; Weights::prepared may hold it.
class WeightPreparation {
 public:
  WeightPreparation(const Weights& weights, ops::Backend& backend);
  ~WeightPreparation();  // stops the copying
  WeightPreparation(const WeightPreparation&) = delete;
  WeightPreparation& operator=(const WeightPreparation&) = delete;

  // Helps until all is copied; `progress` hears how many bytes are.
  void finish(const std::function<void(int64_t bytes)>& progress = {});

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace hermes::model
