#include "formats/safetensors_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "formats/quoted_name.h"

namespace hermes::formats {
namespace {

// Bytes of a dense tensor; nullopt where the count leaves 63 bits or does not end on a byte (packed types).
std::optional<uint64_t> bytes_of(const Shape& shape, int bits) {
  int64_t product = 1;
  for (const int64_t dim : shape.dims()) {
    if (__builtin_mul_overflow(product, dim, &product)) return std::nullopt;
  }
  if (__builtin_mul_overflow(product, int64_t{bits}, &product) || product % 8 != 0) return std::nullopt;
  return static_cast<uint64_t>(product / 8);
}

}  // namespace

std::optional<std::string> find_tensor_fault(const StoredTensor& tensor, DataRange data) {
  const auto [name, stored, shape, begin, end] =
      std::tie(tensor.name, tensor.stored, tensor.shape, tensor.begin, tensor.end);
  if (begin > end) return fmt::format("\"data_offsets\" [{}, {}] end before they begin", begin, end);
  if (end > data.size) {
    return fmt::format("\"data_offsets\" [{}, {}] go beyond the {} bytes of data that follow byte {}", begin, end,
                       data.size, data.begin);
  }
  const std::optional<uint64_t> expected = bytes_of(shape, stored->bits);
  if (!expected) {
    return fmt::format("\"shape\" {} of {} is more bytes than can be counted, or not a whole number of them",
                       to_string(shape), stored->name);
  }
  if (*expected != end - begin) {
    return fmt::format("\"shape\" {} of {} needs {} bytes, \"data_offsets\" [{}, {}] hold {}", to_string(shape),
                       stored->name, *expected, begin, end, end - begin);
  }
  // A type of ours is viewed in place, which needs alignment; the others are only listed.
  if (stored->dtype && (data.begin + begin) % size_of(*stored->dtype) != 0) {
    return fmt::format(
        "its data starts at byte {} of the file, which is not a multiple of the {} bytes of {}; load and "
        "save the file "
        "with a current safetensors library, which aligns it",
        data.begin + begin, size_of(*stored->dtype), stored->name);
  }
  return std::nullopt;
}

Status check_coverage(const SafetensorsHeader& header, DataRange data, std::string_view what) {
  std::vector<const StoredTensor*> by_offset;
  by_offset.reserve(header.tensors.size());
  for (const StoredTensor& tensor : header.tensors) by_offset.push_back(&tensor);
  std::sort(by_offset.begin(), by_offset.end(), [](const StoredTensor* a, const StoredTensor* b) {
    return std::tie(a->begin, a->end) < std::tie(b->begin, b->end);
  });
  uint64_t covered = 0;
  const StoredTensor* before = nullptr;
  for (const StoredTensor* tensor : by_offset) {
    if (tensor->begin < covered) {
      return Error::corrupt("{}: tensors {} and {} overlap at byte {}", what, quoted_name(before->name),
                            quoted_name(tensor->name), data.begin + tensor->begin);
    }
    if (tensor->begin > covered) {
      return Error::corrupt("{}: the {} bytes before tensor {}, from byte {}, belong to no tensor", what,
                            tensor->begin - covered, quoted_name(tensor->name), data.begin + covered);
    }
    covered = tensor->end;
    before = tensor;
  }
  if (covered != data.size) {
    return Error::corrupt("{}: the last {} bytes, from byte {}, belong to no tensor", what, data.size - covered,
                          data.begin + covered);
  }
  return {};
}

}  // namespace hermes::formats
