// What every command that runs a model needs: the MODEL argument, how to run it, and the loaded pieces.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "apps/embedded_model.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "model/decoder.h"
#include "model_files/model_files.h"
#include "tokenizer/tokenizer.h"

namespace hermes::apps {

struct ModelOptions {
  std::string path{kEmbeddedModel};
  int threads = 0;  // 0: one per core
  ops::Activations activations = ops::Activations::kF32;
  DType kv_dtype = DType::kF32;
  bool no_repack = false;
};

// --threads, --activations, --kv-dtype, --no-repack.
void add_run_options(CLI::App& command, ModelOptions& options);
// MODEL and the options above.
void add_model_options(CLI::App& command, ModelOptions& options);

// A model ready to run; members outlive what borrows them.
struct LoadedModel {
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<ops::Backend> backend;
  std::unique_ptr<model::Decoder> decoder;
};

// What MODEL is, for the help of commands.
inline constexpr const char* kModelHelp = "model folder in Hugging Face layout, or a .gguf file";

using ModelFiles = model_files::ModelFiles;
Result<std::unique_ptr<const ModelFiles>> open_model(const std::string& path);
Result<LoadedModel> load_model(const ModelFiles& files, const ModelOptions& options);
// `path` is a model or a tokenizer.json itself.
Result<tokenizer::Tokenizer> load_tokenizer(const std::string& path);

// Writes to stdout, all of it; a closed pipe or a full disk is an error.
Status print(std::string_view text);
// A number as JSON has it: the shortest text that reads back the same F32.
void append_json_number(std::string& out, float value);

}  // namespace hermes::apps
