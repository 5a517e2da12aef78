// Qwen3: the 14B of Hermes 4. RMSNorm on each head of q and k; full attention in every layer.
#include <boost/json.hpp>

#include "model/families/config_fields.h"

namespace hermes::model {

Result<ArchSpec> read_qwen3(const JsonObject& config) {
  HERMES_ASSIGN(ArchSpec spec, read_common_fields(config, 128));  // the family's default; the 14B states it too
  HERMES_ASSIGN(const bool attention_bias, boolean_or(config, "attention_bias", false));
  spec.qkv_bias = spec.out_bias = attention_bias;
  spec.qk_norm = true;
  HERMES_ASSIGN(const bool sliding_window, boolean_or(config, "use_sliding_window", false));
  if (sliding_window) {
    return Error::unsupported("{}: use_sliding_window: sliding-window attention is not supported", config.what());
  }
  return spec;
}

}  // namespace hermes::model
