// One safetensors file, mapped: tensors are viewed where they lie.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "formats/safetensors_header.h"
#include "formats/tensor_source.h"

namespace hermes::formats {

// Immutable and movable; views live as long as the object or whatever it was moved to.
class SafetensorsFile final : public TensorSource {
 public:
  static Result<SafetensorsFile> open(const std::filesystem::path& path);

  std::optional<ConstTensorView> find(std::string_view name) const override;
  Result<ConstTensorView> tensor(std::string_view name) const override;
  std::vector<std::string> names() const override;
  std::string file_of(std::string_view) const override { return path().string(); }

  const SafetensorsHeader& header() const { return header_; }
  const std::filesystem::path& path() const { return file_->path(); }

 private:
  SafetensorsFile(std::shared_ptr<const MappedFile> file, SafetensorsHeader header)
      : file_(std::move(file)), header_(std::move(header)) {}
  std::shared_ptr<const MappedFile> file_;
  SafetensorsHeader header_;
};

}  // namespace hermes::formats
