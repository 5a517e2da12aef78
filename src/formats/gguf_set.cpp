#include "formats/gguf_set.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "formats/quoted_name.h"

namespace hermes::formats {
namespace {

namespace fs = std::filesystem;

// What a file says of the set it belongs to.
struct SplitFields {
  int64_t number = 0;
  int64_t count = 1;
  int64_t tensors = 0;
};

Result<SplitFields> read_split(const GgufFile& file) {
  const GgufMetadata& metadata = file.metadata();
  SplitFields split;
  HERMES_ASSIGN(const std::optional<int64_t> count, metadata.optional_integer(kSplitCountKey));
  if (!count) return split;
  if (*count < 0 || *count > kMaxGgufParts) {
    return Error::corrupt("{} is {}, must be at most {}", metadata.subject(kSplitCountKey), *count, kMaxGgufParts);
  }
  if (*count <= 1) return split;
  split.count = *count;
  HERMES_ASSIGN(split.number, metadata.integer(kSplitNumberKey));
  if (split.number < 0 || split.number >= split.count) {
    return Error::corrupt("{} is {}, must be from 0 to {}", metadata.subject(kSplitNumberKey), split.number,
                          split.count - 1);
  }
  HERMES_ASSIGN(split.tensors, metadata.integer(kSplitTensorsKey));
  return split;
}

// The stem of a part's name, if the name is as the part says.
Result<std::string> stem_of(const fs::path& path, const SplitFields& split) {
  const std::string name = path.filename().string();
  const std::string ending = split_file_name("", split.number, split.count);
  if (name.size() <= ending.size() || !name.ends_with(ending)) {
    return Error::invalid(
        "{}: part {} of {} by its metadata, but its name does not end in \"{}\": the other parts cannot "
        "be found",
        path.string(), split.number + 1, split.count, ending);
  }
  return name.substr(0, name.size() - ending.size());
}

// What a part repeats of the first one's metadata must be the same.
Status check_metadata(const GgufFile& first, const GgufFile& part) {
  for (const GgufEntry& entry : part.metadata().entries()) {
    if (entry.key.starts_with("split.") || entry.key == kGgufAlignmentKey) continue;
    const GgufEntry* same = first.metadata().find(entry.key);
    if (same == nullptr || !same_value(same->value, entry.value)) {
      return Error::corrupt("{} is {}, but {} in {}", part.metadata().subject(entry.key), describe(entry.value),
                            same == nullptr ? "absent" : describe(same->value), first.path().string());
    }
  }
  return {};
}

Status check_part(const GgufFile& first, const GgufFile& part, const SplitFields& expected) {
  HERMES_ASSIGN(const SplitFields split, read_split(part));
  if (split.number != expected.number || split.count != expected.count) {
    return Error::corrupt("{}: part {} of {} by its metadata, expected part {} of {}", part.path().string(),
                          split.number + 1, split.count, expected.number + 1, expected.count);
  }
  if (split.tensors != expected.tensors) {
    return Error::corrupt("{} is {}, but {} in {}", part.metadata().subject(kSplitTensorsKey), split.tensors,
                          expected.tensors, first.path().string());
  }
  return check_metadata(first, part);
}

Result<std::vector<GgufFile>> open_parts(const fs::path& path) {
  HERMES_ASSIGN(GgufFile opened, GgufFile::open(path));
  HERMES_ASSIGN(SplitFields split, read_split(opened));
  std::vector<GgufFile> files;
  if (split.count == 1) {
    files.push_back(std::move(opened));
    return files;
  }
  HERMES_ASSIGN(const std::string stem, stem_of(path, split));
  int64_t n_tensors = 0;
  for (int64_t number = 0; number < split.count; ++number) {
    const fs::path beside = path.parent_path() / split_file_name(stem, number, split.count);
    Result<GgufFile> part = GgufFile::open(beside);
    if (!part.ok() && part.error().code() == ErrorCode::kNotFound) {
      return Error::not_found("{}: part {} of {} is missing: no file {}", path.string(), number + 1, split.count,
                              beside.string());
    }
    if (!part.ok()) return part.error();
    files.push_back(std::move(*part));
    HERMES_TRY(check_part(files.front(), files.back(), {number, split.count, split.tensors}));
    n_tensors += static_cast<int64_t>(files.back().header().tensors.size());
  }
  if (n_tensors != split.tensors) {
    return Error::corrupt("{} is {}, but the {} parts hold {} tensors",
                          files.front().metadata().subject(kSplitTensorsKey), split.tensors, split.count, n_tensors);
  }
  return files;
}

// "model-00001-of-00003.gguf" for any part of that set; other names as they are.
std::string first_of_set(const std::string& name) {
  constexpr std::string_view kForm = "-00000-of-00000.gguf";
  if (name.size() <= kForm.size()) return name;
  const std::string_view ending = std::string_view(name).substr(name.size() - kForm.size());
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool fits = kForm[i] == '0' ? ending[i] >= '0' && ending[i] <= '9' : ending[i] == kForm[i];
    if (!fits) return name;
  }
  return fmt::format("{}-00001{}", name.substr(0, name.size() - kForm.size()), ending.substr(6));
}

}  // namespace

