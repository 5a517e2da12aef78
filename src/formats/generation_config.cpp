#include "formats/generation_config.h"

#include <boost/json.hpp>
#include <limits>
#include <string_view>

namespace hermes::formats {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::max();

Result<int32_t> token_id(int64_t value, const std::string& what, std::string_view name) {
  if (value < 0 || value > std::numeric_limits<int32_t>::max()) {
    return Error::corrupt("{}: \"{}\" holds {}, which is no token id", what, name, value);
  }
  return static_cast<int32_t>(value);
}

Result<std::optional<int32_t>> optional_token_id(const JsonObject& config, std::string_view name) {
  HERMES_ASSIGN(const std::optional<int64_t> value, config.optional_integer(name));
  if (!value) return std::optional<int32_t>();
  HERMES_ASSIGN(const int32_t id, token_id(*value, config.what(), name));
  return std::optional(id);
}

// One id, a list of ids, or nothing.
Result<std::vector<int32_t>> token_ids(const JsonObject& config, std::string_view name) {
  std::vector<int32_t> ids;
  const json::value* value = config.find(name);
  if (value != nullptr && value->is_array()) {
    for (const json::value& element : value->get_array()) {
      const int64_t* id = element.if_int64();
      if (id == nullptr) return Error::corrupt("{}: \"{}\" must hold integers only", config.what(), name);
      HERMES_ASSIGN(const int32_t checked, token_id(*id, config.what(), name));
      ids.push_back(checked);
    }
  } else if (value != nullptr) {
    if (!value->is_number()) {
      return Error::corrupt("{}: \"{}\" must be an integer or a list of integers", config.what(), name);
    }
    HERMES_ASSIGN(const std::optional<int32_t> id, optional_token_id(config, name));
    ids.push_back(*id);
  }
  return ids;
}

Result<std::optional<double>> number_in(const JsonObject& config, std::string_view name, double least, double most) {
  HERMES_ASSIGN(const std::optional<double> value, config.optional_number(name));
  if (value && !(*value >= least && *value <= most)) {
    return most == kUnbounded
               ? Error::corrupt("{}: \"{}\" is {}, must be at least {}", config.what(), name, *value, least)
               : Error::corrupt("{}: \"{}\" is {}, must be {} to {}", config.what(), name, *value, least, most);
  }
  return value;
}

}  // namespace

Result<GenerationConfig> read_generation_config(const json::value& document, const std::string& what) {
  HERMES_ASSIGN(const JsonObject config, JsonObject::from(document, what));
  GenerationConfig out;
  HERMES_ASSIGN(out.eos_token_ids, token_ids(config, "eos_token_id"));
  HERMES_ASSIGN(out.bos_token_id, optional_token_id(config, "bos_token_id"));
  // The first Llama configs say -1 for "no padding token".
  HERMES_ASSIGN(const std::optional<int64_t> pad, config.optional_integer("pad_token_id"));
  if (pad != -1) {
    HERMES_ASSIGN(out.pad_token_id, optional_token_id(config, "pad_token_id"));
  }
  HERMES_ASSIGN(out.do_sample, config.optional_boolean("do_sample"));
  HERMES_ASSIGN(out.temperature, number_in(config, "temperature", 0.0, kUnbounded));
  HERMES_ASSIGN(out.top_p, number_in(config, "top_p", 0.0, 1.0));
  HERMES_ASSIGN(out.min_p, number_in(config, "min_p", 0.0, 1.0));
  HERMES_ASSIGN(out.repetition_penalty, number_in(config, "repetition_penalty", 0.0, kUnbounded));
  if (out.repetition_penalty == 0.0) return Error::corrupt("{}: \"repetition_penalty\" is 0, must be above 0", what);
  HERMES_ASSIGN(out.top_k, config.optional_integer("top_k"));
  if (out.top_k && *out.top_k < 0) return Error::corrupt("{}: \"top_k\" is {}, must be at least 0", what, *out.top_k);
  return out;
}

}  // namespace hermes::formats
