// ArchSpec: all that tells one Hermes architecture from another. One description for Llama-3.x, Qwen3 and Seed-OSS; the
// decoder reads it and never asks for a model's name. Field names follow the glossary; comments give config.json's.
// It is read from a config.json or from a GGUF file's metadata (docs/formats/gguf.md has the names there).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "formats/gguf_metadata.h"
#include "formats/tensor_source.h"
#include "ops/rope.h"
#include "tensor/dtype.h"

namespace hermes::model {

struct RopeSpec {
  double theta = 10000;
  std::optional<ops::Llama3Scaling> llama3;  // rope_type "llama3"; absent: "default"
  bool interleaved = false;                  // q and k are ordered for pairs of neighbours (GGUF's llama)
};

// How weights in F8_E4M3 are scaled ("quantization_config"). Which weights are, and whether a scale is for a row or for all
// of a matrix, the tensors say.
struct Fp8Spec {
  int64_t block_rows = 0, block_columns = 0;  // of a scale; 0: no blocks
};

struct ArchSpec {
  std::string model_type;  // "llama", "qwen3", "seed_oss"

  int64_t n_layers = 0;           // num_hidden_layers
  int64_t hidden_size = 0;        // hidden_size
  int64_t n_heads = 0;            // num_attention_heads
  int64_t n_kv_heads = 0;         // num_key_value_heads
  int64_t head_dim = 0;           // head_dim; not always hidden_size / n_heads
  int64_t intermediate_size = 0;  // intermediate_size
  int64_t vocab_size = 0;         // vocab_size: rows of the embedding, often more than the tokenizer's ids
  int64_t max_positions = 0;      // max_position_embeddings: the context it was trained for
  float rms_eps = 0;              // rms_norm_eps

  bool qkv_bias = false;         // q, k and v projections
  bool out_bias = false;         // attention's output projection
  bool mlp_bias = false;         // gate, up and down projections
  bool qk_norm = false;          // RMSNorm per head on q and k (Qwen3)
  bool tied_embeddings = false;  // tie_word_embeddings: the embedding is the output matrix too
  RopeSpec rope;

  std::optional<Fp8Spec> fp8;
  std::optional<DType> declared_dtype;  // torch_dtype / dtype; the files' own dtypes decide

  int64_t q_width() const { return n_heads * head_dim; }
  int64_t kv_width() const { return n_kv_heads * head_dim; }
  // Every weight, counted from the shapes.
  int64_t parameter_count() const;
};

// Reads a parsed config.json. `what` (the file's path) opens every message. An architecture, activation, RoPE kind or
// quantisation that we do not have is refused by name; sizes are checked for sense and against overflow.
Result<ArchSpec> read_arch_spec(const json::value& config, const std::string& what);

// Reads the metadata of a GGUF file (architectures llama, qwen3 and seed_oss), as strictly. `tensors` are the same
// file's: which biases there are, and whether the output matrix is the embedding, only they say.
Result<ArchSpec> read_gguf_arch_spec(const formats::GgufMetadata& metadata, const formats::TensorSource& tensors);

}  // namespace hermes::model
