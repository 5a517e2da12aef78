// The decoder: one forward pass for Llama-3.x, Qwen3 and Seed-OSS, told apart by ArchSpec alone.
//
// Goals: reads top to bottom like the papers; any mix of prompts and single tokens in one batch; the logits of a token
// are a function of the tokens before it in its sequence, bit for bit, whatever else is in the batch and however the
// prompt was cut into chunks. Non-goals: scheduling, sampling, tokens (engine, sampling, tokenizer).
// Not thread-safe: one forward at a time (it uses all threads of its backend).
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "kv/kv_sequence.h"
#include "model/arch_spec.h"
#include "model/weights.h"
#include "ops/backend.h"

namespace hermes::model {

// Which rows of logits a chunk asks for.
enum class LogitsRows { kNone, kLast, kAll };

// Consecutive new tokens of one sequence; their positions follow those its cache holds.
struct Chunk {
  std::span<const int32_t> tokens;  // at least one
  kv::KvSequence* kv = nullptr;     // advanced by tokens.size(); no two chunks of a batch share one
  LogitsRows logits = LogitsRows::kLast;
};

struct DecoderOptions {
  ops::Activations activations = ops::Activations::kF32;
};

class Decoder {
 public:
  // `backend` is borrowed and must outlive the decoder.
  Decoder(ArchSpec spec, Weights weights, ops::Backend& backend, DecoderOptions options = {});

  const ArchSpec& spec() const { return spec_; }
  const Weights& weights() const { return weights_; }
  kv::KvShape kv_shape(DType dtype) const;

  // Runs the batch and returns the rows asked for, [rows, vocab_size] in batch order; valid until the next call.
  // Fails, leaving every cache as it was, on a token id outside the vocabulary or a cache without room.
  Result<std::span<const float>> forward(std::span<const Chunk> batch);

 private:
  void reserve_scratch(int64_t n_tokens);
  void attention_block(const LayerWeights& layer, int index, std::span<const Chunk> batch);
  void mlp_block(const LayerWeights& layer);
  void project(const TensorView& x, const Projection& projection, const TensorView& y);
  TensorView scratch(std::vector<float>& memory, int64_t width) { return view_of(memory, {n_tokens_, width}); }

  ArchSpec spec_;
  Weights weights_;
  ops::Backend& backend_;
  DecoderOptions options_;
  std::vector<float> inv_freq_;  // [head_dim / 2]

  // Scratch of one pass over T = n_tokens_ tokens; grows to the largest batch seen.
  int64_t n_tokens_ = 0;
  std::vector<int32_t> tokens_;     // [T]
  std::vector<int32_t> positions_;  // [T]
  std::vector<int32_t> kv_begin_;   // [T], all 0: one document per sequence
  std::vector<int32_t> kv_end_;     // [T]
  std::vector<float> x_;            // [T, hidden] residual stream
  std::vector<float> h_;            // [T, hidden] normed input of a block, then its output
  std::vector<float> q_;            // [T, n_heads * head_dim]
  std::vector<float> k_;            // [T, n_kv_heads * head_dim]
  std::vector<float> v_;            // [T, n_kv_heads * head_dim]
  std::vector<float> attended_;     // [T, n_heads * head_dim]
  std::vector<float> gate_;         // [T, intermediate]
  std::vector<float> up_;           // [T, intermediate]
  std::vector<float> logits_;       // [rows, vocab]
};

}  // namespace hermes::model
