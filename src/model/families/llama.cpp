// Llama-3.x: the 405B and 70B of Hermes 4, and any other shape of the family.
#include "model/families/config_fields.h"

namespace hermes::model {

Result<ArchSpec> read_llama(const JsonObject& config) {
  HERMES_ASSIGN(ArchSpec spec, read_common_fields(config, std::nullopt));
  HERMES_ASSIGN(const bool attention_bias, boolean_or(config, "attention_bias", false));
  spec.qkv_bias = spec.out_bias = attention_bias;  // one switch for all four projections in this family
  HERMES_ASSIGN(spec.mlp_bias, boolean_or(config, "mlp_bias", false));
  return spec;
}

}  // namespace hermes::model
