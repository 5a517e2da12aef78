// ModelDirectory: a model as the Hugging Face hub lays it out, one folder:
//
//   config.json                        the architecture (read by src/model)
//   generation_config.json             recommended sampling, end tokens
//   tokenizer.json                     vocabulary (read by src/tokenizer)
//   tokenizer_config.json              special tokens by role, perhaps the chat template
//   chat_template.jinja                the chat template, where it is a file
//   additional_chat_templates/*.jinja  more of them, by name
//   model*.safetensors, ...index.json  weights
//
// Goals: say what is there without reading it; read each part only when asked, so that a folder without weights
// still tokenizes. Non-goals: the meaning of config.json; downloading; GGUF (gguf_set.h).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "formats/generation_config.h"
#include "formats/tensor_source.h"
#include "formats/tokenizer_config.h"

namespace hermes::formats {

enum class WeightsLayout {
  kNone,     // no safetensors
  kSingle,   // one file
  kSharded,  // an index and its shards
  kUnclear,  // several files and no index
};

// Cheap, copyable: a path and what to look for. Nothing is cached.
class ModelDirectory {
 public:
  // A folder, or a config.json on its own (then only that file is seen). What is missing inside is an error
  // of the reader that needs it.
  static Result<ModelDirectory> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return folder_; }  // the folder
  std::filesystem::path file(std::string_view name) const { return folder_ / name; }
  bool has(std::string_view name) const;  // is there a file of this name, for example "tokenizer.json"?
  WeightsLayout weights_layout() const;

  Result<json::value> read_config_json() const;
  // Where generation_config.json is absent, config.json is asked for the same fields, as Transformers does.
  Result<GenerationConfig> read_generation_config() const;
  // Says nothing (all empty) where tokenizer_config.json is absent.
  Result<TokenizerConfig> read_tokenizer_config() const;

  // All templates by ascending name. chat_template.jinja replaces whatever tokenizer_config.json has; a file
  // in additional_chat_templates/ (or chat_templates/) replaces the template of its name.
  Result<std::vector<ChatTemplate>> read_chat_templates() const;
  // One of them; not found where the model has none of that name.
  Result<ChatTemplate> read_chat_template(std::string_view name = kDefaultChatTemplate) const;

  Result<std::unique_ptr<TensorSource>> open_weights() const;

 private:
  ModelDirectory(std::filesystem::path folder, bool config_only)
      : folder_(std::move(folder)), config_only_(config_only) {}
  std::filesystem::path folder_;
  bool config_only_;
};

}  // namespace hermes::formats
