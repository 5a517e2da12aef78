// Weights in the order in which the backend reads them fastest (ops::Backend::prepare): copies of the matrices of block
// types, in place of the file's pages, which are given back one matrix after the other. So both are never in memory whole.
#pragma once

#include <functional>

#include "model/weights.h"
#include "ops/backend.h"

namespace hermes::model {

// Bytes that the copies will take.
int64_t bytes_to_prepare(const Weights& weights);
// `done` hears how many bytes are copied. The backend may go before the weights, or after them.
void prepare_weights(Weights& weights, ops::Backend& backend, const std::function<void(int64_t bytes)>& done = {});

}  // namespace hermes::model