std::string split_file_name(std::string_view stem, int64_t number, int64_t count) {
  return fmt::format("{}-{:05}-of-{:05}.gguf", stem, number + 1, count);
}

Result<fs::path> find_gguf(const fs::path& folder) {
  std::error_code ec;
  std::vector<std::string> models;
  for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
    if (it->path().extension() != ".gguf") continue;
    models.push_back(first_of_set(it->path().filename().string()));
  }
  if (ec) return Error::io("{}: cannot be listed: {}", folder.string(), ec.message());
  std::sort(models.begin(), models.end());
  models.erase(std::unique(models.begin(), models.end()), models.end());
  if (models.size() == 1) return folder / models.front();
  if (models.empty()) return Error::not_found("{}: no *.gguf file", folder.string());
  return Error::invalid("{}: {} models in *.gguf files; name one of them, {} for example", folder.string(),
                        models.size(), models.front());
}

Result<GgufSet> GgufSet::open(const fs::path& path) {
  HERMES_ASSIGN(std::vector<GgufFile> files, open_parts(path));
  std::vector<Place> places;
  for (size_t file = 0; file < files.size(); ++file) {
    for (const GgufTensor& tensor : files[file].header().tensors) places.push_back({tensor.name, file});
  }
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return std::pair(a.name, a.file) < std::pair(b.name, b.file); });
  const auto twice =
      std::adjacent_find(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.name == b.name; });
  if (twice != places.end()) {
    return Error::corrupt("{}: tensor {} is in two parts, {} and {}", path.string(), quoted_name(twice->name),
                          files[twice->file].path().string(), files[std::next(twice)->file].path().string());
  }
  return GgufSet(std::move(files), std::move(places));
}

const GgufFile* GgufSet::file_with(std::string_view name) const {
  const auto at = std::lower_bound(places_.begin(), places_.end(), name,
                                   [](const Place& place, std::string_view n) { return place.name < n; });
  return at != places_.end() && at->name == name ? &files_[at->file] : nullptr;
}

std::optional<ConstTensorView> GgufSet::find(std::string_view name) const {
  const GgufFile* file = file_with(name);
  return file == nullptr ? std::nullopt : file->find(name);
}

Result<ConstTensorView> GgufSet::tensor(std::string_view name) const {
  const GgufFile* file = file_with(name);
  if (file == nullptr) return Error::not_found("{}: no tensor {}", path().string(), quoted_name(name));
  return file->tensor(name);
}

std::vector<std::string> GgufSet::names() const {
  std::vector<std::string> names;
  names.reserve(places_.size());
  for (const Place& place : places_) names.emplace_back(place.name);
  return names;
}

std::string GgufSet::file_of(std::string_view name) const {
  const GgufFile* file = file_with(name);
  return file == nullptr ? path().string() : file->path().string();
}

void GgufSet::let_go(const ConstTensorView& tensor) const {
  for (const GgufFile& file : files_) file.let_go(tensor);  // one of them holds it
}

}  // namespace hermes::formats
