#include "model/families/config_fields.h"

#include <boost/json.hpp>

#include "model/families/limits.h"

namespace hermes::model {
namespace {

Result<int64_t> size_field(const JsonObject& config, std::string_view name, int64_t most) {
  HERMES_ASSIGN(const int64_t value, config.integer(name));
  if (value < 1 || value > most) {
    return Error::corrupt("{}: \"{}\" is {}, must be between 1 and {}", config.what(), name, value, most);
  }
  return value;
}

Result<double> positive_number(const JsonObject& config, std::string_view name, std::optional<double> fallback) {
  HERMES_ASSIGN(const std::optional<double> value, config.optional_number(name));
  if (!value && !fallback) return Error::corrupt("{}: \"{}\" is missing", config.what(), name);
  const double number = value.value_or(fallback.value_or(0));
  if (!(number > 0)) return Error::corrupt("{}: \"{}\" is {}, must be above 0", config.what(), name, number);
  return number;
}

Result<ops::Llama3Scaling> read_llama3_scaling(const JsonObject& rope) {
  ops::Llama3Scaling scaling;
  HERMES_ASSIGN(scaling.factor, positive_number(rope, "factor", std::nullopt));
  HERMES_ASSIGN(scaling.low_freq_factor, positive_number(rope, "low_freq_factor", std::nullopt));
  HERMES_ASSIGN(scaling.high_freq_factor, positive_number(rope, "high_freq_factor", std::nullopt));
  HERMES_ASSIGN(scaling.original_max_position, positive_number(rope, "original_max_position_embeddings", std::nullopt));
  if (scaling.high_freq_factor <= scaling.low_freq_factor) {
    return Error::corrupt("{}: high_freq_factor {} must be above low_freq_factor {}", rope.what(),
                          scaling.high_freq_factor, scaling.low_freq_factor);
  }
  return scaling;
}

Result<RopeSpec> read_rope(const JsonObject& config) {
  // transformers 5 writes rope_parameters {rope_theta, rope_type, ...}; before, rope_theta stood alone and rope_scaling
  // held the rest.
  HERMES_ASSIGN(std::optional<JsonObject> rope, config.optional_object("rope_parameters"));
  if (!rope) {
    HERMES_ASSIGN(rope, config.optional_object("rope_scaling"));
  }
  RopeSpec spec;
  HERMES_ASSIGN(spec.theta, positive_number(config, "rope_theta", spec.theta));
  if (!rope) return spec;
  HERMES_ASSIGN(spec.theta, positive_number(*rope, "rope_theta", spec.theta));

  HERMES_ASSIGN(std::optional<std::string> type, rope->optional_string("rope_type"));
  if (!type) {
    HERMES_ASSIGN(type, rope->optional_string("type"));  // the oldest spelling
  }
  if (!type || *type == "default") return spec;
  if (*type != "llama3") {
    return Error::unsupported("{}: rope_type \"{}\" is not supported (default and llama3 are)", rope->what(), *type);
  }
  HERMES_ASSIGN(spec.llama3, read_llama3_scaling(*rope));
  return spec;
}

Result<std::optional<DType>> read_declared_dtype(const JsonObject& config) {
  HERMES_ASSIGN(std::optional<std::string> name, config.optional_string("torch_dtype"));
  if (!name) {
    HERMES_ASSIGN(name, config.optional_string("dtype"));
  }
  if (!name) return std::optional<DType>();
  if (*name == "float32") return std::optional(DType::kF32);
  if (*name == "bfloat16") return std::optional(DType::kBF16);
  if (*name == "float16") return std::optional(DType::kF16);
  return std::optional<DType>();  // the weights' own dtypes decide; this one is for information
}

}  // namespace

Result<bool> boolean_or(const JsonObject& config, std::string_view name, bool fallback) {
  HERMES_ASSIGN(const std::optional<bool> value, config.optional_boolean(name));
  return value.value_or(fallback);
}

Result<ArchSpec> read_common_fields(const JsonObject& config, std::optional<int64_t> default_head_dim) {
  ArchSpec spec;
  HERMES_ASSIGN(spec.model_type, config.string("model_type"));
  HERMES_ASSIGN(spec.n_layers, size_field(config, "num_hidden_layers", kMaxLayers));
  HERMES_ASSIGN(spec.hidden_size, size_field(config, "hidden_size", kMaxDimension));
  HERMES_ASSIGN(spec.n_heads, size_field(config, "num_attention_heads", kMaxHeads));
  HERMES_ASSIGN(spec.intermediate_size, size_field(config, "intermediate_size", kMaxDimension));
  HERMES_ASSIGN(spec.vocab_size, size_field(config, "vocab_size", kMaxDimension));
  HERMES_ASSIGN(spec.max_positions, size_field(config, "max_position_embeddings", kMaxPositions));

  spec.n_kv_heads = spec.n_heads;
  if (config.find("num_key_value_heads") != nullptr) {
    HERMES_ASSIGN(spec.n_kv_heads, size_field(config, "num_key_value_heads", kMaxHeads));
  }
  if (spec.n_heads % spec.n_kv_heads != 0) {
    return Error::corrupt("{}: num_attention_heads {} is not a multiple of num_key_value_heads {}", config.what(),
                          spec.n_heads, spec.n_kv_heads);
  }
  if (config.find("head_dim") != nullptr) {
    HERMES_ASSIGN(spec.head_dim, size_field(config, "head_dim", kMaxHeadDim));
  } else if (default_head_dim) {
    spec.head_dim = *default_head_dim;
  } else if (spec.hidden_size % spec.n_heads == 0) {
    spec.head_dim = spec.hidden_size / spec.n_heads;
  } else {
    return Error::corrupt("{}: \"head_dim\" is missing, and hidden_size {} is not a multiple of the {} heads",
                          config.what(), spec.hidden_size, spec.n_heads);
  }
  if (spec.head_dim % 2 != 0) {
    return Error::corrupt("{}: head_dim {} is odd; RoPE turns pairs", config.what(), spec.head_dim);
  }
  if (spec.q_width() > kMaxDimension) {
    return Error::corrupt("{}: num_attention_heads {} x head_dim {} is more than {}", config.what(), spec.n_heads,
                          spec.head_dim, kMaxDimension);
  }

  HERMES_ASSIGN(const double eps, positive_number(config, "rms_norm_eps", std::nullopt));
  spec.rms_eps = static_cast<float>(eps);
  HERMES_ASSIGN(spec.rope, read_rope(config));
  HERMES_ASSIGN(spec.tied_embeddings, boolean_or(config, "tie_word_embeddings", false));
  HERMES_ASSIGN(spec.declared_dtype, read_declared_dtype(config));

  HERMES_ASSIGN(const std::optional<std::string> activation, config.optional_string("hidden_act"));
  if (activation && *activation != "silu" && *activation != "swish") {
    return Error::unsupported("{}: hidden_act \"{}\" is not supported (silu is)", config.what(), *activation);
  }
  if (config.find("quantization_config") != nullptr) {
    HERMES_ASSIGN(const JsonObject quantization, config.object("quantization_config"));
    HERMES_ASSIGN(spec.fp8, read_fp8(quantization));
  }
  return spec;
}

}  // namespace hermes::model
