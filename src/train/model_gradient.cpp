#include "train/model_gradient.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hermes::train {
namespace {

constexpr int64_t kLogitsPerBlock = int64_t{1} << 24;  // 64 MiB
constexpr int64_t kFewestRowsPerBlock = 16;

// Gradients are bound by the same code as weights, as views that may only be read; FlatTensors lets us write them.
TensorView writable(const ConstTensorView& view) { return {const_cast<void*>(view.data), view.dtype, view.shape}; }

void grow(std::vector<float>& memory, int64_t size) {
  if (memory.size() < static_cast<size_t>(size)) memory.resize(static_cast<size_t>(size));
}

int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

}  // namespace

ModelGradient::ModelGradient(model::ArchSpec spec, ops::Backend& backend, ops::TrainingBackend& training)
    : spec_(std::move(spec)),
      backend_(backend),
      training_(training),
      inv_freq_(ops::rope_inv_freq(static_cast<int>(spec_.head_dim), spec_.rope.theta)),
      attention_scale_(1.0F / std::sqrt(static_cast<float>(spec_.head_dim))),
      layers_(static_cast<size_t>(spec_.n_layers)) {
  if (spec_.rope.llama3) ops::apply_llama3_scaling(inv_freq_, *spec_.rope.llama3);
}

void ModelGradient::project(const TensorView& x, const model::Projection& projection, const TensorView& y) {
  backend_.linear({.x = x, .weight = projection.weight, .bias = projection.bias, .y = y});
}

void ModelGradient::project_backward(const TensorView& x, const model::Projection& projection,
                                     const model::Projection& gradient, const TensorView& d_y, const TensorView& d_x,
                                     bool accumulate) {
  training_.linear_backward({.x = x,
                             .weight = projection.weight,
                             .d_y = d_y,
                             .d_x = d_x,
                             .d_weight = writable(gradient.weight),
                             .d_bias = writable(gradient.bias),
                             .accumulate_d_x = accumulate});
}

void ModelGradient::norm(const TensorView& x, const ConstTensorView& weight, const TensorView& out) {
  backend_.rms_norm({.x = x, .weight = weight, .eps = spec_.rms_eps, .out = out});
}

void ModelGradient::norm_backward(const TensorView& x, const ConstTensorView& weight, const ConstTensorView& gradient,
                                  const TensorView& d_out, const TensorView& d_x) {
  training_.rms_norm_backward(
      {.x = x, .weight = weight, .d_out = d_out, .eps = spec_.rms_eps, .d_x = d_x, .d_weight = writable(gradient)});
}

void ModelGradient::start(const PackedRow& row) {
  n_tokens_ = static_cast<int64_t>(row.tokens.size());
  HERMES_CHECK(n_tokens_ > 0 && row.documents.back() == n_tokens_);
  for (Layer& layer : layers_) {
    grow(layer.x, n_tokens_ * spec_.hidden_size);
    if (spec_.qk_norm) grow(layer.q_raw, n_tokens_ * spec_.q_width());
    if (spec_.qk_norm) grow(layer.k_raw, n_tokens_ * spec_.kv_width());
    grow(layer.q, n_tokens_ * spec_.q_width());
    grow(layer.k, n_tokens_ * spec_.kv_width());
    grow(layer.v, n_tokens_ * spec_.kv_width());
    grow(layer.attended, n_tokens_ * spec_.q_width());
    grow(layer.x_mid, n_tokens_ * spec_.hidden_size);
    grow(layer.gate, n_tokens_ * spec_.intermediate_size);
    grow(layer.up, n_tokens_ * spec_.intermediate_size);
  }
  for (auto* memory : {&x_, &h_}) grow(*memory, n_tokens_ * spec_.hidden_size);
  grow(act_, n_tokens_ * spec_.intermediate_size);

  cache_positions_.clear();
  kv_begin_.clear();
  kv_end_.clear();
  int64_t base = 0;
  for (size_t d = 0; d + 1 < row.documents.size(); ++d) {
    const int64_t length = row.documents[d + 1] - row.documents[d];
    for (int64_t i = 0; i < length; ++i) {
      cache_positions_.push_back(static_cast<int32_t>(base + i));
      kv_begin_.push_back(static_cast<int32_t>(base));
      kv_end_.push_back(static_cast<int32_t>(base + i + 1));
    }
    base += round_up(length, ops::kAttentionTile);
  }
  cache_capacity_ = base;
  for (auto* memory : {&k_cache_, &v_cache_}) grow(*memory, cache_capacity_ * spec_.kv_width());

  const int64_t n_labels = row.n_labels();
  labels_.clear();
  for (const int32_t label : row.labels) {
    if (label != kNoLabel) labels_.push_back(label);
  }
  losses_.resize(static_cast<size_t>(n_labels));
  for (auto* memory : {&labelled_, &labelled_h_}) grow(*memory, n_labels * spec_.hidden_size);
}

