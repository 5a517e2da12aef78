#include "formats/gguf_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <tuple>
#include <utility>

#include "base/utf8.h"
#include "formats/gguf_bytes.h"
#include "formats/gguf_reader.h"
#include "formats/quoted_name.h"

namespace hermes::formats {
namespace {

constexpr uint64_t kFixedBytes = 24;       // magic, version, both counts
constexpr uint64_t kLeastEntryBytes = 14;  // a key of one byte, a type, a value of one byte
constexpr uint64_t kLeastInfoBytes = 25;   // a name of one byte, no dimensions, a type, an offset

// The sizes in the fixed part of the header.
struct Counts {
  uint32_t version = 0;
  uint64_t tensors = 0;
  uint64_t entries = 0;
};

Error no_gguf(std::string_view head, std::string_view what) {
  if (head.starts_with("version https://git-lfs")) {
    return Error::corrupt("{}: a Git LFS pointer, not the file it stands for; fetch that with `git lfs pull`", what);
  }
  for (const std::string_view old : {"lmgg", "fmgg", "tjgg"}) {
    if (head.starts_with(old)) {
      return Error::unsupported("{}: a GGML file from before GGUF (byte 0); convert the model again", what);
    }
  }
  return Error::corrupt("{}: begins with {}, not with \"GGUF\" (byte 0)", what,
                        quoted_name(head.substr(0, kGgufMagic.size())));
}

Result<Counts> read_fixed_part(GgufReader& reader, std::string_view head) {
  const std::string_view what = reader.what();
  if (!head.starts_with(kGgufMagic)) {
    if (head.size() < kGgufMagic.size()) return Error::corrupt("{}: {} bytes, too short for GGUF", what, head.size());
    return no_gguf(head, what);
  }
  if (head.size() < kFixedBytes) return Error::corrupt("{}: {} bytes, too short for GGUF", what, head.size());
  Counts counts;
  HERMES_TRY(reader.number<uint32_t>("magic"));
  HERMES_ASSIGN(counts.version, reader.number<uint32_t>("version"));
  if (counts.version == 1) {
    return Error::unsupported("{}: GGUF version 1 (byte 4); 2 and 3 are supported: convert the model again", what);
  }
  if (const uint32_t swapped = __builtin_bswap32(counts.version); swapped >= 1 && swapped <= 0xFF) {
    return Error::unsupported(
        "{}: a big-endian file: version {} with its bytes swapped (byte 4); only little-endian "
        "files are supported",
        what, swapped);
  }
  if (counts.version != 2 && counts.version != kGgufVersion) {
    return Error::unsupported("{}: GGUF version {} (byte 4); 2 and 3 are supported", what, counts.version);
  }
  HERMES_ASSIGN(counts.tensors, reader.number<uint64_t>("number of tensors"));
  HERMES_ASSIGN(counts.entries, reader.number<uint64_t>("number of metadata entries"));
  if (counts.tensors > reader.left() / kLeastInfoBytes) {
    return Error::corrupt("{}: claims {} tensors, but only {} bytes follow (byte 8)", what, counts.tensors,
                          reader.left());
  }
  if (counts.entries > reader.left() / kLeastEntryBytes) {
    return Error::corrupt("{}: claims {} metadata entries, but only {} bytes follow (byte 16)", what, counts.entries,
                          reader.left());
  }
  return counts;
}

// Printable ASCII, as the format asks for: so that keys can be shown and compared without further ado.
bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= kMaxGgufKeyBytes &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Result<GgufMetadata> read_metadata(GgufReader& reader, uint64_t count) {
  std::vector<GgufEntry> entries;
  for (uint64_t i = 0; i < count; ++i) {
    GgufEntry entry;
    entry.at = reader.at();
    HERMES_ASSIGN(entry.key, reader.string(fmt::format("key of metadata entry {}", i)));
    if (!is_key(entry.key)) {
      return Error::corrupt("{}: {} is no key: 1 to {} bytes of printable ASCII (byte {})", reader.what(),
                            quoted_name(entry.key), kMaxGgufKeyBytes, entry.at);
    }
    HERMES_ASSIGN(entry.value, reader.value("key " + quoted_name(entry.key)));
    entries.push_back(entry);
  }
  std::vector<const GgufEntry*> sorted;
  for (const GgufEntry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const GgufEntry* a, const GgufEntry* b) { return std::tie(a->key, a->at) < std::tie(b->key, b->at); });
  const auto repeated = std::adjacent_find(sorted.begin(), sorted.end(),
                                           [](const GgufEntry* a, const GgufEntry* b) { return a->key == b->key; });
  if (repeated != sorted.end()) {
    return Error::corrupt("{}: key {} is there twice, at bytes {} and {}", reader.what(), quoted_name((*repeated)->key),
                          (*repeated)->at, (*std::next(repeated))->at);
  }
  return GgufMetadata(std::string(reader.what()), std::move(entries));
}

Result<uint64_t> read_alignment(const GgufMetadata& metadata) {
  const GgufEntry* entry = metadata.find(kGgufAlignmentKey);
  if (entry == nullptr) return kGgufDefaultAlignment;
  if (entry->value.type != GgufValueType::kU32) {
    return Error::corrupt("{} must be of type u32", metadata.subject(kGgufAlignmentKey));
  }
  HERMES_ASSIGN(const int64_t value, metadata.integer(kGgufAlignmentKey));
  const auto alignment = static_cast<uint64_t>(value);
  if (!std::has_single_bit(alignment) || alignment < kMinGgufAlignment || alignment > kMaxGgufAlignment) {
    return Error::corrupt("{} is {}, must be a power of two from {} to {}", metadata.subject(kGgufAlignmentKey),
                          alignment, kMinGgufAlignment, kMaxGgufAlignment);
  }
  return alignment;
}

// Bytes of a tensor of this shape, or what is wrong with the shape.
Result<uint64_t> bytes_of(const GgufTensor& tensor, const std::string& subject) {
  const auto dims = tensor.shape.dims();
  const int64_t row = dims.empty() ? 1 : dims.back();
  if (row % tensor.type->block_elements != 0) {
    return Error::corrupt("{}: rows of {} elements are not whole blocks of the {} that {} has (byte {})", subject, row,
                          tensor.type->block_elements, tensor.type->name, tensor.at);
  }
  // An empty dimension makes an empty tensor, however large the others are.
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return uint64_t{0};
  int64_t bytes = tensor.type->block_bytes;
  if (__builtin_mul_overflow(bytes, row / tensor.type->block_elements, &bytes)) bytes = -1;
  for (size_t i = 0; i + 1 < dims.size() && bytes >= 0; ++i) {
    if (__builtin_mul_overflow(bytes, dims[i], &bytes)) bytes = -1;
  }
  if (bytes < 0) {
    return Error::corrupt("{}: shape {} of {} is more bytes than can be counted (byte {})", subject,
                          to_string(tensor.shape), tensor.type->name, tensor.at);
  }
  return static_cast<uint64_t>(bytes);
}

Result<Shape> read_shape(GgufReader& reader, const std::string& field) {
  const uint64_t at = reader.at();
  HERMES_ASSIGN(const uint32_t rank, reader.number<uint32_t>(field));
  if (rank > Shape::kMaxRank) {
    return Error::corrupt("{}: {}: {} dimensions, at most {} are possible (byte {})", reader.what(), field, rank,
                          Shape::kMaxRank, at);
  }
  std::array<int64_t, Shape::kMaxRank> dims{};
  int64_t elements = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    const uint64_t dim_at = reader.at();
    HERMES_ASSIGN(const uint64_t dim, reader.number<uint64_t>(field));
    if (dim > uint64_t{INT64_MAX} ||
        __builtin_mul_overflow(elements, std::max<int64_t>(static_cast<int64_t>(dim), 1), &elements)) {
      return Error::corrupt("{}: {}: dimension {} is {}, more than can be counted (byte {})", reader.what(), field, i,
                            dim, dim_at);
    }
    dims[rank - 1 - i] = static_cast<int64_t>(dim);  // the file has the fastest first, we have it last
  }
  return Shape(std::span<const int64_t>(dims).first(rank));
}

