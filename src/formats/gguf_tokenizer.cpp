#include "formats/gguf_tokenizer.h"

#include <algorithm>
#include <limits>

#include "base/utf8.h"

namespace hermes::formats {
namespace {

constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";
constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";
constexpr std::string_view kChatTemplateKey = "tokenizer.chat_template";
constexpr size_t kMaxTemplateBytes = size_t{4} << 20;
constexpr double kUnbounded = std::numeric_limits<double>::max();

std::string id_key(std::string_view role) { return fmt::format("tokenizer.ggml.{}_token_id", role); }

Result<std::optional<int32_t>> token_id(const GgufMetadata& metadata, std::string_view role, uint64_t n_tokens) {
  const std::string key = id_key(role);
  HERMES_ASSIGN(const std::optional<int64_t> id, metadata.optional_integer(key));
  if (!id) return std::optional<int32_t>();
  if (*id < 0 || static_cast<uint64_t>(*id) >= n_tokens || *id > std::numeric_limits<int32_t>::max()) {
    return Error::corrupt("{} is {}, but the vocabulary has {} tokens", metadata.subject(key), *id, n_tokens);
  }
  return std::optional(static_cast<int32_t>(*id));
}

Result<std::optional<int32_t>> token_id_if_sane(const GgufMetadata& metadata, std::string_view role,
                                                uint64_t n_tokens) {
  HERMES_ASSIGN(const std::optional<int64_t> id, metadata.optional_integer(id_key(role)));
  if (!id || *id < 0 || static_cast<uint64_t>(*id) >= n_tokens) return std::optional<int32_t>();
  return token_id(metadata, role, n_tokens);
}

Result<std::optional<double>> number_in(const GgufMetadata& metadata, std::string_view key, double least, double most) {
  HERMES_ASSIGN(const std::optional<double> value, metadata.optional_number(key));
  if (value && !(*value >= least && *value <= most)) {
    return most == kUnbounded
               ? Error::corrupt("{} is {}, must be at least {}", metadata.subject(key), *value, least)
               : Error::corrupt("{} is {}, must be {} to {}", metadata.subject(key), *value, least, most);
  }
  return value;
}

Result<ChatTemplate> chat_template(const GgufMetadata& metadata, std::string_view key, std::string_view name) {
  HERMES_ASSIGN(const std::string_view text, metadata.string(key));
  if (text.size() > kMaxTemplateBytes) {
    return Error::corrupt("{} has {} bytes, more than the {} that a template may have", metadata.subject(key),
                          text.size(), kMaxTemplateBytes);
  }
  return ChatTemplate{std::string(name), std::string(text), fmt::format("{}: {}", metadata.what(), key)};
}

}  // namespace

bool has_gguf_vocab(const GgufMetadata& metadata) { return metadata.find(kTokensKey) != nullptr; }

Result<GgufVocab> read_gguf_vocab(const GgufMetadata& metadata) {
  GgufVocab vocab;
  HERMES_ASSIGN(vocab.model, metadata.string("tokenizer.ggml.model"));
  HERMES_ASSIGN(const std::optional<std::string_view> pre, metadata.optional_string("tokenizer.ggml.pre"));
  vocab.pre = pre.value_or(std::string_view());
  HERMES_ASSIGN(vocab.tokens, metadata.strings(kTokensKey));
  HERMES_ASSIGN(const std::optional<GgufIntegers> types, metadata.optional_integers(kTypesKey));
  if (types && types->size() != vocab.tokens.size()) {
    return Error::corrupt("{} has {} elements, {} has {}", metadata.subject(kTypesKey), types->size(), kTokensKey,
                          vocab.tokens.size());
  }
  if (types) vocab.types = *types;
  HERMES_ASSIGN(const std::optional<GgufStrings> merges, metadata.optional_strings("tokenizer.ggml.merges"));
  if (merges) vocab.merges = *merges;

  const uint64_t n_tokens = vocab.tokens.size();
  HERMES_ASSIGN(vocab.bos, token_id(metadata, "bos", n_tokens));
  HERMES_ASSIGN(vocab.eos, token_id(metadata, "eos", n_tokens));
  HERMES_ASSIGN(vocab.eot, token_id(metadata, "eot", n_tokens));
  HERMES_ASSIGN(vocab.eom, token_id(metadata, "eom", n_tokens));
  HERMES_ASSIGN(vocab.pad, token_id_if_sane(metadata, "padding", n_tokens));
  HERMES_ASSIGN(vocab.unk, token_id_if_sane(metadata, "unknown", n_tokens));
  HERMES_ASSIGN(vocab.add_bos, metadata.optional_boolean("tokenizer.ggml.add_bos_token"));
  HERMES_ASSIGN(vocab.add_eos, metadata.optional_boolean("tokenizer.ggml.add_eos_token"));
  return vocab;
}

Result<TokenizerConfig> read_gguf_tokenizer_config(const GgufMetadata& metadata) {
  TokenizerConfig config;
  if (!has_gguf_vocab(metadata)) return config;
  HERMES_ASSIGN(const GgufVocab vocab, read_gguf_vocab(metadata));
  const std::pair<std::optional<int32_t>, std::optional<std::string>*> roles[] = {{vocab.bos, &config.bos_token},
                                                                                  {vocab.eos, &config.eos_token},
                                                                                  {vocab.pad, &config.pad_token},
                                                                                  {vocab.unk, &config.unk_token}};
  int64_t id = 0;
  for (const std::string_view token : vocab.tokens) {
    for (const auto& [wanted, text] : roles) {
      if (wanted != id) continue;
      if (find_invalid_utf8(token) != std::string_view::npos) {
        return Error::corrupt("{}: token {} is not UTF-8", metadata.subject(kTokensKey), id);
      }
      *text = std::string(token);
    }
    ++id;
  }
  config.add_bos_token = vocab.add_bos;
  config.add_eos_token = vocab.add_eos;
  HERMES_ASSIGN(config.chat_templates, read_gguf_chat_templates(metadata));
  return config;
}

Result<GenerationConfig> read_gguf_generation_config(const GgufMetadata& metadata) {
  GenerationConfig config;
  if (has_gguf_vocab(metadata)) {
    HERMES_ASSIGN(const GgufVocab vocab, read_gguf_vocab(metadata));
    for (const std::optional<int32_t>& id : {vocab.eos, vocab.eot, vocab.eom}) {
      auto& ends = config.eos_token_ids;
      if (id && std::find(ends.begin(), ends.end(), *id) == ends.end()) ends.push_back(*id);
    }
    config.bos_token_id = vocab.bos;
    config.pad_token_id = vocab.pad;
  }
  HERMES_ASSIGN(config.temperature, number_in(metadata, "general.sampling.temp", 0.0, kUnbounded));
  HERMES_ASSIGN(config.top_p, number_in(metadata, "general.sampling.top_p", 0.0, 1.0));
  HERMES_ASSIGN(config.min_p, number_in(metadata, "general.sampling.min_p", 0.0, 1.0));
  constexpr std::string_view kTopK = "general.sampling.top_k";
  HERMES_ASSIGN(config.top_k, metadata.optional_integer(kTopK));
  if (config.top_k && *config.top_k < 0) {
    return Error::corrupt("{} is {}, must be at least 0", metadata.subject(kTopK), *config.top_k);
  }
  constexpr std::string_view kPenalty = "general.sampling.penalty_repeat";
  HERMES_ASSIGN(config.repetition_penalty, number_in(metadata, kPenalty, 0.0, kUnbounded));
  if (config.repetition_penalty == 0.0) {
    return Error::corrupt("{} is 0, must be above 0", metadata.subject(kPenalty));
  }
  if (config.temperature || config.top_p || config.min_p || config.top_k) config.do_sample = true;
  return config;
}

Result<std::vector<ChatTemplate>> read_gguf_chat_templates(const GgufMetadata& metadata) {
  std::vector<ChatTemplate> templates;
  const std::string named = std::string(kChatTemplateKey) + ".";
  for (const GgufEntry& entry : metadata.entries()) {
    std::string_view name = kDefaultChatTemplate;
    if (entry.key.starts_with(named)) {
      name = entry.key.substr(named.size());
      if (name == kDefaultChatTemplate && metadata.find(kChatTemplateKey) != nullptr) {
        return Error::corrupt("{}: {} is the default template already", metadata.subject(entry.key), kChatTemplateKey);
      }
    } else if (entry.key != kChatTemplateKey) {
      continue;
    }
    HERMES_ASSIGN(ChatTemplate found, chat_template(metadata, entry.key, name));
    templates.push_back(std::move(found));
  }
  std::sort(templates.begin(), templates.end(),
            [](const ChatTemplate& a, const ChatTemplate& b) { return a.name < b.name; });
  return templates;
}

}  // namespace hermes::formats