// x_mid = x + out(attention(rope(norm(q)), rope(norm(k)), v)) of the normed x.
void ModelGradient::attention_forward(const model::LayerWeights& weights, Layer& layer, const PackedRow& row) {
  const TensorView h = rows(h_, spec_.hidden_size);
  norm(rows(layer.x, spec_.hidden_size), weights.attention_norm, h);
  project(h, weights.q, rows(spec_.qk_norm ? layer.q_raw : layer.q, spec_.q_width()));
  project(h, weights.k, rows(spec_.qk_norm ? layer.k_raw : layer.k, spec_.kv_width()));
  project(h, weights.v, rows(layer.v, spec_.kv_width()));
  if (spec_.qk_norm) {
    norm(head_rows(layer.q_raw, spec_.n_heads), weights.q_norm, head_rows(layer.q, spec_.n_heads));
    norm(head_rows(layer.k_raw, spec_.n_kv_heads), weights.k_norm, head_rows(layer.k, spec_.n_kv_heads));
  }
  backend_.rope({.x = heads(layer.q, spec_.n_heads), .positions = row.positions, .inv_freq = inv_freq_});
  backend_.rope({.x = heads(layer.k, spec_.n_kv_heads), .positions = row.positions, .inv_freq = inv_freq_});

  std::byte* const k_page = reinterpret_cast<std::byte*>(k_cache_.data());
  std::byte* const v_page = reinterpret_cast<std::byte*>(v_cache_.data());
  const ops::KvPagesView pages{
      .k = {&k_page, 1}, .v = {&v_page, 1}, .dtype = DType::kF32, .page_size = cache_capacity_};
  backend_.kv_store({.k = heads(layer.k, spec_.n_kv_heads),
                     .v = heads(layer.v, spec_.n_kv_heads),
                     .positions = cache_positions_,
                     .pages = pages});
  backend_.attention({.q = heads(layer.q, spec_.n_heads),
                      .pages = pages,
                      .kv_heads = spec_.n_kv_heads,
                      .kv_begin = kv_begin_,
                      .kv_end = kv_end_,
                      .scale = attention_scale_,
                      .out = heads(layer.attended, spec_.n_heads)});
  project(rows(layer.attended, spec_.q_width()), weights.out, h);
  std::copy_n(layer.x.begin(), n_tokens_ * spec_.hidden_size, layer.x_mid.begin());
  backend_.residual_add({.y = h, .x = rows(layer.x_mid, spec_.hidden_size)});
}

// x_out = x_mid + down(silu(gate) * up) of the normed x_mid.
void ModelGradient::mlp_forward(const model::LayerWeights& weights, Layer& layer, std::span<float> x_out) {
  const TensorView h = rows(h_, spec_.hidden_size);
  const TensorView gate = rows(layer.gate, spec_.intermediate_size), up = rows(layer.up, spec_.intermediate_size);
  const TensorView act = rows(act_, spec_.intermediate_size);
  norm(rows(layer.x_mid, spec_.hidden_size), weights.mlp_norm, h);
  project(h, weights.gate, gate);
  project(h, weights.up, up);
  backend_.swiglu({.gate = gate, .up = up, .out = act});
  project(act, weights.down, h);
  std::copy_n(layer.x_mid.begin(), n_tokens_ * spec_.hidden_size, x_out.begin());
  backend_.residual_add({.y = h, .x = view_of(x_out, {n_tokens_, spec_.hidden_size})});
}

void ModelGradient::forward_layers(const model::Weights& weights, const PackedRow& row) {
  backend_.embedding({.tokens = row.tokens, .table = weights.embedding, .out = rows(layers_[0].x, spec_.hidden_size)});
  for (size_t i = 0; i < layers_.size(); ++i) {
    attention_forward(weights.layers[i], layers_[i], row);
    mlp_forward(weights.layers[i], layers_[i], i + 1 < layers_.size() ? layers_[i + 1].x : x_);
  }
}

