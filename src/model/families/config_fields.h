// What the families' config.json files have in common, read once.
#pragma once

#include "base/json.h"
#include "model/arch_spec.h"

namespace hermes::model {

// Sizes, norm epsilon, RoPE (both spellings: rope_theta + rope_scaling, and rope_parameters), tied embeddings, dtype;
// refuses any activation but SiLU and any quantization_config but of F8_E4M3 weights. `default_head_dim` nullopt: head_dim must be given.
Result<ArchSpec> read_common_fields(const JsonObject& config, std::optional<int64_t> default_head_dim);

// A boolean that may be absent.
Result<bool> boolean_or(const JsonObject& config, std::string_view name, bool fallback);

// The families: config reading only, no forward code.
Result<ArchSpec> read_llama(const JsonObject& config);
Result<ArchSpec> read_qwen3(const JsonObject& config);
Result<ArchSpec> read_seed_oss(const JsonObject& config);

// A "quantization_config" of weights in F8_E4M3: quant_method "compressed-tensors" (tensor, channel and block scales) or
// "fp8". Others are refused by name. Source: compressed-tensors' QuantizationConfig, transformers' FineGrainedFP8Config.
Result<Fp8Spec> read_fp8(const JsonObject& config);

}  // namespace hermes::model
