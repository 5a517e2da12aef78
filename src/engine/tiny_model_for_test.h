// A decoder of a few thousand random weights on the reference backend, for tests that need some model and no file.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/rng.h"
#include "model/decoder.h"
#include "ops/reference/reference_backend.h"

namespace hermes::engine {

// Llama's architecture; equal seeds are equal weights.
class TinyModel {
 public:
  explicit TinyModel(uint64_t seed = 1, int64_t vocab_size = 11, bool tied = false) : rng_(seed) {
    spec = {.model_type = "llama",
            .n_layers = 2,
            .hidden_size = 12,
            .n_heads = 4,
            .n_kv_heads = 2,
            .head_dim = 4,
            .intermediate_size = 300,  // more than one thread takes at once
            .vocab_size = vocab_size,
            .max_positions = 64,
            .rms_eps = 1e-5F,
            .tied_embeddings = tied,
            .rope = {},
            .fp8 = {},
            .declared_dtype = {}};
    weights.embedding = matrix(vocab_size, spec.hidden_size);
    for (int64_t i = 0; i < spec.n_layers; ++i) {
      model::LayerWeights layer;
      layer.attention_norm = vector(spec.hidden_size);
      layer.q.weight = matrix(spec.q_width(), spec.hidden_size);
      layer.k.weight = matrix(spec.kv_width(), spec.hidden_size);
      layer.v.weight = matrix(spec.kv_width(), spec.hidden_size);
      layer.out.weight = matrix(spec.hidden_size, spec.q_width());
      layer.mlp_norm = vector(spec.hidden_size);
      layer.gate.weight = matrix(spec.intermediate_size, spec.hidden_size);
      layer.up.weight = matrix(spec.intermediate_size, spec.hidden_size);
      layer.down.weight = matrix(spec.hidden_size, spec.intermediate_size);
      weights.layers.push_back(layer);
    }
    weights.final_norm = vector(spec.hidden_size);
    weights.output = tied ? weights.embedding : matrix(vocab_size, spec.hidden_size);
  }

  model::Decoder decoder() { return model::Decoder(spec, weights, *backend, {}); }
  // The elements behind one of the weights' views.
  std::vector<float>& elements(const ConstTensorView& view) {
    for (std::vector<float>& one : memory_) {
      if (one.data() == view.data) return one;
    }
    HERMES_CHECK(false);
  }

  model::ArchSpec spec;
  model::Weights weights;
  std::unique_ptr<ops::Backend> backend = ops::make_reference_backend();

 private:
  ConstTensorView matrix(int64_t rows, int64_t columns) { return tensor({rows, columns}, 0.0F); }
  ConstTensorView vector(int64_t n) { return tensor({n}, 1.0F); }
  ConstTensorView tensor(const Shape& shape, float around) {
    std::vector<float>& values = memory_.emplace_back(static_cast<size_t>(shape.elements()));
    for (float& value : values) value = around + 0.4F * static_cast<float>(rng_.normal());
    return const_view_of(values, shape);
  }

  Rng rng_;
  std::deque<std::vector<float>> memory_;  // a deque: elements stay where they are
};

}  // namespace hermes::engine
