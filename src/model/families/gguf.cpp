// The families as GGUF files describe them: keys "ARCHITECTURE.block_count" and so on. Source of names and defaults:
// ggml's docs/gguf.md and llama.cpp's loader.
#include <optional>

#include "model/arch_spec.h"
#include "model/families/limits.h"

namespace hermes::model {
namespace {

using formats::GgufMetadata;

// The keys of one architecture, without its name in front.
class ArchFields {
 public:
  ArchFields(const GgufMetadata& metadata, std::string_view architecture)
      : metadata_(metadata), prefix_(std::string(architecture) + ".") {}

  std::string key(std::string_view name) const { return prefix_ + std::string(name); }
  std::string subject(std::string_view name) const { return metadata_.subject(key(name)); }
  bool has(std::string_view name) const { return metadata_.find(key(name)) != nullptr; }

  Result<std::optional<int64_t>> optional_integer(std::string_view name) const {
    const formats::GgufEntry* entry = metadata_.find(key(name));
    if (entry != nullptr && entry->value.type == formats::GgufValueType::kArray) {
      return Error::unsupported("{} is an array: layers that differ from each other are not supported", subject(name));
    }
    return metadata_.optional_integer(key(name));
  }
  Result<std::optional<double>> optional_number(std::string_view name) const {
    return metadata_.optional_number(key(name));
  }
  Result<std::optional<bool>> optional_boolean(std::string_view name) const {
    return metadata_.optional_boolean(key(name));
  }
  Result<std::optional<std::string_view>> optional_string(std::string_view name) const {
    return metadata_.optional_string(key(name));
  }

  Result<std::optional<int64_t>> optional_size(std::string_view name, int64_t most) const {
    HERMES_ASSIGN(const std::optional<int64_t> value, optional_integer(name));
    if (value && (*value < 1 || *value > most)) {
      return Error::corrupt("{} is {}, must be between 1 and {}", subject(name), *value, most);
    }
    return value;
  }
  Result<int64_t> size(std::string_view name, int64_t most) const {
    HERMES_ASSIGN(const std::optional<int64_t> value, optional_size(name, most));
    if (!value) return Error::corrupt("{} is missing", subject(name));
    return *value;
  }
  Result<std::optional<double>> optional_positive(std::string_view name) const {
    HERMES_ASSIGN(const std::optional<double> value, optional_number(name));
    if (value && !(*value > 0)) return Error::corrupt("{} is {}, must be above 0", subject(name), *value);
    return value;
  }

