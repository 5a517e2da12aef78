#include "formats/gguf_file.h"

#include <utility>

#include "formats/quoted_name.h"

namespace hermes::formats {

Result<GgufFile> GgufFile::open(const std::filesystem::path& path) {
  HERMES_ASSIGN(std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  HERMES_ASSIGN(GgufHeader header, parse_gguf_header(file->bytes(), path.string()));
  return GgufFile(std::move(file), std::move(header));
}

std::span<const std::byte> GgufFile::bytes_of(const GgufTensor& tensor) const {
  return file_->bytes().subspan(header_.data_begin + tensor.begin, tensor.bytes);
}

std::optional<ConstTensorView> GgufFile::find(std::string_view name) const {
  const GgufTensor* found = header_.find(name);
  if (found == nullptr || !found->type->dtype) return std::nullopt;
  return ConstTensorView{bytes_of(*found).data(), *found->type->dtype, found->shape};
}

Result<ConstTensorView> GgufFile::tensor(std::string_view name) const {
  const GgufTensor* found = header_.find(name);
  if (found == nullptr) return Error::not_found("{}: no tensor {}", path().string(), quoted_name(name));
  if (!found->type->dtype) {
    return Error::unsupported("{}: tensor {} is of type {}, with which we do not compute", path().string(),
                              quoted_name(name), found->type->name);
  }
  return *find(name);
}

std::vector<std::string> GgufFile::names() const {
  std::vector<std::string> names;
  names.reserve(header_.tensors.size());
  for (const size_t i : header_.by_name) names.emplace_back(header_.tensors[i].name);
  return names;
}

void GgufFile::let_go(const ConstTensorView& tensor) const {
  const std::span<const std::byte> all = file_->bytes(), part{tensor.as<std::byte>(), tensor.bytes()};
  if (part.data() >= all.data() && part.data() < all.data() + all.size()) file_->let_go(part);
}

}  // namespace hermes::formats
