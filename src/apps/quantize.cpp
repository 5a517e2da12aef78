#include "quantize/quantize.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <map>

#include "apps/commands.h"
#include "apps/interrupt.h"
#include "apps/model_options.h"
#include "apps/progress.h"
#include "base/file.h"
#include "base/json.h"

namespace hermes::apps {
namespace {

using quantize::QuantizeReport;
using quantize::TensorReport;

struct QuantizeCommand {
  std::string in, out;
  std::string type = "Q4_K_M";
  std::string output_type, embedding_type, imatrix, report;
  std::vector<std::string> overrides;
  bool pure = false, requantize = false, force = false;
  bool tensors = false;
  int threads = 0;
  uint64_t split = 0;  // bytes of a file at most; 0: one file
};

// What the tensors of one type have in common.
struct TypeSummary {
  int64_t n_tensors = 0, elements = 0;
  double worst = 0;
  std::string_view worst_name;
};

std::string table(const QuantizeReport& report) {
  std::map<DType, TypeSummary> types;
  for (const TensorReport& one : report.tensors) {
    TypeSummary& type = types[one.to];
    ++type.n_tensors;
    type.elements += one.shape.elements();
    if (one.relative_error >= type.worst) {
      type.worst = one.relative_error;
      type.worst_name = one.name;
    }
  }
  std::string text = fmt::format("{:<8} {:>8} {:>12}  {}\n", "type", "tensors", "M elements", "largest relative error");
  for (const auto& [dtype, type] : types) {
    text += fmt::format("{:<8} {:>8} {:>12.2f}  ", name_of(dtype), type.n_tensors,
                        static_cast<double>(type.elements) / 1e6);
    text += type.worst > 0 ? fmt::format("{:.3f} % ({})\n", 100 * type.worst, type.worst_name) : "none\n";
  }
  return text;
}

std::string tensor_lines(const QuantizeReport& report) {
  std::string text;
  for (const TensorReport& one : report.tensors) {
    text += fmt::format(
        "{:<32} {:>16} {:>7} -> {:<7} {}{}{}\n", one.name, to_string(one.shape), name_of(one.from), name_of(one.to),
        one.from == one.to ? "kept" : fmt::format("{:.3f} %", 100 * one.relative_error),
        one.by_importance ? ", by importance" : "", one.fell_back ? ", rows do not fit the type asked for" : "");
  }
  return text;
}

double bits_per_weight(uint64_t bytes, int64_t elements) {
  return elements > 0 ? 8 * static_cast<double>(bytes) / static_cast<double>(elements) : 0;
}

Status write_report(const std::string& path, const QuantizeReport& report) {
  json::array tensors;
  for (const TensorReport& one : report.tensors) {
    json::array shape;
    for (const int64_t n : one.shape.dims()) shape.push_back(n);
    tensors.push_back(json::object{{"name", one.name},
                                   {"shape", std::move(shape)},
                                   {"from", name_of(one.from)},
                                   {"to", name_of(one.to)},
                                   {"by_importance", one.by_importance},
                                   {"fell_back", one.fell_back},
                                   {"relative_error", one.relative_error},
                                   {"largest_error", one.largest_error}});
  }
  const json::object document{{"elements", report.elements},
                              {"source_bytes", report.source_bytes},
                              {"bytes", report.bytes},
                              {"bits_per_weight", bits_per_weight(report.bytes, report.elements)},
                              {"tensors", std::move(tensors)}};
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(path));
  HERMES_TRY(file.write(to_pretty_json_text(document) + "\n"));
  return file.commit();
}

Result<quantize::QuantizeOptions> read_options(const QuantizeCommand& command) {
  quantize::QuantizeOptions options;
  HERMES_ASSIGN(options.mix, quantize::find_type_mix(command.type));
  options.pure = command.pure;
  options.requantize = command.requantize;
  options.replace = command.force;
  options.max_file_bytes = command.split;
  if (!command.output_type.empty()) {
    HERMES_ASSIGN(options.output_type, quantize::parse_written_type(command.output_type));
  }
  if (!command.embedding_type.empty()) {
    HERMES_ASSIGN(options.embedding_type, quantize::parse_written_type(command.embedding_type));
  }
  for (const std::string& text : command.overrides) {
    HERMES_ASSIGN(quantize::TypeOverride one, quantize::parse_type_override(text));
    options.overrides.push_back(std::move(one));
  }
  return options;
}

std::string names_of(const std::vector<std::filesystem::path>& files) {
  if (files.size() == 1) return files.front().string();
  return fmt::format("{} and {} more", files.front().string(), files.size() - 1);
}

Status run(const QuantizeCommand& command) {
  HERMES_ASSIGN(quantize::QuantizeOptions options, read_options(command));
  HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(command.in));
  formats::Imatrix imatrix;
  if (!command.imatrix.empty()) {
    HERMES_ASSIGN(imatrix, formats::read_imatrix(command.imatrix));
    options.imatrix = &imatrix;
    options.imatrix_name = command.imatrix;
  }
  ThreadPool pool(command.threads > 0 ? command.threads : available_cores());
  watch_for_interrupt();
  options.cancel = &interrupted();
  ProgressLine line("M weights");
  options.progress = [&](const quantize::QuantizeProgress& at) {
    constexpr int64_t kMillion = 1000000;
    line.show(at.elements / kMillion, at.total / kMillion, at.before / kMillion, at.tensor);
  };
  const auto start = std::chrono::steady_clock::now();
  const auto report = quantize::quantize(*files, command.out, options, pool);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  line.clear();
  if (!report.ok()) return report.error();
  if (!report->finished) {
    return Error::invalid("stopped; {} keeps what is done, the same command goes on",
                          AtomicFile::part_path(report->files.front()).string());
  }
  if (!command.report.empty()) HERMES_TRY(write_report(command.report, *report));
  if (command.tensors) HERMES_TRY(print(tensor_lines(*report) + "\n"));
  if (report->n_resumed > 0) HERMES_TRY(print(fmt::format("{} tensors were done before\n", report->n_resumed)));
  return print(fmt::format("{}\n{}: {:.1f} MB, {:.2f} bits per weight (source: {:.1f} MB, {:.2f}), {:.1f} s\n",
                           table(*report), names_of(report->files), static_cast<double>(report->bytes) / 1e6,
                           bits_per_weight(report->bytes, report->elements),
                           static_cast<double>(report->source_bytes) / 1e6,
                           bits_per_weight(report->source_bytes, report->elements), seconds));
}

}  // namespace

