#include "train/export.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/file.h"
#include "formats/safetensors_set.h"
#include "formats/safetensors_writer.h"
#include "tensor/float_types.h"

namespace hermes::train {
namespace {

constexpr size_t kMaxTokenizerBytes = size_t{256} << 20;

Status write_file(const std::filesystem::path& path, std::string_view text) {
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(path));
  HERMES_TRY(file.write(text));
  return file.commit();
}

std::string_view class_name(const std::string& model_type) {
  if (model_type == "llama") return "LlamaForCausalLM";
  if (model_type == "qwen3") return "Qwen3ForCausalLM";
  HERMES_CHECK(model_type == "seed_oss", "{}", model_type);
  return "SeedOssForCausalLM";
}

void set_token_ids(json::object& object, const TrainingData& data) {
  if (data.bos) object["bos_token_id"] = *data.bos;
  object["eos_token_id"] = data.end_of_turn;
  if (data.pad) object["pad_token_id"] = *data.pad;
}

json::object model_config(json::object config, const Recipe& recipe, const model::ArchSpec& spec,
                          const TrainingData& data) {
  config["architectures"] = json::array{json::value(class_name(spec.model_type))};
  config["head_dim"] = spec.head_dim;
  config.erase("torch_dtype");
  config["dtype"] = recipe.export_dtype == DType::kBF16 ? "bfloat16" : "float32";
  set_token_ids(config, data);
  return config;
}

json::object tokenizer_config(const Recipe& recipe, const model::ArchSpec& spec) {
  json::object config{{"tokenizer_class", "PreTrainedTokenizerFast"},
                      {"model_max_length", spec.max_positions},
                      {"clean_up_tokenization_spaces", false},
                      {"eos_token", recipe.end_of_turn}};
  if (recipe.bos) config["bos_token"] = *recipe.bos;
  if (recipe.pad) config["pad_token"] = *recipe.pad;
  return config;
}

Status write_weights(const std::filesystem::path& path, DType dtype, const FlatTensors& parameters) {
  std::vector<formats::NamedTensor> tensors;
  Buffer rounded(dtype == DType::kBF16 ? parameters.all().size() * sizeof(Bf16) : 0);
  for (const FlatTensors::Entry& entry : parameters.entries()) {
    const std::span<const float> values = parameters.values(entry);
    if (dtype == DType::kBF16) {
      const TensorView view = rounded.view(DType::kBF16, entry.shape, entry.begin * sizeof(Bf16));
      std::transform(values.begin(), values.end(), view.as<Bf16>(), [](float x) { return to_bf16(x); });
      tensors.push_back({entry.name, view});
    } else {
      tensors.push_back({entry.name, const_view_of(values, entry.shape)});
    }
  }
  return formats::write_safetensors(path, tensors, {{"format", "pt"}});
}

}  // namespace

Status export_model(const std::filesystem::path& folder, const Recipe& recipe, const json::object& config,
                    const model::ArchSpec& spec, const TrainingData& data, const FlatTensors& parameters) {
  const std::filesystem::path partial = folder.string() + ".partial";
  const auto checked = [&](const std::error_code& error) -> Status {
    if (error) return Error::io("{}: {}", partial.string(), error.message());
    return {};
  };
  std::error_code error;
  std::filesystem::remove_all(partial, error);
  HERMES_TRY(checked(error));
  std::filesystem::create_directories(partial, error);
  HERMES_TRY(checked(error));

  json::object generation = recipe.generation;
  set_token_ids(generation, data);
  HERMES_ASSIGN(const std::string tokenizer, read_text_file(recipe.tokenizer, kMaxTokenizerBytes));
  HERMES_TRY(write_file(partial / "config.json", to_pretty_json_text(model_config(config, recipe, spec, data)) + "\n"));
  HERMES_TRY(write_file(partial / "generation_config.json", to_pretty_json_text(generation) + "\n"));
  HERMES_TRY(write_file(partial / "tokenizer.json", tokenizer));
  HERMES_TRY(write_file(partial / "tokenizer_config.json", to_pretty_json_text(tokenizer_config(recipe, spec)) + "\n"));
  HERMES_TRY(write_file(partial / "chat_template.jinja", data.chat_template));
  HERMES_TRY(write_weights(partial / formats::kSingleWeightsName, recipe.export_dtype, parameters));

  std::filesystem::remove_all(folder, error);
  HERMES_TRY(checked(error));
  std::filesystem::rename(partial, folder, error);
  return checked(error);
}

}  // namespace hermes::train
