#include "formats/hf_directory.h"

#include <algorithm>
#include <boost/json.hpp>
#include <system_error>
#include <utility>

#include "base/embedded_files.h"
#include "base/file.h"
#include "base/utf8.h"
#include "formats/quoted_name.h"
#include "formats/safetensors_set.h"

namespace hermes::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfigName = "config.json";
constexpr std::string_view kGenerationConfigName = "generation_config.json";
constexpr std::string_view kTokenizerConfigName = "tokenizer_config.json";
constexpr std::string_view kChatTemplateName = "chat_template.jinja";
// The first is where Transformers writes them.
constexpr std::string_view kChatTemplateFolders[] = {"additional_chat_templates", "chat_templates"};

constexpr size_t kMaxConfigBytes = size_t{16} << 20;  // tokenizer_config.json lists thousands of added tokens
constexpr size_t kMaxTemplateBytes = size_t{4} << 20;
constexpr JsonLimits kConfigLimits{.unique_names = true};

Result<json::value> read_config(const fs::path& path) {
  return read_json_file(path.string(), kMaxConfigBytes, kConfigLimits);
}

Result<ChatTemplate> read_template_file(std::string name, const fs::path& path) {
  HERMES_ASSIGN(std::string text, read_text_file(path, kMaxTemplateBytes));
  if (const size_t bad = find_invalid_utf8(text); bad != std::string::npos) {
    return Error::corrupt("{}: not UTF-8 at byte {}", path.string(), bad);
  }
  return ChatTemplate{std::move(name), std::move(text), path.string()};
}

void put(std::vector<ChatTemplate>& templates, ChatTemplate added) {
  std::erase_if(templates, [&](const ChatTemplate& t) { return t.name == added.name; });
  templates.push_back(std::move(added));
}

Status put_all_in(const fs::path& folder, std::vector<ChatTemplate>& templates) {
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) return {};
  for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
    if (it->path().extension() != ".jinja") continue;
    HERMES_ASSIGN(ChatTemplate found, read_template_file(it->path().stem().string(), it->path()));
    put(templates, std::move(found));
  }
  if (ec) return Error::io("{}: cannot be listed: {}", folder.string(), ec.message());
  return {};
}

}  // namespace

Result<ModelDirectory> ModelDirectory::open(const fs::path& path) {
  if (folder_exists(path)) return ModelDirectory(path, false);
  std::error_code ec;
  if (!file_exists(path) && !fs::exists(path, ec)) return Error::not_found("{}: no such model folder", path.string());
  if (path.extension() == ".gguf") {
    return Error::invalid("{}: a GGUF file; what is asked for here is a folder in Hugging Face layout", path.string());
  }
  if (path.filename() == kConfigName) {
    return ModelDirectory(path.has_parent_path() ? path.parent_path() : fs::path("."), true);
  }
  return Error::invalid("{}: a model is a folder in Hugging Face layout, or its config.json", path.string());
}

bool ModelDirectory::has(std::string_view name) const {
  if (config_only_ && name != kConfigName) return false;
  return file_exists(file(name));
}

WeightsLayout ModelDirectory::weights_layout() const {
  if (config_only_) return WeightsLayout::kNone;
  const Result<fs::path> weights = find_weights(folder_);
  if (weights.ok()) return weights->extension() == ".json" ? WeightsLayout::kSharded : WeightsLayout::kSingle;
  return weights.error().code() == ErrorCode::kInvalidArgument ? WeightsLayout::kUnclear : WeightsLayout::kNone;
}

Result<json::value> ModelDirectory::read_config_json() const { return read_config(file(kConfigName)); }

Result<GenerationConfig> ModelDirectory::read_generation_config() const {
  const fs::path path = file(has(kGenerationConfigName) ? kGenerationConfigName : kConfigName);
  HERMES_ASSIGN(const json::value document, read_config(path));
  return formats::read_generation_config(document, path.string());
}

Result<TokenizerConfig> ModelDirectory::read_tokenizer_config() const {
  if (!has(kTokenizerConfigName)) return TokenizerConfig{};
  const fs::path path = file(kTokenizerConfigName);
  HERMES_ASSIGN(const json::value document, read_config(path));
  return formats::read_tokenizer_config(document, path.string());
}

Result<std::vector<ChatTemplate>> ModelDirectory::read_chat_templates() const {
  std::vector<ChatTemplate> templates;
  if (config_only_) return templates;
  if (has(kChatTemplateName)) {
    HERMES_ASSIGN(ChatTemplate found, read_template_file(std::string(kDefaultChatTemplate), file(kChatTemplateName)));
    templates.push_back(std::move(found));
  } else {
    HERMES_ASSIGN(TokenizerConfig config, read_tokenizer_config());
    templates = std::move(config.chat_templates);
  }
  // The preferred folder last: its files replace those of the other.
  for (size_t i = std::size(kChatTemplateFolders); i-- > 0;) {
    HERMES_TRY(put_all_in(file(kChatTemplateFolders[i]), templates));
  }
  std::sort(templates.begin(), templates.end(),
            [](const ChatTemplate& a, const ChatTemplate& b) { return a.name < b.name; });
  return templates;
}

Result<ChatTemplate> ModelDirectory::read_chat_template(std::string_view name) const {
  HERMES_ASSIGN(std::vector<ChatTemplate> templates, read_chat_templates());
  for (ChatTemplate& found : templates) {
    if (found.name == name) return std::move(found);
  }
  return Error::not_found("{}: no chat template of name {} (chat_template.jinja, or chat_template in {})",
                          folder_.string(), quoted_name(name), kTokenizerConfigName);
}

Result<std::unique_ptr<TensorSource>> ModelDirectory::open_weights() const {
  if (config_only_) {
    return Error::not_found("{}: opened by its config.json alone, without weights", folder_.string());
  }
  HERMES_ASSIGN(SafetensorsSet set, SafetensorsSet::open(folder_));
  return std::unique_ptr<TensorSource>(std::make_unique<SafetensorsSet>(std::move(set)));
}

}  // namespace hermes::formats
