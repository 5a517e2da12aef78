// Any bytes as a safetensors file: refused with a message that is UTF-8, or safe to view from end to end.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "formats/safetensors_header.h"
#include "fuzz_checks.h"

namespace {

using namespace hermes;

// Kept where the optimiser cannot drop the reads.
volatile uint8_t sink;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  const auto header = formats::parse_safetensors_header(file, "fuzz.safetensors");
  if (!header.ok()) {
    require(find_invalid_utf8(header.error().message()) == std::string_view::npos);
    return 0;
  }
  uint64_t covered = 0;
  std::string_view previous;
  for (const formats::StoredTensor& tensor : header->tensors) {
    require(&tensor == header->tensors.data() || previous < tensor.name);
    previous = tensor.name;
    require(header->find(tensor.name) == &tensor);
    require(tensor.shape.elements() >= 0);
    const uint64_t bytes = tensor.end - tensor.begin;
    covered += bytes;
    if (bytes > 0) {
      sink = data[header->data_begin + tensor.begin];
      sink = data[header->data_begin + tensor.end - 1];
    }
    if (tensor.stored->dtype) {
      const size_t element = size_of(*tensor.stored->dtype);
      require(static_cast<uint64_t>(tensor.shape.elements()) * element == bytes);
      require((header->data_begin + tensor.begin) % element == 0);
    }
  }
  require(header->data_begin + covered == size);
  return 0;
}
