#include "formats/tokenizer_config.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>

#include "formats/quoted_name.h"

namespace hermes::formats {
namespace {

// A special token is its text, or the object that an AddedToken is saved as.
Result<std::optional<std::string>> special_token(const JsonObject& config, std::string_view name) {
  const json::value* value = config.find(name);
  if (value == nullptr || value->is_string()) return config.optional_string(name);
  if (!value->is_object()) {
    return Error::corrupt("{}: \"{}\" must be a string or an object with \"content\"", config.what(), name);
  }
  HERMES_ASSIGN(const JsonObject token, config.object(name));
  HERMES_ASSIGN(std::string content, token.string("content"));
  return std::optional(std::move(content));
}

Result<std::optional<int64_t>> max_length(const JsonObject& config) {
  constexpr std::string_view kName = "model_max_length";
  HERMES_ASSIGN(const std::optional<double> length, config.optional_number(kName));
  // Transformers writes int(1e30) for "no limit"; nothing that is a length comes near the point where doubles
  // skip.
  if (!length || *length > 0x1p53) return std::optional<int64_t>();
  HERMES_ASSIGN(const int64_t exact, config.integer(kName));
  if (exact <= 0) return Error::corrupt("{}: \"{}\" is {}, must be positive", config.what(), kName, exact);
  return std::optional(exact);
}

// One template, or a list of {name, template}.
Result<std::vector<ChatTemplate>> chat_templates(const JsonObject& config) {
  const std::string source = config.what() + ": chat_template";
  std::vector<ChatTemplate> templates;
  const json::value* value = config.find("chat_template");
  if (value == nullptr) return templates;
  if (const json::string* text = value->if_string()) {
    templates.push_back({std::string(kDefaultChatTemplate), std::string(*text), source});
    return templates;
  }
  if (!value->is_array()) return Error::corrupt("{} must be a string or a list of {{name, template}}", source);
  for (const json::value& element : value->get_array()) {
    HERMES_ASSIGN(const JsonObject entry, JsonObject::from(element, source));
    HERMES_ASSIGN(std::string name, entry.string("name"));
    HERMES_ASSIGN(std::string text, entry.string("template"));
    if (std::any_of(templates.begin(), templates.end(), [&](const ChatTemplate& t) { return t.name == name; })) {
      return Error::corrupt("{}: there are two of name {}", source, quoted_name(name));
    }
    templates.push_back({std::move(name), std::move(text), source});
  }
  return templates;
}

}  // namespace

Result<TokenizerConfig> read_tokenizer_config(const json::value& document, const std::string& what) {
  HERMES_ASSIGN(const JsonObject config, JsonObject::from(document, what));
  TokenizerConfig out;
  HERMES_ASSIGN(out.bos_token, special_token(config, "bos_token"));
  HERMES_ASSIGN(out.eos_token, special_token(config, "eos_token"));
  HERMES_ASSIGN(out.pad_token, special_token(config, "pad_token"));
  HERMES_ASSIGN(out.unk_token, special_token(config, "unk_token"));
  HERMES_ASSIGN(out.add_bos_token, config.optional_boolean("add_bos_token"));
  HERMES_ASSIGN(out.add_eos_token, config.optional_boolean("add_eos_token"));
  HERMES_ASSIGN(out.clean_up_tokenization_spaces, config.optional_boolean("clean_up_tokenization_spaces"));
  HERMES_ASSIGN(out.model_max_length, max_length(config));
  HERMES_ASSIGN(out.chat_templates, chat_templates(config));
  return out;
}

}  // namespace hermes::formats
