#include "model_files/model_files.h"

#include <array>
#include <fstream>
#include <system_error>

#include "base/embedded_files.h"
#include "formats/hf_directory.h"
#include "formats/quoted_name.h"
#include "model_files/folder_files.h"
#include "model_files/gguf_files.h"

namespace hermes::model_files {
namespace {

namespace fs = std::filesystem;

Result<std::unique_ptr<const ModelFiles>> open_gguf(const fs::path& path) {
  HERMES_ASSIGN(formats::GgufSet set, formats::GgufSet::open(path));
  return std::unique_ptr<const ModelFiles>(std::make_unique<GgufFiles>(std::move(set)));
}

}  // namespace

bool is_gguf(const fs::path& path) {
  if (is_embedded(path) || !file_exists(path)) return false;
  if (path.extension() == ".gguf") return true;
  std::error_code ec;
  if (!fs::is_regular_file(path, ec)) return false;
  std::array<char, formats::kGgufMagic.size()> head{};
  std::ifstream file(path, std::ios::binary);
  return file.read(head.data(), head.size()) && std::string_view(head.data(), head.size()) == formats::kGgufMagic;
}

Result<std::unique_ptr<const ModelFiles>> ModelFiles::open(const fs::path& path) {
  if (is_gguf(path)) return open_gguf(path);
  HERMES_ASSIGN(formats::ModelDirectory directory, formats::ModelDirectory::open(path));
  // Only a folder that is nothing else is looked at for GGUF files: many hold both layouts of one model.
  if (!is_embedded(path) && folder_exists(path) && !directory.has("config.json") &&
      directory.weights_layout() == formats::WeightsLayout::kNone) {
    const Result<fs::path> gguf = formats::find_gguf(path);
    if (gguf.ok()) return open_gguf(*gguf);
    if (gguf.error().code() != ErrorCode::kNotFound) return gguf.error();
  }
  return std::unique_ptr<const ModelFiles>(std::make_unique<FolderFiles>(std::move(directory)));
}

Result<formats::ChatTemplate> ModelFiles::read_chat_template(std::string_view name) const {
  HERMES_ASSIGN(std::vector<formats::ChatTemplate> templates, read_chat_templates());
  for (formats::ChatTemplate& found : templates) {
    if (found.name == name) return std::move(found);
  }
  return Error::not_found("{}: no chat template of name {} ({})", path(), formats::quoted_name(name),
                          part_names().chat_template);
}

}  // namespace hermes::model_files