// Final norm, output matrix and loss of the rows that have a label. With a gradient, d_x_ becomes that of x_.
double ModelGradient::output(const model::Weights& weights, const PackedRow& row, float scale,
                             const model::Weights* gradient) {
  const int64_t width = spec_.hidden_size, vocab = spec_.vocab_size;
  const auto n_labels = static_cast<int64_t>(labels_.size());
  if (gradient != nullptr) std::fill_n(d_x_.begin(), n_tokens_ * width, 0.0F);
  if (n_labels == 0) return 0;

  auto to = labelled_.begin();
  for (int64_t t = 0; t < n_tokens_; ++t) {
    if (row.labels[static_cast<size_t>(t)] != kNoLabel) to = std::copy_n(x_.begin() + t * width, width, to);
  }
  const TensorView labelled = view_of(labelled_, {n_labels, width}), h = view_of(labelled_h_, {n_labels, width});
  norm(labelled, weights.final_norm, h);

  const int64_t block = std::min(n_labels, std::max(kFewestRowsPerBlock, kLogitsPerBlock / vocab));
  grow(logits_, block * vocab);
  for (int64_t begin = 0; begin < n_labels; begin += block) {
    const int64_t n = std::min(block, n_labels - begin);
    const auto part = [&](std::vector<float>& memory) {
      return view_of(std::span(memory).subspan(static_cast<size_t>(begin * width), static_cast<size_t>(n * width)),
                     {n, width});
    };
    const TensorView logits = view_of(logits_, {n, vocab});
    backend_.linear({.x = part(labelled_h_), .weight = weights.output, .bias = {}, .y = logits});
    const auto from = static_cast<size_t>(begin), count = static_cast<size_t>(n);
    training_.cross_entropy({.logits = logits,
                             .labels = std::span(labels_).subspan(from, count),
                             .scale = scale,
                             .loss_only = gradient == nullptr,
                             .loss = std::span(losses_).subspan(from, count)});
    if (gradient == nullptr) continue;
    training_.linear_backward({.x = part(labelled_h_),
                               .weight = weights.output,
                               .d_y = logits,
                               .d_x = part(d_labelled_),
                               .d_weight = writable(gradient->output),
                               .d_bias = {}});
  }
  if (gradient != nullptr) {
    const TensorView d = view_of(d_labelled_, {n_labels, width});
    norm_backward(labelled, weights.final_norm, gradient->final_norm, d, d);
    auto next = d_labelled_.begin();
    for (int64_t t = 0; t < n_tokens_; ++t) {
      if (row.labels[static_cast<size_t>(t)] == kNoLabel) continue;
      std::copy_n(next, width, d_x_.begin() + t * width);
      next += width;
    }
  }
  return std::accumulate(losses_.begin(), losses_.end(), 0.0);
}

void ModelGradient::mlp_backward(const model::LayerWeights& weights, const model::LayerWeights& gradient,
                                 Layer& layer) {
  const TensorView h = rows(h_, spec_.hidden_size), x_mid = rows(layer.x_mid, spec_.hidden_size);
  const TensorView gate = rows(layer.gate, spec_.intermediate_size), up = rows(layer.up, spec_.intermediate_size);
  const TensorView act = rows(act_, spec_.intermediate_size), d_act = rows(d_act_, spec_.intermediate_size);
  const TensorView d_x = rows(d_x_, spec_.hidden_size), d_h = rows(d_h_, spec_.hidden_size);

  norm(x_mid, weights.mlp_norm, h);
  backend_.swiglu({.gate = gate, .up = up, .out = act});
  project_backward(act, weights.down, gradient.down, d_x, d_act, false);
  training_.swiglu_backward({.gate = gate, .up = up, .d_out = d_act, .d_gate = gate, .d_up = up});
  project_backward(h, weights.gate, gradient.gate, gate, d_h, false);
  project_backward(h, weights.up, gradient.up, up, d_h, true);
  norm_backward(x_mid, weights.mlp_norm, gradient.mlp_norm, d_h, d_h);
  backend_.residual_add({.y = d_h, .x = d_x});
}

