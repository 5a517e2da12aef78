// Any bytes as a GGUF file: refused with a message that is UTF-8, or safe to view from end to end; and then as a model,
// whose description, weights, vocabulary and templates are read or refused.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "formats/gguf_header.h"
#include "fuzz_checks.h"
#include "model_files/model_files.h"

namespace {

using namespace hermes;

// Kept where the optimiser cannot drop the reads.
volatile uint8_t sink;

void check_header(const formats::GgufHeader& header, std::span<const std::byte> file) {
  for (const formats::GgufEntry& entry : header.metadata.entries()) {
    require(header.metadata.find(entry.key) == &entry);
    for (const std::byte byte : entry.value.bytes) sink = std::to_integer<uint8_t>(byte);
    require(!describe(entry.value).empty());
    if (const auto strings = header.metadata.optional_strings(entry.key); fine(strings)) {
      uint64_t count = 0;
      for (const std::string_view text : **strings) {
        ++count;
        if (!text.empty()) sink = static_cast<uint8_t>(text.back());
      }
      require(count == (*strings)->size());
    }
  }
  for (const formats::GgufTensor& tensor : header.tensors) {
    require(header.find(tensor.name) == &tensor);
    require(tensor.begin % header.alignment == 0);
    require(tensor.shape.elements() >= 0);
    const auto bytes = file.subspan(header.data_begin + tensor.begin, tensor.bytes);
    if (!bytes.empty()) {
      sink = std::to_integer<uint8_t>(bytes.front());
      sink = std::to_integer<uint8_t>(bytes.back());
    }
    if (tensor.type->dtype && tensor.shape.rank() > 0) {
      require(bytes_of(*tensor.type->dtype, tensor.shape.elements()) == tensor.bytes);
    }
  }
}

void check_model(const std::filesystem::path& path) {
  const auto files = model_files::ModelFiles::open(path);
  if (!fine(files)) return;  // parts of a split model that are not there
  const model_files::ModelFiles& model = **files;
  if (const auto spec = model.read_arch_spec(); fine(spec)) {
    require(spec->parameter_count() > 0);
    require(spec->n_heads % spec->n_kv_heads == 0 && spec->head_dim % 2 == 0);
    (void)fine(bind_weights(*spec, model.open_weights().value(), model.tensor_names()));
    if (spec->n_layers < 100) (void)weight_findings(*spec, *model.open_weights().value(), model.tensor_names());
  }
  (void)fine(model.read_generation_config());
  (void)fine(model.read_tokenizer_config());
  (void)fine(model.read_chat_templates());
  if (const auto tokenizer = model.open_tokenizer(); fine(tokenizer)) {
    if (const auto ids = tokenizer->encode("ab <s>a\n\xc3\xa9 12 \xff"); fine(ids))
      require(tokenizer->decode(*ids).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  const auto header = formats::parse_gguf_header(file, "fuzz.gguf");
  if (!fine(header)) return 0;
  check_header(*header, file);
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("hermes_gguf_fuzz_" + std::to_string(::getpid()) + ".gguf");
  static const bool removes = std::atexit([] { std::filesystem::remove(path); }) == 0;
  require(removes);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  check_model(path);
  return 0;
}
