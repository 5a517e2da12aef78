#include "support/golden_model.h"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "base/json.h"
#include "formats/safetensors_file.h"
#include "formats/safetensors_set.h"
#include "kv/kv_sequence.h"

namespace hermes::test {
namespace {

template <class T>
std::vector<T> copy_of(const formats::TensorSource& source, std::string_view name) {
  const ConstTensorView view = source.find(name).value();
  return std::vector<T>(view.as<T>(), view.as<T>() + view.shape.elements());
}

}  // namespace

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(golden_folder(""))) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string golden_test_name(const ::testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string golden_folder(const std::string& name) {
  return std::string(HERMES_SOURCE_DIR "/tests/golden/models/") + name;
}

Golden load_golden(const std::string& name) {
  const auto file = formats::SafetensorsFile::open(golden_folder(name) + "/golden.safetensors").value();
  return {copy_of<int32_t>(file, "prompt"), copy_of<float>(file, "logits"), copy_of<int32_t>(file, "greedy")};
}

model::Decoder load_golden_decoder(const std::string& name, ops::Backend& backend, model::DecoderOptions options) {
  const std::string folder = golden_folder(name);
  const json::value config = read_json_file(folder + "/config.json", 1 << 20).value();
  model::ArchSpec spec = model::read_arch_spec(config, folder + "/config.json").value();
  auto source = std::make_shared<formats::SafetensorsSet>(formats::SafetensorsSet::open(folder).value());
  model::Weights weights = model::bind_weights(spec, std::move(source)).value();
  return model::Decoder(std::move(spec), std::move(weights), backend, options);
}

std::vector<float> run_in_chunks(model::Decoder& decoder, const std::vector<int32_t>& tokens, size_t chunk,
                                 DType kv_dtype) {
  kv::ContiguousKv kv(decoder.kv_shape(kv_dtype), static_cast<int64_t>(tokens.size()), 64);
  std::vector<float> logits;
  for (size_t begin = 0; begin < tokens.size(); begin += chunk) {
    const model::Chunk part{.tokens = std::span(tokens).subspan(begin, std::min(chunk, tokens.size() - begin)),
                            .kv = &kv,
                            .logits = model::LogitsRows::kAll};
    const auto rows = decoder.forward(std::span(&part, 1)).value();
    logits.insert(logits.end(), rows.begin(), rows.end());
  }
  return logits;
}

}  // namespace hermes::test