void ModelGradient::attention_backward(const model::LayerWeights& weights, const model::LayerWeights& gradient,
                                       Layer& layer, const PackedRow& row) {
  const TensorView h = rows(h_, spec_.hidden_size), x = rows(layer.x, spec_.hidden_size);
  const TensorView d_x = rows(d_x_, spec_.hidden_size), d_h = rows(d_h_, spec_.hidden_size);

  project_backward(rows(layer.attended, spec_.q_width()), weights.out, gradient.out, d_x,
                   rows(d_attended_, spec_.q_width()), false);
  training_.attention_backward({.q = heads(layer.q, spec_.n_heads),
                                .k = heads(layer.k, spec_.n_kv_heads),
                                .v = heads(layer.v, spec_.n_kv_heads),
                                .out = heads(layer.attended, spec_.n_heads),
                                .d_out = heads(d_attended_, spec_.n_heads),
                                .documents = row.documents,
                                .scale = attention_scale_,
                                .d_q = heads(d_q_, spec_.n_heads),
                                .d_k = heads(d_k_, spec_.n_kv_heads),
                                .d_v = heads(d_v_, spec_.n_kv_heads)});
  training_.rope_backward({.d_x = heads(d_q_, spec_.n_heads), .positions = row.positions, .inv_freq = inv_freq_});
  training_.rope_backward({.d_x = heads(d_k_, spec_.n_kv_heads), .positions = row.positions, .inv_freq = inv_freq_});
  if (spec_.qk_norm) {
    norm_backward(head_rows(layer.q_raw, spec_.n_heads), weights.q_norm, gradient.q_norm,
                  head_rows(d_q_, spec_.n_heads), head_rows(d_q_, spec_.n_heads));
    norm_backward(head_rows(layer.k_raw, spec_.n_kv_heads), weights.k_norm, gradient.k_norm,
                  head_rows(d_k_, spec_.n_kv_heads), head_rows(d_k_, spec_.n_kv_heads));
  }
  norm(x, weights.attention_norm, h);
  project_backward(h, weights.q, gradient.q, rows(d_q_, spec_.q_width()), d_h, false);
  project_backward(h, weights.k, gradient.k, rows(d_k_, spec_.kv_width()), d_h, true);
  project_backward(h, weights.v, gradient.v, rows(d_v_, spec_.kv_width()), d_h, true);
  norm_backward(x, weights.attention_norm, gradient.attention_norm, d_h, d_h);
  backend_.residual_add({.y = d_h, .x = d_x});
}

double ModelGradient::forward(const FlatTensors& parameters, const PackedRow& row) {
  start(row);
  forward_layers(parameters.weights(), row);
  return output(parameters.weights(), row, 0, nullptr);
}

double ModelGradient::forward_backward(const FlatTensors& parameters, const PackedRow& row, float scale,
                                       FlatTensors& gradient) {
  start(row);
  for (auto* memory : {&d_x_, &d_h_}) grow(*memory, n_tokens_ * spec_.hidden_size);
  for (auto* memory : {&d_attended_, &d_q_}) grow(*memory, n_tokens_ * spec_.q_width());
  for (auto* memory : {&d_k_, &d_v_}) grow(*memory, n_tokens_ * spec_.kv_width());
  grow(d_act_, n_tokens_ * spec_.intermediate_size);
  grow(d_labelled_, static_cast<int64_t>(labels_.size()) * spec_.hidden_size);

  const model::Weights& weights = parameters.weights();
  const model::Weights& into = gradient.weights();
  forward_layers(weights, row);
  const double loss = output(weights, row, scale, &into);
  for (size_t i = layers_.size(); i-- > 0;) {
    mlp_backward(weights.layers[i], into.layers[i], layers_[i]);
    attention_backward(weights.layers[i], into.layers[i], layers_[i], row);
  }
  training_.embedding_backward(
      {.tokens = row.tokens, .d_out = rows(d_x_, spec_.hidden_size), .d_table = writable(into.embedding)});
  return loss;
}

double ModelGradient::flops(const PackedRow& row) const {
  const auto n_tokens = static_cast<double>(row.tokens.size()), n_labels = static_cast<double>(row.n_labels());
  const double layer = static_cast<double>(spec_.hidden_size *
                                           (2 * spec_.q_width() + 2 * spec_.kv_width() + 3 * spec_.intermediate_size));
  double seen = 0;  // pairs of a query and a key
  for (size_t d = 0; d + 1 < row.documents.size(); ++d) {
    const auto n = static_cast<double>(row.documents[d + 1] - row.documents[d]);
    seen += n * (n + 1) / 2;
  }
  const auto n_layers = static_cast<double>(spec_.n_layers);
  const double products =
      6 * (n_tokens * n_layers * layer + n_labels * static_cast<double>(spec_.hidden_size * spec_.vocab_size));
  // Forward: scores and values; backward: scores again, and four products more.
  const double attention = 2 * (2 + 5) * seen * static_cast<double>(spec_.q_width()) * n_layers;
  return products + attention;
}

}  // namespace hermes::train
