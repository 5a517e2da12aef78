#include <filesystem>

#include "apps/commands.h"
#include "apps/interrupt.h"
#include "apps/model_options.h"
#include "apps/progress.h"
#include "apps/text_options.h"
#include "base/embedded_files.h"
#include "base/utf8.h"
#include "engine/importance.h"
#include "formats/imatrix_file.h"

namespace hermes::apps {
namespace {

struct ImatrixOptions {
  ModelOptions model;
  TextOptions text;
  std::string out;
  bool with_output = false;
};

formats::Imatrix imatrix_of(const engine::Importance& importance, const TextOptions& text) {
  formats::Imatrix imatrix{
      .datasets = {to_valid_utf8(text.path)}, .chunk_count = importance.chunks, .chunk_size = text.chunks.size};
  for (const engine::WeightInputs& weight : importance.weights) {
    imatrix.entries.push_back({.name = weight.name,
                               .sums = std::vector<float>(weight.squares.begin(), weight.squares.end()),
                               .count = static_cast<float>(weight.count)});
  }
  return imatrix;
}

Status make_imatrix(const ImatrixOptions& options) {
  // Better now than after hours.
  if (const auto folder = std::filesystem::path(options.out).parent_path(); !folder.empty() && !folder_exists(folder)) {
    return Error::not_found("{}: the folder {} does not exist", options.out, folder.string());
  }
  HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(options.model.path));
  HERMES_ASSIGN(const tokenizer::Tokenizer tokenizer, files->open_tokenizer());
  HERMES_ASSIGN(const engine::TextChunks text, read_text_chunks(tokenizer, options.text));
  HERMES_ASSIGN(const LoadedModel loaded, load_model(*files, options.model));

  watch_for_interrupt();  // Ctrl-C ends the run; what was summed so far is written
  ProgressLine line("tokens");
  const auto total = static_cast<int64_t>(text.tokens.size());
  const auto importance =
      engine::measure_importance(loaded.decoder->spec(), loaded.decoder->weights(), *loaded.backend, *loaded.pool, text,
                                 {.with_output = options.with_output,
                                  .activations = options.model.activations,
                                  .kv_dtype = options.model.kv_dtype,
                                  .cancel = &interrupted(),
                                  .progress = [&](int64_t tokens) { line.show(tokens, total); }});
  line.clear();
  if (!importance.ok()) return importance.error();
  HERMES_TRY(formats::write_imatrix(options.out, imatrix_of(*importance, options.text)));
  return print(fmt::format("{}: {} weights, {} of {} chunks of {} tokens{}\n", options.out, importance->weights.size(),
                           importance->chunks, text.count(), text.size,
                           importance->chunks < text.count() ? " (interrupted)" : ""));
}

}  // namespace

void add_imatrix(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("imatrix", "measure which columns of the weights matter, for quantising");
  auto options = std::make_shared<ImatrixOptions>();
  add_model_options(*command, options->model);
  add_text_options(*command, options->text).front()->required();
  command
      ->add_option("-o,--output", options->out, "file to write: GGUF, or llama.cpp's older form where it ends in .dat")
      ->required();
  command->add_flag("--with-output", options->with_output, "the output matrix too");
  command->add_flag("--parse-special", options->text.chunks.parse_special,
                    "text that spells a special token is that token: for texts made by a chat template");
  command->footer("Example: hermes imatrix model.gguf -f calibration.txt -o model.imatrix.gguf --chunks 200");
  command->callback([options, &action] { action = [options] { return make_imatrix(*options); }; });
}

}  // namespace hermes::apps
