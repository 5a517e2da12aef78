// The header of a GGUF file: its metadata, what tensors there are, and which bytes hold them.
//
//   4 bytes   "GGUF"              u32 version      u64 number of tensors      u64 number of metadata entries
//   entries   key, type, value (strings and arrays with their lengths in front)
//   infos     name, dimensions (fastest first), type, offset into the data
//   the rest  the tensors' bytes, from the next multiple of the alignment on, each at a multiple of the alignment
//
// Goals: whatever parses is safe to view: inside the file, of the right size, aligned, no two tensors on one byte.
// Nothing is allocated because a number in the file says so: memory is a small multiple of the header's bytes (entries of
// 14 bytes at least are kept in 56), and time is linear in them but for sorting the names. Every refusal names the file, the key or tensor, and the byte.
// Non-goals: repair; the meaning of keys; big-endian files and version 1, which are refused by name.
// Source: ggml's docs/gguf.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/gguf_metadata.h"
#include "formats/gguf_type.h"
#include "tensor/tensor.h"

namespace hermes::formats {

inline constexpr std::string_view kGgufMagic = "GGUF";
inline constexpr uint32_t kGgufVersion = 3;  // what we write; 2 differs in its number only
inline constexpr std::string_view kGgufAlignmentKey = "general.alignment";
inline constexpr uint64_t kGgufDefaultAlignment = 32;
inline constexpr uint64_t kMinGgufAlignment = 8;
inline constexpr uint64_t kMaxGgufAlignment = uint64_t{1} << 24;
inline constexpr size_t kMaxGgufKeyBytes = 65535;  // the format's own limits
inline constexpr size_t kMaxGgufTensorNameBytes = 64;
inline constexpr int kMaxGgufArrayDepth = 4;  // arrays of arrays of arrays; nobody writes even two

struct GgufTensor {
  std::string_view name;
  const GgufTensorType* type = nullptr;  // never null after parsing
  Shape shape;                           // row-major: the reverse of the file's dimensions
  uint64_t begin = 0;                    // bytes from the start of the data
  uint64_t bytes = 0;
  uint64_t at = 0;  // the byte of the file at which the tensor's info begins
};

// Borrows the bytes it was parsed from.
struct GgufHeader {
  uint32_t version = kGgufVersion;
  uint64_t alignment = kGgufDefaultAlignment;
  GgufMetadata metadata;
  std::vector<GgufTensor> tensors;  // in the file's order
  std::vector<size_t> by_name;      // indices into tensors, ascending by name
  uint64_t data_begin = 0;          // bytes from the start of the file

  const GgufTensor* find(std::string_view name) const;  // nullptr where absent
};

// `file_bytes` is the whole file (the data is measured, not read); `what` (usually the path) opens every message.
Result<GgufHeader> parse_gguf_header(std::span<const std::byte> file_bytes, std::string_view what);

}  // namespace hermes::formats
