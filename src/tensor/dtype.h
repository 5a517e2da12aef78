// Element types of tensors. Plain types are named as safetensors names them, block types as GGUF does: those store a row
// as blocks of 32 or 256 elements that share scales (tensor/quant/ has one header for each).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hermes {

enum class DType : uint8_t {
  kF32,
  kF16,
  kBF16,
  kF8_E4M3,
  kF8_E5M2,
  kI8,
  kI32,
  kU8,
  // Blocks.
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ1_S,
  kIQ1_M,
  kIQ2_XXS,
  kIQ2_XS,
  kIQ2_S,
  kIQ3_XXS,
  kIQ3_S,
  kIQ4_NL,
  kIQ4_XS,
  kMXFP4,
};
inline constexpr int kDTypesCount = static_cast<int>(DType::kMXFP4) + 1;

struct DTypeInfo {
  DType dtype;
  std::string_view name;   // "F32", "BF16", "F8_E4M3", "Q4_K", ...
  int64_t block_elements;  // 1 for plain types
  size_t block_bytes;      // of a plain type: of one element
};
const DTypeInfo& info_of(DType dtype);

inline bool is_block_type(DType dtype) { return info_of(dtype).block_elements > 1; }
size_t size_of(DType dtype);  // bytes per element of a plain type; block types have none (CHECK)
std::string_view name_of(DType dtype);
std::optional<DType> dtype_of(std::string_view name);
// Bytes of n elements; n is a multiple of block_elements.
size_t bytes_of(DType dtype, int64_t n);

}  // namespace hermes
