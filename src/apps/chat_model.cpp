#include "apps/chat_model.h"

#include <algorithm>
#include <boost/json.hpp>
#include <random>

namespace hermes::apps {

json::object special_token_variables(const formats::TokenizerConfig& config) {
  json::object variables;
  const std::pair<std::string_view, const std::optional<std::string>*> tokens[] = {{"bos_token", &config.bos_token},
                                                                                   {"eos_token", &config.eos_token},
                                                                                   {"pad_token", &config.pad_token},
                                                                                   {"unk_token", &config.unk_token}};
  for (const auto& [name, token] : tokens) {
    if (*token) variables.emplace(name, **token);
  }
  return variables;
}

Result<json::array> read_tools(const std::string& path) {
  HERMES_ASSIGN(json::value value, read_json_file(path, size_t{64} << 20));
  if (!value.is_array()) return Error::corrupt("{}: must be a list of tools", path);
  return std::move(value.get_array());
}

Result<chat::PromptFormat> load_prompt_format(const ModelFiles& files, bool with_tools) {
  HERMES_ASSIGN(const std::vector<formats::ChatTemplate> templates, files.read_chat_templates());
  if (templates.empty()) {
    return Error::not_found("{}: no chat template ({})", files.path(), files.part_names().chat_template);
  }
  const bool own = with_tools && std::any_of(templates.begin(), templates.end(),
                                             [](const auto& one) { return one.name == kToolTemplate; });
  HERMES_ASSIGN(const formats::ChatTemplate found,
                files.read_chat_template(own ? kToolTemplate : formats::kDefaultChatTemplate));
  HERMES_ASSIGN(const formats::TokenizerConfig config, files.read_tokenizer_config());
  HERMES_ASSIGN(chat::ChatTemplate parsed, chat::ChatTemplate::parse(found.text, found.source));
  return chat::PromptFormat::make(std::move(parsed), special_token_variables(config));
}

Result<ChatModel> load_chat_model(const ModelOptions& options, bool with_tools) {
  HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(options.path));
  HERMES_ASSIGN(chat::PromptFormat format, load_prompt_format(*files, with_tools));
  HERMES_ASSIGN(tokenizer::Tokenizer tokenizer, files->open_tokenizer());
  HERMES_ASSIGN(formats::GenerationConfig recommended, files->read_generation_config());
  HERMES_ASSIGN(LoadedModel loaded, load_model(*files, options));
  return ChatModel{.name = options.path == kEmbeddedModel ? "hermes-nano (embedded)" : options.path,
                   .tokenizer = std::move(tokenizer),
                   .format = std::move(format),
                   .recommended = std::move(recommended),
                   .loaded = std::move(loaded)};
}

sampling::SamplingParams recommended_sampling(const formats::GenerationConfig& recommended) {
  sampling::SamplingParams params;
  if (recommended.do_sample.value_or(false)) {
    params.temperature = recommended.temperature.value_or(1);
    params.top_k = recommended.top_k.value_or(0);
    params.top_p = recommended.top_p.value_or(1);
    params.min_p = recommended.min_p.value_or(0);
  }
  params.seed = std::random_device()();
  return params;
}

engine::LocalGeneratorOptions generator_options(const ChatModel& model, const ModelOptions& options, int64_t context) {
  return {.context = context > 0 ? context : model.loaded.decoder->spec().max_positions,
          .kv_dtype = options.kv_dtype,
          .end_tokens = model.recommended.eos_token_ids,
          .shown_tokens = engine::tag_tokens(model.tokenizer, model.format.reply_format())};
}

engine::LocalGenerator make_generator(const ChatModel& model, const ModelOptions& options, int64_t context) {
  return {*model.loaded.decoder, model.tokenizer, generator_options(model, options, context)};
}

}  // namespace hermes::apps
