// The two type systems of a GGUF file: of its metadata's values, and of its tensors' elements.
// Source: the GGUF specification (ggml, docs/gguf.md) and, for numbers that are younger than it, the gguf package.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tensor/dtype.h"

namespace hermes::formats {

// The numbers are the file's.
enum class GgufValueType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};
inline constexpr uint32_t kGgufValueTypesCount = static_cast<uint32_t>(GgufValueType::kF64) + 1;

// "u8", "string", "array", ...
std::string_view name_of(GgufValueType type);
// Bytes of one value; 0 for strings and arrays, which say their own length.
size_t size_of(GgufValueType type);
bool is_integer(GgufValueType type);
bool is_float(GgufValueType type);

// An element type of tensors: a row is stored as blocks.
struct GgufTensorType {
  uint32_t number;         // as the file spells it
  std::string_view name;   // "F32", "Q4_K", ...
  int64_t block_elements;  // 1 for plain types
  int64_t block_bytes;
  std::optional<DType> dtype;  // ours, where we have it
};

// nullptr where no type has this number (some once did: removed_gguf_type_name).
const GgufTensorType* find_gguf_type(uint32_t number);
// nullptr for types of ours that GGUF does not have (F8_E4M3, U8, ...).
const GgufTensorType* find_gguf_type(DType dtype);
// The name of a type that files of 2023 and 2024 may have and that its makers took back; "" for any other number.
std::string_view removed_gguf_type_name(uint32_t number);

}  // namespace hermes::formats
