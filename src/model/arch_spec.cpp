#include "model/arch_spec.h"

#include <boost/json.hpp>

#include "model/families/config_fields.h"

namespace hermes::model {

int64_t ArchSpec::parameter_count() const {
  const int64_t attention = hidden_size * (q_width() + 2 * kv_width()) + q_width() * hidden_size +
                            (qkv_bias ? q_width() + 2 * kv_width() : 0) + (out_bias ? hidden_size : 0) +
                            (qk_norm ? 2 * head_dim : 0);
  const int64_t mlp = 3 * hidden_size * intermediate_size + (mlp_bias ? 2 * intermediate_size + hidden_size : 0);
  const int64_t embeddings = vocab_size * hidden_size * (tied_embeddings ? 1 : 2);
  return embeddings + n_layers * (attention + mlp + 2 * hidden_size) + hidden_size;
}

Result<ArchSpec> read_arch_spec(const json::value& config, const std::string& what) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(config, what));
  HERMES_ASSIGN(const std::string model_type, object.string("model_type"));
  if (model_type == "llama") return read_llama(object);
  if (model_type == "qwen3") return read_qwen3(object);
  if (model_type == "seed_oss") return read_seed_oss(object);
  return Error::unsupported("{}: model_type \"{}\" is not supported (llama, qwen3 and seed_oss are)", what, model_type);
}

}  // namespace hermes::model
