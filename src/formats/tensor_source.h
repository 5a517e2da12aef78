// TensorSource: named tensors behind one door, whatever files they came from (safetensors; GGUF later).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/tensor.h"

namespace hermes::formats {

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  // The tensor, viewed in place: valid as long as the source. nullopt where there is none of that name, or
  // where its element type is none of ours; tensor() says which.
  virtual std::optional<ConstTensorView> find(std::string_view name) const = 0;
  // Names in ascending order.
  virtual std::vector<std::string> names() const = 0;
  // The file that holds `name`, for messages; the source's own path where there is no such tensor.
  virtual std::string file_of(std::string_view name) const = 0;

  // What find() gave will not be read soon: memory that holds it may be given back. It can still be read.
  virtual void let_go(const ConstTensorView& /*tensor*/) const {}

  // find() for whoever cannot go on without: the error names the file, the tensor and what is wrong with it.
  virtual Result<ConstTensorView> tensor(std::string_view name) const {
    if (const auto view = find(name)) return *view;
    return Error::not_found("{}: no tensor \"{}\"", file_of(name), name);
  }
};

}  // namespace hermes::formats
