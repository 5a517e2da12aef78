// Seed-OSS: the 36B of Hermes 4.3. Biases on q, k and v, none on the output projection; q width twice the hidden size.
#include "model/families/config_fields.h"

namespace hermes::model {

Result<ArchSpec> read_seed_oss(const JsonObject& config) {
  HERMES_ASSIGN(ArchSpec spec, read_common_fields(config, 128));
  HERMES_ASSIGN(spec.qkv_bias, boolean_or(config, "attention_bias", true));
  HERMES_ASSIGN(spec.out_bias, boolean_or(config, "attention_out_bias", false));
  HERMES_ASSIGN(spec.mlp_bias, boolean_or(config, "mlp_bias", false));
  return spec;
}

}  // namespace hermes::model
