// Element types of tensors, named as safetensors names them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hermes {

enum class DType : uint8_t { kF32, kF16, kBF16, kF8_E4M3, kF8_E5M2, kI8, kI32, kU8 };

size_t size_of(DType dtype);            // bytes per element
std::string_view name_of(DType dtype);  // "F32", "BF16", "F8_E4M3", ...
std::optional<DType> dtype_of(std::string_view name);

}  // namespace hermes