Result<GgufTensor> read_info(GgufReader& reader, uint64_t index, uint64_t alignment) {
  GgufTensor tensor;
  tensor.at = reader.at();
  HERMES_ASSIGN(tensor.name, reader.string(fmt::format("name of tensor {}", index)));
  if (tensor.name.empty() || tensor.name.size() > kMaxGgufTensorNameBytes ||
      find_invalid_utf8(tensor.name) != std::string_view::npos) {
    return Error::corrupt("{}: {} is no name of a tensor: 1 to {} bytes of UTF-8 (byte {})", reader.what(),
                          quoted_name(tensor.name), kMaxGgufTensorNameBytes, tensor.at);
  }
  const std::string field = "tensor " + quoted_name(tensor.name);
  HERMES_ASSIGN(tensor.shape, read_shape(reader, field));

  const uint64_t type_at = reader.at();
  HERMES_ASSIGN(const uint32_t type, reader.number<uint32_t>(field));
  tensor.type = find_gguf_type(type);
  if (tensor.type == nullptr) {
    const std::string_view removed = removed_gguf_type_name(type);
    if (removed.empty()) {
      return Error::corrupt("{}: {}: {} is no type that we know of tensors (byte {})", reader.what(), field, type,
                            type_at);
    }
    return Error::unsupported(
        "{}: {}: type {} ({}) has been removed from the format; convert the model again (byte {})", reader.what(),
        field, type, removed, type_at);
  }
  HERMES_ASSIGN(tensor.bytes, bytes_of(tensor, fmt::format("{}: {}", reader.what(), field)));

  const uint64_t offset_at = reader.at();
  HERMES_ASSIGN(tensor.begin, reader.number<uint64_t>(field));
  if (tensor.begin % alignment != 0) {
    return Error::corrupt("{}: {}: offset {} is no multiple of the alignment {} (byte {})", reader.what(), field,
                          tensor.begin, alignment, offset_at);
  }
  return tensor;
}

