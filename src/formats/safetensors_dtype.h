// The element types of the safetensors format, of which we compute with some.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "tensor/dtype.h"

namespace hermes::formats {

struct StoredDType {
  std::string_view name;       // as the file spells it
  int bits;                    // per element; 4 and 6 are packed
  std::optional<DType> dtype;  // ours, where we compute with it
  int rank;                    // place in the format's own order, which is also the writers' order of tensors
};

// nullptr where the format has no such type.
const StoredDType* find_stored_dtype(std::string_view name);
const StoredDType& stored_dtype_of(DType dtype);

}  // namespace hermes::formats
