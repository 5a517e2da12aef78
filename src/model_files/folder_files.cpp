#include "model_files/folder_files.h"

#include <boost/json.hpp>

#include "base/json.h"

namespace hermes::model_files {
namespace {

constexpr PartNames kNames = {
    .config = "config.json",
    .tokenizer = "tokenizer.json",
    .tokenizer_config = "tokenizer_config.json",
    .generation_config = "generation_config.json",
    .end_tokens = "neither generation_config.json nor config.json has an eos_token_id",
    .chat_template = "chat_template.jinja, or \"chat_template\" in tokenizer_config.json",
};

}  // namespace

const PartNames& FolderFiles::part_names() const { return kNames; }

Result<model::ArchSpec> FolderFiles::read_arch_spec() const {
  HERMES_ASSIGN(const json::value config, directory_.read_config_json());
  return model::read_arch_spec(config, directory_.file(kNames.config).string());
}

Result<std::shared_ptr<const formats::TensorSource>> FolderFiles::open_weights() const {
  HERMES_ASSIGN(std::unique_ptr<formats::TensorSource> source, directory_.open_weights());
  return std::shared_ptr<const formats::TensorSource>(std::move(source));
}

Result<tokenizer::Tokenizer> FolderFiles::open_tokenizer() const {
  if (!directory_.has(kNames.tokenizer)) {
    return Error::not_found("{}: no tokenizer.json in this model folder", path());
  }
  return tokenizer::Tokenizer::open(directory_.file(kNames.tokenizer).string());
}

std::string FolderFiles::given_name() const {
  const auto config = directory_.read_config_json();
  const json::object* object = config.ok() ? config->if_object() : nullptr;
  const json::value* names = object != nullptr ? object->if_contains("architectures") : nullptr;
  if (names == nullptr || !names->is_array() || names->get_array().empty()) return {};
  const json::string* first = names->get_array()[0].if_string();
  return first != nullptr ? std::string(*first) : std::string();
}

std::vector<std::string> FolderFiles::missing_parts() const {
  std::vector<std::string> missing;
  if (!directory_.has(kNames.tokenizer_config)) {
    missing.push_back("tokenizer_config.json is missing: special tokens have no roles");
  }
  if (!directory_.has(kNames.tokenizer)) missing.push_back("tokenizer.json is missing: text needs it");
  return missing;
}

}  // namespace hermes::model_files
