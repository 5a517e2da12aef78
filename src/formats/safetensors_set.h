// A model's weights as Hugging Face lays them out: one safetensors file, or shards and an index that says
// which shard holds which tensor.
//
// Goals: index and shards agree entirely, or the set does not open: a stale shard beside a new index would
// otherwise give a model that is half of each. Non-goals: opening shards one by one on demand; a mapping
// costs nothing until its pages are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/safetensors_file.h"
#include "formats/tensor_source.h"

namespace hermes::formats {

inline constexpr std::string_view kSingleWeightsName = "model.safetensors";
inline constexpr std::string_view kWeightsIndexName = "model.safetensors.index.json";

// The file to open for a folder's weights: the index, else model.safetensors, else the only *.safetensors
// there is. Not found where the folder has none; invalid where it has several and no index to say how they
// belong together.
Result<std::filesystem::path> find_weights(const std::filesystem::path& folder);

class SafetensorsSet final : public TensorSource {
 public:
  // `path` is a folder (find_weights), an index (*.index.json) or a *.safetensors file.
  static Result<SafetensorsSet> open(const std::filesystem::path& path);

  std::optional<ConstTensorView> find(std::string_view name) const override;
  Result<ConstTensorView> tensor(std::string_view name) const override;
  std::vector<std::string> names() const override;
  std::string file_of(std::string_view name) const override;

  const std::vector<SafetensorsFile>& files() const { return files_; }
  const std::filesystem::path& path() const { return path_; }  // the index, or the one file

 private:
  struct Place {
    std::string name;
    size_t file;  // in files_
  };

  SafetensorsSet(std::filesystem::path path, std::vector<SafetensorsFile> files, std::vector<Place> places)
      : path_(std::move(path)), files_(std::move(files)), places_(std::move(places)) {}
  static Result<SafetensorsSet> open_single(const std::filesystem::path& path);
  static Result<SafetensorsSet> open_sharded(const std::filesystem::path& index);
  const SafetensorsFile* file_with(std::string_view name) const;

  std::filesystem::path path_;
  std::vector<SafetensorsFile> files_;
  std::vector<Place> places_;  // ascending by name
};

}  // namespace hermes::formats
