// One GGUF file, mapped: tensors and metadata are viewed where they lie.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "formats/gguf_header.h"
#include "formats/tensor_source.h"

namespace hermes::formats {

// Immutable and movable; views live as long as the object or whatever it was moved to.
class GgufFile final : public TensorSource {
 public:
  static Result<GgufFile> open(const std::filesystem::path& path);

  std::optional<ConstTensorView> find(std::string_view name) const override;
  Result<ConstTensorView> tensor(std::string_view name) const override;
  std::vector<std::string> names() const override;
  std::string file_of(std::string_view) const override { return path().string(); }
  void let_go(const ConstTensorView& tensor) const override;

  const GgufHeader& header() const { return header_; }
  const GgufMetadata& metadata() const { return header_.metadata; }
  const std::filesystem::path& path() const { return file_->path(); }
  // The bytes of one of header().tensors, whatever its type.
  std::span<const std::byte> bytes_of(const GgufTensor& tensor) const;

 private:
  GgufFile(std::shared_ptr<const MappedFile> file, GgufHeader header)
      : file_(std::move(file)), header_(std::move(header)) {}
  std::shared_ptr<const MappedFile> file_;
  GgufHeader header_;
};

}  // namespace hermes::formats
