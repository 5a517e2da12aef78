// ModelFiles of a folder as the Hugging Face hub has it; inside the folder only.
#pragma once

#include <utility>

#include "formats/hf_directory.h"
#include "model_files/model_files.h"

namespace hermes::model_files {

class FolderFiles final : public ModelFiles {
 public:
  explicit FolderFiles(formats::ModelDirectory directory) : directory_(std::move(directory)) {}

  std::string path() const override { return directory_.path().string(); }
  const PartNames& part_names() const override;
  Result<model::ArchSpec> read_arch_spec() const override;
  Result<std::shared_ptr<const formats::TensorSource>> open_weights() const override;
  model::TensorNames tensor_names() const override { return model::TensorNames::kHuggingFace; }
  Result<tokenizer::Tokenizer> open_tokenizer() const override;
  Result<formats::TokenizerConfig> read_tokenizer_config() const override { return directory_.read_tokenizer_config(); }
  Result<formats::GenerationConfig> read_generation_config() const override {
    return directory_.read_generation_config();
  }
  Result<std::vector<formats::ChatTemplate>> read_chat_templates() const override {
    return directory_.read_chat_templates();
  }
  std::string given_name() const override;
  std::vector<std::string> missing_parts() const override;

 private:
  formats::ModelDirectory directory_;
};

}  // namespace hermes::model_files
