// ModelFiles of a GGUF file, or of the parts of a split one; inside the folder only.
#pragma once

#include <utility>

#include "model_files/model_files.h"

namespace hermes::model_files {

class GgufFiles final : public ModelFiles {
 public:
  explicit GgufFiles(formats::GgufSet set) : set_(std::make_shared<const formats::GgufSet>(std::move(set))) {}

  std::string path() const override { return set_->path().string(); }
  const PartNames& part_names() const override;
  Result<model::ArchSpec> read_arch_spec() const override;
  Result<std::shared_ptr<const formats::TensorSource>> open_weights() const override {
    return std::shared_ptr<const formats::TensorSource>(set_);
  }
  model::TensorNames tensor_names() const override { return model::TensorNames::kGguf; }
  Result<tokenizer::Tokenizer> open_tokenizer() const override;
  Result<formats::TokenizerConfig> read_tokenizer_config() const override;
  Result<formats::GenerationConfig> read_generation_config() const override;
  Result<std::vector<formats::ChatTemplate>> read_chat_templates() const override;
  std::string given_name() const override;
  std::vector<std::string> missing_parts() const override;
  const formats::GgufSet* gguf() const override { return set_.get(); }

 private:
  std::shared_ptr<const formats::GgufSet> set_;
};

}  // namespace hermes::model_files
