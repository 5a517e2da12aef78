// The header of a safetensors file: what tensors there are, and which bytes hold them.
//
//   8 bytes    little-endian length N of the header
//   N bytes    JSON: {"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets": [begin, end]}}
//   the rest   the tensors' bytes, without gaps or overlaps; offsets count from here
//
// Goals: whatever parses is safe to view: inside the file, of the right size, aligned to its element size.
// Every refusal names the file, the tensor or field, and the byte. Non-goals: repair. A reader that guesses
// at a broken file would compute with the guess.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/safetensors_dtype.h"
#include "tensor/tensor.h"

namespace hermes::formats {

inline constexpr uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;  // the public format's own limit
inline constexpr std::string_view kSafetensorsMetadataName = "__metadata__";

using SafetensorsMetadata = std::map<std::string, std::string, std::less<>>;

struct StoredTensor {
  std::string name;
  const StoredDType* stored = nullptr;  // never null after parsing
  Shape shape;
  uint64_t begin = 0;  // bytes from the start of the data
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<StoredTensor> tensors;  // ascending by name
  SafetensorsMetadata metadata;
  uint64_t data_begin = 0;  // bytes from the start of the file

  const StoredTensor* find(std::string_view name) const;  // nullptr where absent
};

// `file_bytes` is the whole file (its tail is measured, not read); `what` (usually the path) opens every
// message.
Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> file_bytes, std::string_view what);

}  // namespace hermes::formats
