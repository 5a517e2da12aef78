// Writes safetensors files, byte for byte as the reference library does: highest alignment first, then by
// name, the header padded with spaces so that the data starts at a multiple of 8.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/result.h"
#include "formats/safetensors_header.h"
#include "tensor/tensor.h"

namespace hermes::formats {

struct NamedTensor {
  std::string name;
  ConstTensorView tensor;  // borrowed until the write returns
};

// Complete or absent: readers see the old file or the new one. Python loaders for PyTorch expect the metadata to hold
// {"format": "pt"}. Names must be UTF-8, unique, and not "__metadata__".
Status write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                         const SafetensorsMetadata& metadata = {});

// Fills shards in the order given, starting another before one would exceed `max_shard_bytes` of data (a
// larger tensor has a shard of its own): model-00001-of-0000N.safetensors, and last the index, without which
// a reader sees no model. The folder is made where missing; one that has an index already is refused, since
// old and new shards would mix. On error no shard of this call is left.
Status write_sharded(const std::filesystem::path& folder, std::span<const NamedTensor> tensors,
                     const SafetensorsMetadata& metadata, uint64_t max_shard_bytes);

}  // namespace hermes::formats
