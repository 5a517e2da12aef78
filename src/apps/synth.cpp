#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>

#include "apps/commands.h"
#include "apps/interrupt.h"
#include "apps/model_options.h"
#include "apps/progress.h"
#include "base/json.h"
#include "synth/nodes/procedural.h"
#include "synth/run.h"

namespace hermes::apps {
namespace {

struct SynthOptions {
  std::string recipe;
  std::string output;
  int64_t records = 0;
  int threads = 0;
  bool fresh = false, json = false;
};

Status synthesise(const SynthOptions& options) {
  HERMES_ASSIGN(json::value value, read_json_file(options.recipe, size_t{16} << 20, {.unique_names = true}));
  if (options.records > 0 && value.is_object()) value.get_object()["records"] = options.records;
  HERMES_ASSIGN(const synth::Recipe recipe, synth::read_recipe(value, options.recipe));
  const synth::Graph graph = synth::procedural_graph(graph_options(recipe));
  HERMES_TRY(graph.check());
  watch_for_interrupt();
  ThreadPool pool(options.threads > 0 ? options.threads : available_cores());
  ProgressLine line("records");
  const std::string output = options.output.empty() ? recipe.output : options.output;
  const auto result = synth::run_synthesis(recipe, graph, pool,
                                           {.output = output,
                                            .fresh = options.fresh,
                                            .cancel = &interrupted(),
                                            .progress = [&](const synth::RunProgress& progress) {
                                              line.show(progress.done, progress.total, progress.resumed);
                                            }});
  line.clear();
  if (!result.ok()) return result.error();
  const std::string hash = fmt::format("{:016x}", result->data_hash);
  if (options.json) {
    json::object report = result->report.to_json();
    report["output"] = output;
    report["data_hash"] = hash;
    return print(to_json_text(report) + "\n");
  }
  return print(
      fmt::format("{}{}: {} records kept, data hash {}\n", result->report.text(), output, result->report.kept(), hash));
}

}  // namespace

void add_synth(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("synth", "make verified training data from a recipe");
  auto options = std::make_shared<SynthOptions>();
  command->add_option("RECIPE", options->recipe, "recipe of the data, JSON")->required();
  command->add_option("--out", options->output, "folder to write; default: the recipe's");
  command->add_option("--records", options->records, "draw so many instead of the recipe's number")
      ->check(CLI::Range(int64_t{1}, int64_t{1000000000}));
  command->add_option("-t,--threads", options->threads, "threads; default: one per core")->check(CLI::Range(1, 1024));
  command->add_flag("--fresh", options->fresh, "forget what an earlier run left");
  command->add_flag("--json", options->json, "print the report as JSON");
  command->footer(
      "Example: hermes synth recipes/nano/data.json\nWrites train.jsonl.zst, test.jsonl.zst, report.json and "
      "report.txt. "
      "Ctrl-C stops it; the same command goes on.");
  command->callback([options, &action] { action = [options] { return synthesise(*options); }; });
}

}  // namespace hermes::apps
