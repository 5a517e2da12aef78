// ModelGradient: the loss of one packed row and its gradient, for every architecture of model::ArchSpec.
//
// Goals: the forward pass is the decoder's, op by op (model/decoder.cpp), so that the log-probability of a token has the
// same bits in trainer and sampler; documents of a row do not see each other, and a document's losses have the same bits
// alone and packed. What is cheap is computed again on the way back (normed inputs, SwiGLU); the rest is kept.
// Non-goals: optimiser, data, more than one row at a time. Not thread-safe.
//
// Memory for a row of T tokens: T * n_layers * (3 hidden + 2 q + 2 kv + 2 intermediate) floats, about, and as many more
// as one layer's for gradients; logits go through in blocks of at most kLogitsPerBlock.
#pragma once

#include <span>
#include <vector>

#include "model/arch_spec.h"
#include "model/weights.h"
#include "ops/training_backend.h"
#include "train/flat_tensors.h"
#include "train/packing.h"

namespace hermes::train {

class ModelGradient {
 public:
  // Backends are borrowed.
  ModelGradient(model::ArchSpec spec, ops::Backend& backend, ops::TrainingBackend& training);

  // Sum of the losses of the row's labels. Adds scale * d(sum of losses) to `gradient`.
  double forward_backward(const FlatTensors& parameters, const PackedRow& row, float scale, FlatTensors& gradient);
  // The same sum, without a gradient.
  double forward(const FlatTensors& parameters, const PackedRow& row);
  // -log p of each label of the last row, in order; tokens without a label have none.
  std::span<const float> token_losses() const { return losses_; }

  // Multiply-adds count as two: of the products with weights and of attention, forward and backward, for one row.
  double flops(const PackedRow& row) const;

 private:
  struct Layer {                  // what the way back needs
    std::vector<float> x;         // [T, hidden] what the layer was given
    std::vector<float> q_raw;     // [T, q_width] before the norm of q, where there is one
    std::vector<float> k_raw;     // [T, kv_width]
    std::vector<float> q;         // [T, q_width] after RoPE
    std::vector<float> k;         // [T, kv_width] after RoPE
    std::vector<float> v;         // [T, kv_width]
    std::vector<float> attended;  // [T, q_width]
    std::vector<float> x_mid;     // [T, hidden] after attention
    std::vector<float> gate;      // [T, intermediate]; becomes its gradient
    std::vector<float> up;        // [T, intermediate]; becomes its gradient
  };

  void start(const PackedRow& row);
  void forward_layers(const model::Weights& weights, const PackedRow& row);
  void attention_forward(const model::LayerWeights& weights, Layer& layer, const PackedRow& row);
  void mlp_forward(const model::LayerWeights& weights, Layer& layer, std::span<float> x_out);
  double output(const model::Weights& weights, const PackedRow& row, float scale, const model::Weights* gradient);
  void mlp_backward(const model::LayerWeights& weights, const model::LayerWeights& gradient, Layer& layer);
  void attention_backward(const model::LayerWeights& weights, const model::LayerWeights& gradient, Layer& layer,
                          const PackedRow& row);
  void project(const TensorView& x, const model::Projection& projection, const TensorView& y);
  void project_backward(const TensorView& x, const model::Projection& projection, const model::Projection& gradient,
                        const TensorView& d_y, const TensorView& d_x, bool accumulate);
  void norm(const TensorView& x, const ConstTensorView& weight, const TensorView& out);
  void norm_backward(const TensorView& x, const ConstTensorView& weight, const ConstTensorView& gradient,
                     const TensorView& d_out, const TensorView& d_x);
  TensorView rows(std::vector<float>& memory, int64_t width) { return view_of(memory, {n_tokens_, width}); }
  TensorView heads(std::vector<float>& memory, int64_t n) { return view_of(memory, {n_tokens_, n, spec_.head_dim}); }
  // One row for each head of each token, as the norms of q and k see it.
  TensorView head_rows(std::vector<float>& memory, int64_t n) {
    return view_of(memory, {n_tokens_ * n, spec_.head_dim});
  }

  model::ArchSpec spec_;
  ops::Backend& backend_;
  ops::TrainingBackend& training_;
  std::vector<float> inv_freq_;  // [head_dim / 2]
  float attention_scale_;

  int64_t n_tokens_ = 0;  // T, of the present row
  std::vector<Layer> layers_;
  std::vector<float> x_;      // [T, hidden] what the last layer gave
  std::vector<float> h_;      // [T, hidden] normed
  std::vector<float> act_;    // [T, intermediate] what SwiGLU gave; on the way back its gradient follows in d_act_
  std::vector<float> d_act_;  // [T, intermediate]
  std::vector<float> d_x_;    // [T, hidden] gradient of the residual stream
  std::vector<float> d_h_;    // [T, hidden]
  std::vector<float> d_attended_, d_q_;  // [T, q_width]
  std::vector<float> d_k_, d_v_;         // [T, kv_width]

  // Documents lie in the cache one behind the other, each from a multiple of the attention tile on: its tiles are then
  // those of a sequence that begins at 0, and so are its bits.
  std::vector<int32_t> cache_positions_, kv_begin_, kv_end_;  // [T]
  int64_t cache_capacity_ = 0;
  std::vector<float> k_cache_, v_cache_;  // one page: [kv_heads, cache_capacity, head_dim]

  std::vector<int32_t> labels_;               // [R] of the rows that have one
  std::vector<float> labelled_, d_labelled_;  // [R, hidden]
  std::vector<float> labelled_h_;             // [R, hidden] normed, then its gradient's twin d_labelled_
  std::vector<float> logits_;                 // [block, vocab]
  std::vector<float> losses_;                 // [R]
};

}  // namespace hermes::train
