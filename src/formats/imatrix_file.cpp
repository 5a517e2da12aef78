#include "formats/imatrix_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>

#include "base/file.h"
#include "base/utf8.h"
#include "formats/gguf_file.h"
#include "formats/gguf_writer.h"
#include "formats/imatrix_legacy.h"
#include "formats/quoted_name.h"

namespace hermes::formats {
namespace {

constexpr std::string_view kTypeKey = "general.type", kType = "imatrix";
constexpr std::string_view kDatasetsKey = "imatrix.datasets";
constexpr std::string_view kChunkCountKey = "imatrix.chunk_count", kChunkSizeKey = "imatrix.chunk_size";
constexpr std::string_view kSumsSuffix = ".in_sum2", kCountsSuffix = ".counts";

bool is_sum(float value) { return std::isfinite(value) && value >= 0; }
bool is_count(float value) { return std::isfinite(value) && (value == 0 || value >= 1); }  // sums / count is finite

std::span<const float> floats(const GgufFile& file, const GgufTensor& tensor) {
  const auto bytes = file.bytes_of(tensor);
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};  // aligned: GgufHeader
}

// The values of one of an entry's two tensors, checked.
Result<std::span<const float>> read_values(const GgufFile& file, const GgufTensor& tensor) {
  const std::string subject =
      fmt::format("{}: tensor {} (byte {})", file.path().string(), quoted_name(tensor.name), tensor.at);
  if (tensor.type->dtype != DType::kF32) {
    return Error::corrupt("{}: is of type {}, must be F32", subject, tensor.type->name);
  }
  const auto values = floats(file, tensor);
  if (values.empty()) return Error::corrupt("{}: has no elements", subject);
  for (size_t i = 0; i < values.size(); ++i) {
    if (is_sum(values[i])) continue;
    return Error::corrupt("{}: element {} is {}, must be finite and not negative (byte {})", subject, i, values[i],
                          file.header().data_begin + tensor.begin + i * sizeof(float));
  }
  return values;
}

Result<ImatrixEntry> read_entry(const GgufFile& file, std::string_view name, const GgufTensor* sums,
                                const GgufTensor* counts) {
  if (sums == nullptr || counts == nullptr) {
    const GgufTensor& there = sums != nullptr ? *sums : *counts;
    return Error::corrupt("{}: entry {} has the tensor {} (byte {}) but not \"{}\"", file.path().string(),
                          quoted_name(name), quoted_name(there.name), there.at,
                          sums != nullptr ? kCountsSuffix : kSumsSuffix);
  }
  HERMES_ASSIGN(const auto values, read_values(file, *sums));
  HERMES_ASSIGN(const auto count, read_values(file, *counts));
  if (count.size() != 1) {
    return Error::unsupported("{}: entry {} (byte {}) has {} matrices, one for each expert; one alone is supported",
                              file.path().string(), quoted_name(name), counts->at, count.size());
  }
  if (name.empty()) return Error::corrupt("{}: an entry without a name (byte {})", file.path().string(), sums->at);
  if (!is_count(count[0])) {
    return Error::corrupt("{}: entry {} (byte {}) counts {} inputs, must be 0, or 1 or more", file.path().string(),
                          quoted_name(name), counts->at, count[0]);
  }
  return ImatrixEntry{std::string(name), std::vector<float>(values.begin(), values.end()), count[0]};
}

Result<int64_t> read_count(const GgufMetadata& metadata, std::string_view key) {
  HERMES_ASSIGN(const std::optional<int64_t> value, metadata.optional_integer(key));
  if (value && *value < 0) return Error::corrupt("{} is {}, must be 0 or more", metadata.subject(key), *value);
  return value.value_or(0);
}

Result<Imatrix> read_gguf(const std::filesystem::path& path) {
  HERMES_ASSIGN(const GgufFile file, GgufFile::open(path));
  const GgufMetadata& metadata = file.metadata();
  HERMES_ASSIGN(const auto type, metadata.optional_string(kTypeKey));
  if (type != kType) {
    return Error::corrupt("{} is {}, not \"{}\": this is no importance matrix", metadata.subject(kTypeKey),
                          type ? quoted_name(*type) : "missing", kType);
  }
  Imatrix imatrix;
  HERMES_ASSIGN(const auto datasets, metadata.optional_strings(kDatasetsKey));
  if (datasets) {
    for (const std::string_view dataset : *datasets) imatrix.datasets.emplace_back(dataset);
  }
  HERMES_ASSIGN(imatrix.chunk_count, read_count(metadata, kChunkCountKey));
  HERMES_ASSIGN(imatrix.chunk_size, read_count(metadata, kChunkSizeKey));

  struct Pair {
    const GgufTensor *sums = nullptr, *counts = nullptr;
  };
  std::map<std::string_view, Pair> pairs;  // by the weight's name
  for (const GgufTensor& tensor : file.header().tensors) {
    std::string_view name = tensor.name;
    // Tensors of other names are what a later version has to say besides.
    if (name.ends_with(kSumsSuffix)) {
      name.remove_suffix(kSumsSuffix.size());
      pairs[name].sums = &tensor;
    } else if (name.ends_with(kCountsSuffix)) {
      name.remove_suffix(kCountsSuffix.size());
      pairs[name].counts = &tensor;
    }
  }
  if (pairs.empty()) return Error::corrupt("{}: no entries (tensors NAME{})", path.string(), kSumsSuffix);
  for (const auto& [name, pair] : pairs) {
    HERMES_ASSIGN(ImatrixEntry entry, read_entry(file, name, pair.sums, pair.counts));
    imatrix.entries.push_back(std::move(entry));
  }
  return imatrix;
}

Status write_gguf(const std::filesystem::path& path, const Imatrix& imatrix) {
  GgufFields fields;
  fields.set_string(kTypeKey, kType);
  const std::vector<std::string_view> datasets(imatrix.datasets.begin(), imatrix.datasets.end());
  fields.set_strings(kDatasetsKey, datasets);
  fields.set_u32(kChunkCountKey, static_cast<uint32_t>(imatrix.chunk_count));
  fields.set_u32(kChunkSizeKey, static_cast<uint32_t>(imatrix.chunk_size));
  std::vector<GgufTensorPlan> plans;
  const GgufTensorType* f32 = find_gguf_type(DType::kF32);
  for (const ImatrixEntry& entry : imatrix.entries) {
    plans.push_back({entry.name + std::string(kSumsSuffix), f32, {static_cast<int64_t>(entry.sums.size())}});
    plans.push_back({entry.name + std::string(kCountsSuffix), f32, {1}});
  }
  HERMES_ASSIGN(GgufWriter writer, GgufWriter::create(path, fields, plans));
  for (const ImatrixEntry& entry : imatrix.entries) {
    HERMES_TRY(writer.append(std::as_bytes(std::span(entry.sums))));
    HERMES_TRY(writer.append(std::as_bytes(std::span(&entry.count, 1))));
  }
  return writer.commit();
}

// What both forms ask; names are the writers' business.
Status check(const std::filesystem::path& path, const Imatrix& imatrix) {
  const auto refuse = [&](std::string_view name, std::string_view why) {
    return Error::invalid("{}: entry {} cannot be written: {}", path.string(), quoted_name(name), why);
  };
  if (imatrix.entries.empty()) return Error::invalid("{}: an importance matrix without entries", path.string());
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();  // of either form
  for (const int64_t n : {imatrix.chunk_count, imatrix.chunk_size}) {
    if (n < 0 || n > kMost) {
      return Error::invalid("{}: a number of chunks or their size is {}, must be from 0 to {}", path.string(), n,
                            kMost);
    }
  }
  std::string_view before;
  for (const ImatrixEntry& entry : imatrix.entries) {
    if (entry.name.empty()) return refuse(entry.name, "it has no name");
    if (entry.name <= before) return refuse(entry.name, "entries must be ascending by name, each name once");
    if (entry.sums.empty()) return refuse(entry.name, "it has no sums");
    if (!is_count(entry.count) || !std::all_of(entry.sums.begin(), entry.sums.end(), is_sum)) {
      return refuse(entry.name, "sums must be finite and not negative, a count 0, or 1 or more");
    }
    before = entry.name;
  }
  for (const std::string& dataset : imatrix.datasets) {
    if (find_invalid_utf8(dataset) != std::string_view::npos) {
      return Error::invalid("{}: the dataset {} is not UTF-8", path.string(), quoted_name(dataset));
    }
  }
  return {};
}

}  // namespace

std::vector<float> ImatrixEntry::importance() const {
  if (!(count > 0)) return {};
  std::vector<float> means(sums.size());
  std::transform(sums.begin(), sums.end(), means.begin(), [&](float sum) { return sum / count; });
  return means;
}

const ImatrixEntry* Imatrix::find(std::string_view name) const {
  const auto found = std::lower_bound(entries.begin(), entries.end(), name,
                                      [](const ImatrixEntry& e, std::string_view n) { return e.name < n; });
  return found != entries.end() && found->name == name ? &*found : nullptr;
}

Result<Imatrix> read_imatrix(const std::filesystem::path& path) {
  HERMES_ASSIGN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  if (text.starts_with(kGgufMagic)) return read_gguf(path);
  return read_legacy_imatrix(file->bytes(), path.string());
}

Status write_imatrix(const std::filesystem::path& path, const Imatrix& imatrix) {
  HERMES_TRY(check(path, imatrix));
  if (path.extension() != ".dat") return write_gguf(path, imatrix);
  HERMES_ASSIGN(const std::string bytes, legacy_imatrix(imatrix, path.string()));
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(path));
  HERMES_TRY(file.write(bytes));
  return file.commit();
}

}  // namespace hermes::formats
