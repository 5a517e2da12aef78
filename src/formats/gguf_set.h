// A model's GGUF file, or the files it was split into: NAME-00001-of-00003.gguf and so on, which say in their metadata
// how many they are, which of them each is, and how many tensors they hold together.
//
// Goals: files of a set agree entirely, or the set does not open: a part of another conversion of the same model would
// otherwise give a model that is half of each. Non-goals: opening parts one by one on demand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf_file.h"
#include "formats/tensor_source.h"

namespace hermes::formats {

inline constexpr std::string_view kSplitNumberKey = "split.no";  // from 0
inline constexpr std::string_view kSplitCountKey = "split.count";
inline constexpr std::string_view kSplitTensorsKey = "split.tensors.count";
inline constexpr int64_t kMaxGgufParts = 65535;  // the number's type in the files; names have five digits

// `model-00002-of-00003.gguf` for ("model", 1, 3).
std::string split_file_name(std::string_view stem, int64_t number, int64_t count);

// The *.gguf file to open for a folder: the only one there is, or the first part of the only set. Not found where the
// folder has none; invalid where it has several models.
Result<std::filesystem::path> find_gguf(const std::filesystem::path& folder);

class GgufSet final : public TensorSource {
 public:
  // `path` is a file, or any part of a set; the other parts are looked for beside it.
  static Result<GgufSet> open(const std::filesystem::path& path);

  std::optional<ConstTensorView> find(std::string_view name) const override;
  Result<ConstTensorView> tensor(std::string_view name) const override;
  std::vector<std::string> names() const override;
  std::string file_of(std::string_view name) const override;
  void let_go(const ConstTensorView& tensor) const override;

  // The first file's: the others repeat of it what they have, but for what says which part they are.
  const GgufMetadata& metadata() const { return files_.front().metadata(); }
  const std::vector<GgufFile>& files() const { return files_; }
  const std::filesystem::path& path() const { return files_.front().path(); }

 private:
  struct Place {
    std::string_view name;
    size_t file;  // in files_
  };
  GgufSet(std::vector<GgufFile> files, std::vector<Place> places)
      : files_(std::move(files)), places_(std::move(places)) {}
  const GgufFile* file_with(std::string_view name) const;

  std::vector<GgufFile> files_;  // in the order of their numbers
  std::vector<Place> places_;    // ascending by name
};

}  // namespace hermes::formats
