#include "formats/safetensors_file.h"

#include <utility>

#include "formats/quoted_name.h"

namespace hermes::formats {

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  HERMES_ASSIGN(std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  HERMES_ASSIGN(SafetensorsHeader header, parse_safetensors_header(file->bytes(), path.string()));
  return SafetensorsFile(std::move(file), std::move(header));
}

std::optional<ConstTensorView> SafetensorsFile::find(std::string_view name) const {
  const StoredTensor* found = header_.find(name);
  if (found == nullptr || !found->stored->dtype) return std::nullopt;
  return ConstTensorView{file_->bytes().data() + header_.data_begin + found->begin, *found->stored->dtype,
                         found->shape};
}

Result<ConstTensorView> SafetensorsFile::tensor(std::string_view name) const {
  const StoredTensor* found = header_.find(name);
  if (found != nullptr && !found->stored->dtype) {
    return Error::unsupported("{}: tensor {} is of type {}, with which we do not compute", path().string(),
                              quoted_name(name), found->stored->name);
  }
  if (found == nullptr) return Error::not_found("{}: no tensor {}", path().string(), quoted_name(name));
  return *find(name);
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  names.reserve(header_.tensors.size());
  for (const StoredTensor& tensor : header_.tensors) names.push_back(tensor.name);
  return names;
}

}  // namespace hermes::formats
