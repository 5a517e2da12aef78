#include "model/decoder.h"

#include <algorithm>
#include <cmath>

namespace hermes::model {

Decoder::Decoder(ArchSpec spec, Weights weights, ops::Backend& backend, DecoderOptions options)
    : spec_(std::move(spec)),
      weights_(std::move(weights)),
      backend_(backend),
      options_(options),
      inv_freq_(ops::rope_inv_freq(static_cast<int>(spec_.head_dim), spec_.rope.theta)) {
  if (spec_.rope.llama3) ops::apply_llama3_scaling(inv_freq_, *spec_.rope.llama3);
  if (weights_.rope_factors) {
    const float* factors = weights_.rope_factors.f32();
    for (size_t i = 0; i < inv_freq_.size(); ++i) inv_freq_[i] /= factors[i];
  }
}

kv::KvShape Decoder::kv_shape(DType dtype) const {
  return {.n_layers = static_cast<int>(spec_.n_layers),
          .n_kv_heads = spec_.n_kv_heads,
          .head_dim = spec_.head_dim,
          .dtype = dtype};
}

void Decoder::reserve_scratch(int64_t n_tokens) {
  n_tokens_ = n_tokens;
  const auto grow = [&](std::vector<float>& memory, int64_t width) {
    memory.resize(std::max(memory.size(), static_cast<size_t>(n_tokens * width)));
  };
  grow(x_, spec_.hidden_size);
  grow(h_, spec_.hidden_size);
  grow(q_, spec_.q_width());
  grow(k_, spec_.kv_width());
  grow(v_, spec_.kv_width());
  grow(attended_, spec_.q_width());
  grow(gate_, spec_.intermediate_size);
  grow(up_, spec_.intermediate_size);
}

void Decoder::project(const TensorView& x, const Projection& projection, const TensorView& y) {
  backend_.linear({.x = x,
                   .weight = projection.weight,
                   .bias = projection.bias,
                   .y = y,
                   .activations = options_.activations,
                   .scales = projection.scales});
}

// x += out(attention(rope(norm(q)), rope(norm(k)), v)) of the normed x.
void Decoder::attention_block(const LayerWeights& layer, int index, std::span<const Chunk> batch) {
  const TensorView x = scratch(x_, spec_.hidden_size), h = scratch(h_, spec_.hidden_size);
  const TensorView q = scratch(q_, spec_.q_width());
  const TensorView k = scratch(k_, spec_.kv_width()), v = scratch(v_, spec_.kv_width());
  const TensorView attended = scratch(attended_, spec_.q_width());

  backend_.rms_norm({.x = x, .weight = layer.attention_norm, .eps = spec_.rms_eps, .out = h});
  project(h, layer.q, q);
  project(h, layer.k, k);
  project(h, layer.v, v);
  if (spec_.qk_norm) {
    const TensorView q_heads = view_of(q_, {n_tokens_ * spec_.n_heads, spec_.head_dim});
    const TensorView k_heads = view_of(k_, {n_tokens_ * spec_.n_kv_heads, spec_.head_dim});
    backend_.rms_norm({.x = q_heads, .weight = layer.q_norm, .eps = spec_.rms_eps, .out = q_heads});
    backend_.rms_norm({.x = k_heads, .weight = layer.k_norm, .eps = spec_.rms_eps, .out = k_heads});
  }
  const Shape q_shape{n_tokens_, spec_.n_heads, spec_.head_dim};
  const Shape kv_shape{n_tokens_, spec_.n_kv_heads, spec_.head_dim};
  for (const TensorView& x_heads : {view_of(q_, q_shape), view_of(k_, kv_shape)}) {
    backend_.rope(
        {.x = x_heads, .positions = positions_, .inv_freq = inv_freq_, .interleaved = spec_.rope.interleaved});
  }

  // Each sequence stores into and attends over its own pages.
  int64_t begin = 0;
  for (const Chunk& chunk : batch) {
    const auto n = static_cast<int64_t>(chunk.tokens.size());
    const auto rows = [&](std::vector<float>& memory, int64_t heads) {
      const int64_t width = heads * spec_.head_dim;
      return view_of(std::span(memory).subspan(static_cast<size_t>(begin * width), static_cast<size_t>(n * width)),
                     {n, heads, spec_.head_dim});
    };
    const auto part = [&](const std::vector<int32_t>& all) {
      return std::span(all).subspan(static_cast<size_t>(begin), static_cast<size_t>(n));
    };
    const ops::KvPagesView pages{.k = chunk.kv->k_pages(index),
                                 .v = chunk.kv->v_pages(index),
                                 .dtype = chunk.kv->shape().dtype,
                                 .page_size = chunk.kv->page_size()};
    backend_.kv_store({.k = rows(k_, spec_.n_kv_heads),
                       .v = rows(v_, spec_.n_kv_heads),
                       .positions = part(positions_),
                       .pages = pages});
    backend_.attention({.q = rows(q_, spec_.n_heads),
                        .pages = pages,
                        .kv_heads = spec_.n_kv_heads,
                        .kv_begin = part(kv_begin_),
                        .kv_end = part(kv_end_),
                        .scale = 1.0F / std::sqrt(static_cast<float>(spec_.head_dim)),
                        .out = rows(attended_, spec_.n_heads)});
    begin += n;
  }
  project(attended, layer.out, h);
  backend_.residual_add({.y = h, .x = x});
}

// x += down(silu(gate) * up) of the normed x.
void Decoder::mlp_block(const LayerWeights& layer) {
  const TensorView x = scratch(x_, spec_.hidden_size), h = scratch(h_, spec_.hidden_size);
  const TensorView gate = scratch(gate_, spec_.intermediate_size), up = scratch(up_, spec_.intermediate_size);
  backend_.rms_norm({.x = x, .weight = layer.mlp_norm, .eps = spec_.rms_eps, .out = h});
  project(h, layer.gate, gate);
  project(h, layer.up, up);
  backend_.swiglu({.gate = gate, .up = up, .out = gate});
  project(gate, layer.down, h);
  backend_.residual_add({.y = h, .x = x});
}

Result<std::span<const float>> Decoder::forward(std::span<const Chunk> batch) {
  tokens_.clear();
  positions_.clear();
  for (const Chunk& chunk : batch) {
    HERMES_CHECK(chunk.kv != nullptr && !chunk.tokens.empty());
    auto position = static_cast<int32_t>(chunk.kv->size());
    for (const int32_t token : chunk.tokens) {
      if (token < 0 || token >= spec_.vocab_size) {
        return Error::invalid("token id {} is outside the vocabulary of {}", token, spec_.vocab_size);
      }
      positions_.push_back(position++);
    }
    tokens_.insert(tokens_.end(), chunk.tokens.begin(), chunk.tokens.end());
    HERMES_TRY(chunk.kv->reserve(static_cast<int64_t>(chunk.tokens.size())));
  }
  reserve_scratch(static_cast<int64_t>(tokens_.size()));
  kv_begin_.assign(tokens_.size(), 0);
  kv_end_.resize(tokens_.size());
  std::transform(positions_.begin(), positions_.end(), kv_end_.begin(), [](int32_t p) { return p + 1; });

  const TensorView x = scratch(x_, spec_.hidden_size);
  backend_.embedding({.tokens = tokens_, .table = weights_.embedding, .out = x});
  int index = 0;
  for (const LayerWeights& layer : weights_.layers) {
    attention_block(layer, index++, batch);
    mlp_block(layer);
  }
  for (const Chunk& chunk : batch) chunk.kv->advance(static_cast<int64_t>(chunk.tokens.size()));

  // Only the rows asked for go through the output matrix, the largest of all. They are moved to the front of x.
  int64_t n_rows = 0, begin = 0;
  for (const Chunk& chunk : batch) {
    const auto n = static_cast<int64_t>(chunk.tokens.size());
    const int64_t first = chunk.logits == LogitsRows::kAll ? 0 : chunk.logits == LogitsRows::kLast ? n - 1 : n;
    const int64_t width = spec_.hidden_size;
    std::copy(x_.begin() + (begin + first) * width, x_.begin() + (begin + n) * width, x_.begin() + n_rows * width);
    n_rows += n - first;
    begin += n;
  }
  if (n_rows == 0) return std::span<const float>();
  const TensorView last = view_of(x_, {n_rows, spec_.hidden_size}), h = view_of(h_, {n_rows, spec_.hidden_size});
  backend_.rms_norm({.x = last, .weight = weights_.final_norm, .eps = spec_.rms_eps, .out = h});
  logits_.resize(static_cast<size_t>(n_rows * spec_.vocab_size));
  backend_.linear({.x = h,
                   .weight = weights_.output,
                   .bias = {},
                   .y = view_of(logits_, {n_rows, spec_.vocab_size}),
                   .activations = options_.activations});
  return std::span<const float>(logits_);
}

}  // namespace hermes::model
