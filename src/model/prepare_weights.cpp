#include "model/prepare_weights.h"

#include <algorithm>

namespace hermes::model {
namespace {

// The matrices of linear(); an embedding that is no output matrix is read by rows.
template <class Visit>
void for_each_matrix(const Weights& weights, const Visit& visit) {
  const auto offer = [&](const ConstTensorView& weight) {
    if (is_block_type(weight.dtype)) visit(weight);
  };
  for (const LayerWeights& layer : weights.layers) {
    for (const Projection* projection :
         {&layer.q, &layer.k, &layer.v, &layer.out, &layer.gate, &layer.up, &layer.down}) {
      offer(projection->weight);
    }
  }
  offer(weights.output);
}

}  // namespace

int64_t bytes_to_prepare(const Weights& weights) {
  int64_t bytes = 0;
  for_each_matrix(weights, [&](const ConstTensorView& weight) { bytes += static_cast<int64_t>(weight.bytes()); });
  return bytes;
}

void prepare_weights(Weights& weights, ops::Backend& backend, const std::function<void(int64_t)>& done) {
  // The largest first: its copy and its pages are there together while no other copy is.
  std::vector<ConstTensorView> matrices;
  for_each_matrix(weights, [&](const ConstTensorView& weight) { matrices.push_back(weight); });
  std::stable_sort(matrices.begin(), matrices.end(),
                   [](const auto& a, const auto& b) { return a.bytes() > b.bytes(); });
  int64_t bytes = 0;
  std::vector<std::shared_ptr<const void>> prepared;
  for (const ConstTensorView& weight : matrices) {
    if (auto copy = backend.prepare(weight)) {
      prepared.push_back(std::move(copy));
      if (weights.source) weights.source->let_go(weight);
    }
    bytes += static_cast<int64_t>(weight.bytes());
    if (done) done(bytes);
  }
  weights.prepared = std::move(prepared);
}

}  // namespace hermes::model
