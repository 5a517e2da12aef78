#include "formats/safetensors_set.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <system_error>
#include <utility>

#include "base/embedded_files.h"
#include "base/json.h"
#include "formats/quoted_name.h"

namespace hermes::formats {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxIndexBytes = size_t{256} << 20;
constexpr JsonLimits kIndexLimits{.max_depth = 8, .unique_names = true};

using ShardOfTensor = std::map<std::string, std::string, std::less<>>;

// Index entries are joined to the folder's path, so a separator would reach out of it.
bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of("/\\") == name.npos &&
         name.find('\0') == name.npos;
}

Result<ShardOfTensor> read_index(const fs::path& path) {
  HERMES_ASSIGN(const json::value document, read_json_file(path.string(), kMaxIndexBytes, kIndexLimits));
  HERMES_ASSIGN(const JsonObject index, JsonObject::from(document, path.string()));
  // total_size and its neighbours are notes by whoever split the model, and go stale when it is merged or
  // converted; the shards' own headers say what is there.
  HERMES_TRY(index.optional_object("metadata"));
  HERMES_ASSIGN(const JsonObject weight_map, index.object("weight_map"));
  ShardOfTensor shards;
  for (const auto& member : weight_map.raw()) {
    const std::string name(member.key());
    if (!member.value().is_string()) {
      return Error::corrupt("{}: \"weight_map\": {} must be the name of a file", path.string(), quoted_name(name));
    }
    std::string shard(member.value().get_string());
    if (!is_plain_file_name(shard)) {
      return Error::corrupt("{}: \"weight_map\": {} is in {}, which is not a plain file name", path.string(),
                            quoted_name(name), quoted_name(shard));
    }
    shards.emplace(name, std::move(shard));
  }
  return shards;
}

Error missing_shard(const fs::path& index, const ShardOfTensor::value_type& entry) {
  return Error::not_found("{}: tensor {} is in {}, and there is no such file", index.string(), quoted_name(entry.first),
                          quoted_name(entry.second));
}

}  // namespace

Result<fs::path> find_weights(const fs::path& folder) {
  for (const std::string_view name : {kWeightsIndexName, kSingleWeightsName}) {
    if (file_exists(folder / name)) return folder / name;
  }
  std::error_code ec;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
    if (it->path().extension() == ".safetensors") found.push_back(it->path());
  }
  if (ec) return Error::io("{}: cannot be listed: {}", folder.string(), ec.message());
  if (found.size() == 1) return found.front();
  if (found.empty()) return Error::not_found("{}: no *.safetensors file", folder.string());
  return Error::invalid("{}: {} *.safetensors files but no {} that says how they belong together; name one of them",
                        folder.string(), found.size(), kWeightsIndexName);
}

Result<SafetensorsSet> SafetensorsSet::open(const fs::path& path) {
  if (folder_exists(path)) {
    HERMES_ASSIGN(const fs::path weights, find_weights(path));
    return weights.extension() == ".json" ? open_sharded(weights) : open_single(weights);
  }
  return path.extension() == ".json" ? open_sharded(path) : open_single(path);
}

Result<SafetensorsSet> SafetensorsSet::open_single(const fs::path& path) {
  HERMES_ASSIGN(SafetensorsFile file, SafetensorsFile::open(path));
  std::vector<Place> places;
  places.reserve(file.header().tensors.size());
  for (const StoredTensor& tensor : file.header().tensors) places.push_back({tensor.name, 0});
  std::vector<SafetensorsFile> files;
  files.push_back(std::move(file));
  return SafetensorsSet(path, std::move(files), std::move(places));
}

Result<SafetensorsSet> SafetensorsSet::open_sharded(const fs::path& index) {
  HERMES_ASSIGN(const ShardOfTensor shards, read_index(index));
  std::vector<SafetensorsFile> files;
  std::map<std::string, size_t, std::less<>> file_of_shard;
  std::vector<Place> places;
  places.reserve(shards.size());
  for (const auto& entry : shards) {
    const auto& [name, shard] = entry;
    auto opened = file_of_shard.find(shard);
    if (opened == file_of_shard.end()) {
      Result<SafetensorsFile> file = SafetensorsFile::open(index.parent_path() / shard);
      if (!file.ok() && file.error().code() == ErrorCode::kNotFound) return missing_shard(index, entry);
      if (!file.ok()) return file.error();
      opened = file_of_shard.emplace(shard, files.size()).first;
      files.push_back(std::move(*file));
    }
    if (files[opened->second].header().find(name) == nullptr) {
      return Error::corrupt("{}: tensor {} should be in {}, which does not have it", index.string(), quoted_name(name),
                            quoted_name(shard));
    }
    places.push_back({name, opened->second});
  }
  for (const auto& [shard, file] : file_of_shard) {
    for (const StoredTensor& tensor : files[file].header().tensors) {
      const auto expected = shards.find(tensor.name);
      if (expected == shards.end()) {
        return Error::corrupt("{}: {} holds tensor {}, which the index does not name", index.string(),
                              quoted_name(shard), quoted_name(tensor.name));
      }
      if (expected->second != shard) {
        return Error::corrupt("{}: tensor {} is in two shards, {} and {}", index.string(), quoted_name(tensor.name),
                              quoted_name(expected->second), quoted_name(shard));
      }
    }
  }
  return SafetensorsSet(index, std::move(files), std::move(places));
}

const SafetensorsFile* SafetensorsSet::file_with(std::string_view name) const {
  const auto at = std::lower_bound(places_.begin(), places_.end(), name,
                                   [](const Place& place, std::string_view n) { return place.name < n; });
  return at != places_.end() && at->name == name ? &files_[at->file] : nullptr;
}

std::optional<ConstTensorView> SafetensorsSet::find(std::string_view name) const {
  const SafetensorsFile* file = file_with(name);
  return file == nullptr ? std::nullopt : file->find(name);
}

Result<ConstTensorView> SafetensorsSet::tensor(std::string_view name) const {
  const SafetensorsFile* file = file_with(name);
  if (file == nullptr) return Error::not_found("{}: no tensor {}", path_.string(), quoted_name(name));
  return file->tensor(name);
}

std::vector<std::string> SafetensorsSet::names() const {
  std::vector<std::string> names;
  names.reserve(places_.size());
  for (const Place& place : places_) names.push_back(place.name);
  return names;
}

std::string SafetensorsSet::file_of(std::string_view name) const {
  const SafetensorsFile* file = file_with(name);
  return file == nullptr ? path_.string() : file->path().string();
}

}  // namespace hermes::formats
