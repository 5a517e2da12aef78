#include "apps/model_options.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>

#include "apps/embedded_model.h"
#include "base/available_memory.h"
#include "base/embedded_files.h"
#include "kernels/cpu/cpu_backend.h"
#include "model/prepare_weights.h"

namespace hermes::apps {

void add_run_options(CLI::App& command, ModelOptions& options) {
  command.add_option("-t,--threads", options.threads, "threads; default: one per core")
      ->check(CLI::Range(1, 1024))
      ->option_text("N");
  command
      .add_option(
          "--activations", options.activations,
          "precision of activations in products with BF16 weights: f32 (exact, default) or bf16 (faster prefill)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, ops::Activations>{{"f32", ops::Activations::kF32}, {"bf16", ops::Activations::kBF16}},
          CLI::ignore_case))
      ->option_text("f32|bf16");
  command
      .add_option("--kv-dtype", options.kv_dtype,
                  "type of the KV cache: f32 (exact, default), f16 or bf16 (half), q8_0 (a quarter)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, DType>{
              {"f32", DType::kF32}, {"f16", DType::kF16}, {"bf16", DType::kBF16}, {"q8_0", DType::kQ8_0}},
          CLI::ignore_case))
      ->option_text("f32|f16|bf16|q8_0");
  command.add_flag(
      "--no-repack", options.no_repack,
      "leave quantised weights as the file has them: no memory beside the mapped file, and slower; without it they "
      "are copied while the model runs already, and the file's pages given back");
}

void add_model_options(CLI::App& command, ModelOptions& options) {
  command.add_option("MODEL", options.path, std::string(kModelHelp) + "; default: the embedded hermes-nano");
  add_run_options(command, options);
}

Result<std::unique_ptr<const ModelFiles>> open_model(const std::string& path) {
  if (!file_exists(path) && !folder_exists(path)) {
    if (path == kEmbeddedModel) {
      return Error::not_found(
          "this hermes was built without models/hermes-nano: name a model folder, or build it again");
    }
    return Error::not_found(
        "{}: no such model; give a folder with config.json, tokenizer.json and *.safetensors, or a .gguf file", path);
  }
  return ModelFiles::open(path);
}

namespace {

// A copy beside the file's pages needs them no more, but it cannot be written out as those can.
bool has_memory_for(int64_t bytes) {
  constexpr int64_t kMega = 1000 * 1000;
  constexpr double kShare = 0.8;  // the rest is for the cache of keys and values
  const auto memory = available_memory();
  if (!memory || static_cast<double>(bytes) <= kShare * static_cast<double>(*memory)) return true;
  fmt::print(
      stderr,
      "note: {} MB of weights and {} MB of memory: they stay in the file's order, which is slower (--no-repack asks "
      "for that, and for no note)\n",
      bytes / kMega, *memory / kMega);
  return false;
}

}  // namespace

Result<LoadedModel> load_model(const ModelFiles& files, const ModelOptions& options) {
  HERMES_ASSIGN(model::ArchSpec spec, files.read_arch_spec());
  HERMES_ASSIGN(std::shared_ptr<const formats::TensorSource> source, files.open_weights());
  HERMES_ASSIGN(model::Weights weights, model::bind_weights(spec, std::move(source), files.tensor_names()));

  LoadedModel loaded;
  loaded.pool = std::make_unique<ThreadPool>(options.threads > 0 ? options.threads : available_cores());
  loaded.backend = kernels::make_cpu_backend(*loaded.pool);
  if (const int64_t bytes = model::bytes_to_prepare(weights);
      bytes > 0 && !options.no_repack && has_memory_for(bytes)) {
    weights.prepared = std::make_shared<model::WeightPreparation>(weights, *loaded.backend);
  }
  loaded.decoder = std::make_unique<model::Decoder>(std::move(spec), std::move(weights), *loaded.backend,
                                                    model::DecoderOptions{.activations = options.activations});
  return loaded;
}

Result<tokenizer::Tokenizer> load_tokenizer(const std::string& path) {
  if (file_exists(path) && !path.ends_with("config.json") && !model_files::is_gguf(path)) {
    return tokenizer::Tokenizer::open(path);
  }
  HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(path));
  return files->open_tokenizer();
}

Status print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return Error::io("writing to standard output failed");
  }
  return {};
}

void append_json_number(std::string& out, float value) { fmt::format_to(std::back_inserter(out), "{}", value); }

}  // namespace hermes::apps