// Every tensor inside the file, no two of one name, no byte in two of them.
Status check_tensors(GgufHeader& header, uint64_t data_bytes, std::string_view what) {
  std::vector<const GgufTensor*> by_offset;
  for (size_t i = 0; i < header.tensors.size(); ++i) {
    const GgufTensor& tensor = header.tensors[i];
    if (tensor.begin > data_bytes || tensor.bytes > data_bytes - tensor.begin) {
      return Error::corrupt(
          "{}: tensor {}: its {} bytes at offset {} go beyond the {} bytes of data that follow byte {} "
          "(byte {})",
          what, quoted_name(tensor.name), tensor.bytes, tensor.begin, data_bytes, header.data_begin, tensor.at);
    }
    header.by_name.push_back(i);
    if (tensor.bytes > 0) by_offset.push_back(&tensor);
  }
  const auto name_of_index = [&](size_t i) { return header.tensors[i].name; };
  std::sort(header.by_name.begin(), header.by_name.end(),
            [&](size_t a, size_t b) { return std::pair(name_of_index(a), a) < std::pair(name_of_index(b), b); });
  const auto same = [&](size_t a, size_t b) { return name_of_index(a) == name_of_index(b); };
  if (const auto twice = std::adjacent_find(header.by_name.begin(), header.by_name.end(), same);
      twice != header.by_name.end()) {
    return Error::corrupt("{}: tensor {} is there twice, at bytes {} and {}", what, quoted_name(name_of_index(*twice)),
                          header.tensors[*twice].at, header.tensors[*std::next(twice)].at);
  }
  std::sort(by_offset.begin(), by_offset.end(), [](const GgufTensor* a, const GgufTensor* b) {
    return std::tie(a->begin, a->at) < std::tie(b->begin, b->at);
  });
  for (size_t i = 1; i < by_offset.size(); ++i) {
    const GgufTensor &before = *by_offset[i - 1], &after = *by_offset[i];
    if (before.begin + before.bytes > after.begin) {
      return Error::corrupt("{}: tensors {} and {} overlap at byte {}", what, quoted_name(before.name),
                            quoted_name(after.name), header.data_begin + after.begin);
    }
  }
  return {};
}

}  // namespace

const GgufTensor* GgufHeader::find(std::string_view name) const {
  const auto at = std::lower_bound(by_name.begin(), by_name.end(), name,
                                   [&](size_t i, std::string_view n) { return tensors[i].name < n; });
  return at != by_name.end() && tensors[*at].name == name ? &tensors[*at] : nullptr;
}

Result<GgufHeader> parse_gguf_header(std::span<const std::byte> file_bytes, std::string_view what) {
  GgufReader reader(file_bytes, what);
  const std::string_view head(reinterpret_cast<const char*>(file_bytes.data()),
                              std::min<size_t>(file_bytes.size(), kFixedBytes));
  HERMES_ASSIGN(const Counts counts, read_fixed_part(reader, head));
  GgufHeader header;
  header.version = counts.version;
  HERMES_ASSIGN(header.metadata, read_metadata(reader, counts.entries));
  HERMES_ASSIGN(header.alignment, read_alignment(header.metadata));
  for (uint64_t i = 0; i < counts.tensors; ++i) {
    HERMES_ASSIGN(GgufTensor tensor, read_info(reader, i, header.alignment));
    header.tensors.push_back(tensor);
  }
  // A file without data may end before the padding.
  header.data_begin = std::min<uint64_t>(round_up(reader.at(), header.alignment), file_bytes.size());
  HERMES_TRY(check_tensors(header, file_bytes.size() - header.data_begin, what));
  return header;
}

}  // namespace hermes::formats