void add_quantize(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("quantize", "write a model as a GGUF file of smaller types");
  auto options = std::make_shared<QuantizeCommand>();
  command->add_option("IN", options->in, kModelHelp)->required();
  command->add_option("OUT", options->out, "the .gguf file to write")->required();
  command->add_option("--type", options->type, "one of " + quantize::type_mix_names())->capture_default_str();
  command->add_option("--imatrix", options->imatrix, "importance of columns, as hermes imatrix writes it (or a .dat)");
  command->add_option("--tensor", options->overrides, "PATTERN=TYPE, any number: the type of matrices so named")
      ->allow_extra_args(false);
  command->add_option("--output-type", options->output_type, "type of the output matrix");
  command->add_option("--embedding-type", options->embedding_type, "type of the embedding");
  command->add_flag("--pure", options->pure, "one type for all matrices, without a mix");
  command->add_flag("--requantize", options->requantize, "round again what is rounded already");
  command
      ->add_option("--split", options->split,
                   "files of at most this many bytes (40G), OUT-00001-of-00003.gguf and so on")
      ->transform(CLI::AsSizeValue(true))
      ->check(CLI::PositiveNumber)
      ->option_text("BYTES");
  command->add_flag("--force", options->force, "replace OUT");
  command->add_flag("--tensors", options->tensors, "print a line for each tensor");
  command->add_option("--report", options->report, "write types and errors of all tensors to this file, JSON");
  command->add_option("-t,--threads", options->threads, "threads; 0: one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->footer(
      "Examples: hermes quantize path/to/Hermes-4-14B hermes-q4.gguf\n"
      "          hermes quantize model-bf16.gguf small.gguf --type Q3_K_M --imatrix im.gguf --tensor attn_v=Q8_0\n"
      "A pattern is a part of a tensor's GGUF name, * stands for anything. Ctrl-C stops; the same command goes on. "
      "F32, "
      "F16 and BF16 convert without rounding to blocks.");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace hermes::apps
