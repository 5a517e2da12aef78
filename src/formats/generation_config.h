// What a model's makers recommend for generation: generation_config.json, typed.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace hermes::formats {

// An empty member means that the file does not say.
struct GenerationConfig {
  std::vector<int32_t> eos_token_ids;  // any of them ends a turn
  std::optional<int32_t> bos_token_id;
  std::optional<int32_t> pad_token_id;
  std::optional<bool> do_sample;
  std::optional<double> temperature;         // >= 0
  std::optional<double> top_p;               // 0 to 1
  std::optional<double> min_p;               // 0 to 1
  std::optional<int64_t> top_k;              // >= 0; 0 is off
  std::optional<double> repetition_penalty;  // > 0
};

// `what` (the file's path) opens every message. Members of other names are not read: config.json, which
// stands in where there is no generation_config.json, has plenty.
Result<GenerationConfig> read_generation_config(const json::value& document, const std::string& what);

}  // namespace hermes::formats
