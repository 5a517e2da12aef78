// tokenizer_config.json, typed: what surrounds a tokenizer (its vocabulary is in tokenizer.json).
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace hermes::formats {

inline constexpr std::string_view kDefaultChatTemplate = "default";

struct ChatTemplate {
  std::string name;    // "default", "tool_use", "rag", ...
  std::string text;    // Jinja, as the model's makers wrote it
  std::string source;  // the file, and the field where it is one among others
};

// An empty member means that the file does not say.
struct TokenizerConfig {
  std::optional<std::string> bos_token;
  std::optional<std::string> eos_token;
  std::optional<std::string> pad_token;
  std::optional<std::string> unk_token;
  std::optional<bool> add_bos_token;
  std::optional<bool> add_eos_token;
  std::optional<bool> clean_up_tokenization_spaces;
  std::optional<int64_t> model_max_length;  // also empty where the file gives the 1e30 that stands for "no limit"
  std::vector<ChatTemplate> chat_templates;
};

// `what` (the file's path) opens every message. Members of other names are not read.
Result<TokenizerConfig> read_tokenizer_config(const json::value& document, const std::string& what);

}  // namespace hermes::formats
