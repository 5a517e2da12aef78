// The second half of reading a safetensors header: do the tensors' bytes fit their shapes, and the file?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/safetensors_header.h"

namespace hermes::formats {

// Where the data lies in the file.
struct DataRange {
  uint64_t begin = 0;
  uint64_t size = 0;
};

// What is wrong with one tensor (size against shape, range against data, alignment), or nothing.
std::optional<std::string> find_tensor_fault(const StoredTensor& tensor, DataRange data);

// Together the tensors must cover the data: no overlap, no hole, nothing after the last.
Status check_coverage(const SafetensorsHeader& header, DataRange data, std::string_view what);

}  // namespace hermes::formats
