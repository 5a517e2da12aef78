#include "formats/safetensors_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "formats/quoted_name.h"
#include "formats/safetensors_dtype.h"
#include "formats/safetensors_set.h"

namespace hermes::formats {
namespace {

namespace fs = std::filesystem;

using Order = std::vector<const NamedTensor*>;

std::string json_string(std::string_view text) { return json::serialize(json::string(text)); }

Status check_names(std::span<const NamedTensor> tensors, std::string_view what) {
  std::vector<std::string_view> names;
  names.reserve(tensors.size());
  for (const NamedTensor& entry : tensors) {
    HERMES_CHECK(entry.tensor || entry.tensor.bytes() == 0, "tensor {} has no memory", quoted_name(entry.name));
    if (entry.name == kSafetensorsMetadataName || find_invalid_utf8(entry.name) != std::string_view::npos) {
      return Error::invalid("{}: {} cannot be the name of a tensor", what, quoted_name(entry.name));
    }
    names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end());
  const auto repeated = std::adjacent_find(names.begin(), names.end());
  if (repeated != names.end()) return Error::invalid("{}: two tensors are named {}", what, quoted_name(*repeated));
  return {};
}

Order writing_order(std::span<const NamedTensor> tensors) {
  Order order;
  order.reserve(tensors.size());
  for (const NamedTensor& entry : tensors) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return std::tuple(-stored_dtype_of(a->tensor.dtype).rank, std::string_view(a->name)) <
           std::tuple(-stored_dtype_of(b->tensor.dtype).rank, std::string_view(b->name));
  });
  return order;
}

std::string header_json(const Order& order, const SafetensorsMetadata& metadata) {
  std::string text = "{";
  if (!metadata.empty()) {
    text += json_string(kSafetensorsMetadataName) + ":{";
    for (const auto& [key, value] : metadata) text += json_string(key) + ":" + json_string(value) + ",";
    text.back() = '}';
    text += ',';
  }
  uint64_t offset = 0;
  for (const NamedTensor* entry : order) {
    const ConstTensorView& view = entry->tensor;
    text += fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}},)", json_string(entry->name),
                        name_of(view.dtype), fmt::join(view.shape.dims(), ","), offset, offset + view.bytes());
    offset += view.bytes();
  }
  if (text.back() == ',') text.pop_back();
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

// Everything but the commit.
Status write_content(AtomicFile& file, const Order& order, const SafetensorsMetadata& metadata, std::string_view what) {
  const std::string header = header_json(order, metadata);
  if (header.size() > kMaxSafetensorsHeaderBytes) {
    return Error::exhausted("{}: a header of {} bytes is above the format's limit of {}", what, header.size(),
                            kMaxSafetensorsHeaderBytes);
  }
  std::string length;
  for (int i = 0; i < 8; ++i) length += static_cast<char>((header.size() >> (8 * i)) & 0xFF);
  HERMES_TRY(file.write(length));
  HERMES_TRY(file.write(header));
  for (const NamedTensor* entry : order) {
    HERMES_TRY(file.write(std::span(entry->tensor.as<std::byte>(), entry->tensor.bytes())));
  }
  return {};
}

// Consecutive runs of `tensors`, none above the limit unless it is a single tensor. At least one, perhaps
// empty.
std::vector<std::span<const NamedTensor>> split(std::span<const NamedTensor> tensors, uint64_t max_bytes) {
  std::vector<std::span<const NamedTensor>> shards;
  size_t begin = 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const uint64_t more = tensors[i].tensor.bytes();
    if (i > begin && (more > max_bytes || bytes > max_bytes - more)) {
      shards.push_back(tensors.subspan(begin, i - begin));
      begin = i;
      bytes = 0;
    }
    bytes += more;
  }
  shards.push_back(tensors.subspan(begin));
  return shards;
}

std::string index_json(const std::vector<std::span<const NamedTensor>>& shards, const std::vector<fs::path>& paths) {
  std::map<std::string_view, std::string> shard_of_name;
  uint64_t total = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    for (const NamedTensor& entry : shards[i]) {
      shard_of_name.emplace(entry.name, paths[i].filename().string());
      total += entry.tensor.bytes();
    }
  }
  json::object weight_map;
  for (const auto& [name, shard] : shard_of_name) weight_map.emplace(name, shard);
  const json::object index{{"metadata", {{"total_size", total}}}, {"weight_map", std::move(weight_map)}};
  return to_pretty_json_text(index) + "\n";
}

}  // namespace

Status write_safetensors(const fs::path& path, std::span<const NamedTensor> tensors,
                         const SafetensorsMetadata& metadata) {
  HERMES_TRY(check_names(tensors, path.string()));
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(path));
  HERMES_TRY(write_content(file, writing_order(tensors), metadata, path.string()));
  return file.commit();
}

Status write_sharded(const fs::path& folder, std::span<const NamedTensor> tensors, const SafetensorsMetadata& metadata,
                     uint64_t max_shard_bytes) {
  HERMES_CHECK(max_shard_bytes > 0);
  HERMES_TRY(check_names(tensors, folder.string()));
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec) return Error::io("{}: cannot be made: {}", folder.string(), ec.message());
  const fs::path index_path = folder / kWeightsIndexName;
  if (fs::exists(index_path, ec)) {
    return Error::invalid("{}: there is a model already; write to another folder, or remove it first",
                          index_path.string());
  }

  const auto shards = split(tensors, max_shard_bytes);
  std::vector<fs::path> paths;
  std::vector<AtomicFile> files;
  for (size_t i = 0; i < shards.size(); ++i) {
    paths.push_back(folder / fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size()));
    HERMES_ASSIGN(AtomicFile file, AtomicFile::create(paths.back()));
    HERMES_TRY(write_content(file, writing_order(shards[i]), metadata, paths.back().string()));
    files.push_back(std::move(file));
  }
  HERMES_ASSIGN(AtomicFile index, AtomicFile::create(index_path));
  HERMES_TRY(index.write(index_json(shards, paths)));

  // Nothing is visible so far. Now the shards appear, and last the index.
  Status committed;
  for (size_t i = 0; i < files.size() && committed.ok(); ++i) committed = files[i].commit();
  if (committed.ok()) committed = index.commit();
  if (!committed.ok()) {
    fs::remove(index_path, ec);  // there when only the folder's fsync failed
    for (const fs::path& path : paths) fs::remove(path, ec);
  }
  return committed;
}

}  // namespace hermes::formats
