// ModelFiles: a model as it lies on the disk, whichever way it is laid out: a folder as the Hugging Face hub has it, or a
// GGUF file (perhaps split). What reads it does not ask which.
//
// Goals: each part is read when it is asked for, so that a file without weights still tokenizes and a config.json alone
// can be described; errors name the file and the field or key. Non-goals: downloading; writing; what a part means
// (model, tokenizer, formats).
// Immutable after opening; every member may be called from several threads at once.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/generation_config.h"
#include "formats/gguf_set.h"
#include "formats/tensor_source.h"
#include "formats/tokenizer_config.h"
#include "model/arch_spec.h"
#include "model/weights.h"
#include "tokenizer/tokenizer.h"

namespace hermes::model_files {

// How the parts are called in this layout, for messages.
struct PartNames {
  std::string_view config;             // what gives the ArchSpec: "config.json"
  std::string_view tokenizer;          // the vocabulary: "tokenizer.json"
  std::string_view tokenizer_config;   // special tokens by role: "tokenizer_config.json"
  std::string_view generation_config;  // end tokens, recommended sampling: "generation_config.json"
  std::string_view end_tokens;         // where end tokens may be given, as a subject: "... has an eos_token_id"
  std::string_view chat_template;      // where it may be
};

class ModelFiles {
 public:
  // A folder, a config.json alone, a GGUF file or any part of a split one, or a folder with one GGUF model and neither
  // config.json nor safetensors. What is missing inside is an error of the call that needs it.
  static Result<std::unique_ptr<const ModelFiles>> open(const std::filesystem::path& path);
  virtual ~ModelFiles() = default;

  virtual std::string path() const = 0;  // the folder, or the (first) file
  virtual const PartNames& part_names() const = 0;

  virtual Result<model::ArchSpec> read_arch_spec() const = 0;
  virtual Result<std::shared_ptr<const formats::TensorSource>> open_weights() const = 0;
  virtual model::TensorNames tensor_names() const = 0;  // as open_weights() has them
  // Not found where the model has no vocabulary.
  virtual Result<tokenizer::Tokenizer> open_tokenizer() const = 0;
  // Says nothing (all empty) where there is none.
  virtual Result<formats::TokenizerConfig> read_tokenizer_config() const = 0;
  virtual Result<formats::GenerationConfig> read_generation_config() const = 0;

  // All of them, by ascending name; perhaps none.
  virtual Result<std::vector<formats::ChatTemplate>> read_chat_templates() const = 0;
  // Not found where the model has none of that name.
  Result<formats::ChatTemplate> read_chat_template(std::string_view name = formats::kDefaultChatTemplate) const;

  // For reports. The model's class or name as its makers gave it ("LlamaForCausalLM"), perhaps "".
  virtual std::string given_name() const = 0;
  // What is missing of the parts that need not be there, one line each.
  virtual std::vector<std::string> missing_parts() const = 0;
  // nullptr where this is no GGUF model.
  virtual const formats::GgufSet* gguf() const { return nullptr; }
};

// Whether a file is GGUF, by its name or by its first bytes.
bool is_gguf(const std::filesystem::path& path);

}  // namespace hermes::model_files