 private:
  const GgufMetadata& metadata_;
  std::string prefix_;
};

// Keys that change what a model computes and that we do not do: each may be there only with the value that means "no".
Status refuse_unsupported(const ArchFields& fields) {
  for (const std::string_view name : {"expert_count", "expert_used_count", "attention.sliding_window"}) {
    HERMES_ASSIGN(const std::optional<int64_t> value, fields.optional_integer(name));
    if (value.value_or(0) != 0) return Error::unsupported("{} is {}: not supported", fields.subject(name), *value);
  }
  for (const std::string_view name :
       {"attention.max_alibi_bias", "attention.clamp_kqv", "attention.scale", "logit_scale", "residual_scale",
        "embedding_scale", "attn_logit_softcapping", "final_logit_softcapping"}) {
    HERMES_ASSIGN(const std::optional<double> value, fields.optional_number(name));
    if (value.value_or(0) != 0) return Error::unsupported("{} is {}: not supported", fields.subject(name), *value);
  }
  HERMES_ASSIGN(const std::optional<bool> parallel, fields.optional_boolean("use_parallel_residual"));
  if (parallel.value_or(false)) {
    return Error::unsupported("{} is true: not supported", fields.subject("use_parallel_residual"));
  }
  HERMES_ASSIGN(const std::optional<bool> causal, fields.optional_boolean("attention.causal"));
  if (!causal.value_or(true))
    return Error::unsupported("{} is false: not supported", fields.subject("attention.causal"));
  if (fields.has("rope.dimension_sections")) {
    return Error::unsupported("{}: rotary positions of several kinds are not supported",
                              fields.subject("rope.dimension_sections"));
  }
  return {};
}

// Scaling by llama3's rule comes as factors in a tensor (rope_freqs.weight) and needs no key. The other kinds are refused
// unless they say that nothing is scaled.
Result<RopeSpec> read_rope(const ArchFields& fields, int64_t head_dim) {
  RopeSpec rope;
  HERMES_ASSIGN(const std::optional<double> theta, fields.optional_positive("rope.freq_base"));
  rope.theta = theta.value_or(rope.theta);
  HERMES_ASSIGN(const std::optional<int64_t> dims, fields.optional_integer("rope.dimension_count"));
  if (dims && *dims != head_dim) {
    return Error::unsupported("{} is {}, but heads have {}: turning a part of a head is not supported",
                              fields.subject("rope.dimension_count"), *dims, head_dim);
  }
  HERMES_ASSIGN(const std::optional<std::string_view> type, fields.optional_string("rope.scaling.type"));
  if (type == "none") return rope;
  if (type && *type != "linear") {
    return Error::unsupported("{} is \"{}\": not supported (none is, and llama3's factors as a tensor)",
                              fields.subject("rope.scaling.type"), *type);
  }
  for (const std::string_view name : {"rope.scaling.factor", "rope.scale_linear"}) {  // the second is the older name
    HERMES_ASSIGN(const std::optional<double> factor, fields.optional_number(name));
    if (factor && *factor != 0 && *factor != 1) {
      return Error::unsupported("{} is {}: linear scaling of positions is not supported", fields.subject(name),
                                *factor);
    }
  }
  return rope;
}

Status read_heads(const ArchFields& fields, ArchSpec& spec) {
  HERMES_ASSIGN(spec.n_heads, fields.size("attention.head_count", kMaxHeads));
  HERMES_ASSIGN(const std::optional<int64_t> n_kv_heads, fields.optional_size("attention.head_count_kv", kMaxHeads));
  spec.n_kv_heads = n_kv_heads.value_or(spec.n_heads);
  if (spec.n_heads % spec.n_kv_heads != 0) {
    return Error::corrupt("{} is {}, of which attention.head_count {} is not a multiple",
                          fields.subject("attention.head_count_kv"), spec.n_kv_heads, spec.n_heads);
  }
  HERMES_ASSIGN(const std::optional<int64_t> head_dim, fields.optional_size("attention.key_length", kMaxHeadDim));
  if (!head_dim && spec.hidden_size % spec.n_heads != 0) {
    return Error::corrupt("{} is missing, and embedding_length {} is not a multiple of the {} heads",
                          fields.subject("attention.key_length"), spec.hidden_size, spec.n_heads);
  }
  spec.head_dim = head_dim.value_or(spec.hidden_size / spec.n_heads);
  HERMES_ASSIGN(const std::optional<int64_t> value_dim, fields.optional_integer("attention.value_length"));
  if (value_dim && *value_dim != spec.head_dim) {
    return Error::unsupported("{} is {}, keys have {}: not supported", fields.subject("attention.value_length"),
                              *value_dim, spec.head_dim);
  }
  if (spec.head_dim % 2 != 0) {
    return Error::corrupt("{}: heads of {} elements; RoPE turns pairs", fields.subject("attention.key_length"),
                          spec.head_dim);
  }
  if (spec.q_width() > kMaxDimension) {
    return Error::corrupt("{}: {} heads of {} elements are more than {}", fields.subject("attention.head_count"),
                          spec.n_heads, spec.head_dim, kMaxDimension);
  }
  return {};
}

// Where no key says it, the vocabulary does, and without one the embedding's rows.
Result<int64_t> read_vocab_size(const GgufMetadata& metadata, const ArchFields& fields,
                                const formats::TensorSource& tensors) {
  HERMES_ASSIGN(const std::optional<int64_t> stated, fields.optional_size("vocab_size", kMaxDimension));
  if (stated) return *stated;
  HERMES_ASSIGN(const auto tokens, metadata.optional_strings("tokenizer.ggml.tokens"));
  int64_t size = tokens ? static_cast<int64_t>(tokens->size()) : 0;
  if (!tokens) {
    HERMES_ASSIGN(const ConstTensorView embedding, tensors.tensor("token_embd.weight"));
    if (embedding.shape.rank() > 0) size = embedding.shape[0];
  }
  if (size < 1 || size > kMaxDimension) {
    return Error::corrupt("{}: a vocabulary of {} tokens, must be between 1 and {}", metadata.what(), size,
                          kMaxDimension);
  }
  return size;
}

bool is_there(const formats::TensorSource& tensors, std::string_view name) {
  const auto found = tensors.tensor(name);
  return found.ok() || found.error().code() != ErrorCode::kNotFound;
}

}  // namespace

Result<ArchSpec> read_gguf_arch_spec(const GgufMetadata& metadata, const formats::TensorSource& tensors) {
  HERMES_ASSIGN(const std::string_view architecture, metadata.string("general.architecture"));
  if (architecture != "llama" && architecture != "qwen3" && architecture != "seed_oss") {
    return Error::unsupported("{} is {}: not supported (llama, qwen3 and seed_oss are)",
                              metadata.subject("general.architecture"),
                              describe(metadata.find("general.architecture")->value));
  }
  const ArchFields fields(metadata, architecture);
  HERMES_TRY(refuse_unsupported(fields));
  ArchSpec spec;
  spec.model_type = std::string(architecture);
  HERMES_ASSIGN(spec.n_layers, fields.size("block_count", kMaxLayers));
  HERMES_ASSIGN(spec.hidden_size, fields.size("embedding_length", kMaxDimension));
  HERMES_ASSIGN(spec.intermediate_size, fields.size("feed_forward_length", kMaxDimension));
  HERMES_ASSIGN(spec.max_positions, fields.size("context_length", kMaxPositions));
  HERMES_TRY(read_heads(fields, spec));
  HERMES_ASSIGN(const std::optional<double> eps, fields.optional_positive("attention.layer_norm_rms_epsilon"));
  if (!eps) return Error::corrupt("{} is missing", fields.subject("attention.layer_norm_rms_epsilon"));
  spec.rms_eps = static_cast<float>(*eps);
  HERMES_ASSIGN(spec.rope, read_rope(fields, spec.head_dim));
  HERMES_ASSIGN(spec.vocab_size, read_vocab_size(metadata, fields, tensors));

  // Converters reorder the rows of q and k of this architecture, head by head, for RoPE over neighbours.
  spec.rope.interleaved = architecture == "llama";
  spec.qk_norm = architecture == "qwen3";
  spec.tied_embeddings = !is_there(tensors, "output.weight");
  spec.qkv_bias = is_there(tensors, "blk.0.attn_q.bias");
  spec.out_bias = is_there(tensors, "blk.0.attn_output.bias");
  spec.mlp_bias = is_there(tensors, "blk.0.ffn_gate.bias");
  return spec;
}

}  // namespace hermes::model
