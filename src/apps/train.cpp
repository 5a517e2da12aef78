#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "apps/commands.h"
#include "apps/interrupt.h"
#include "apps/model_options.h"
#include "collective/collective.h"
#include "formats/hf_directory.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_training_backend.h"
#include "train/run.h"

namespace hermes::apps {
namespace {

constexpr double kSecondsBetweenLines = 10;  // of progress, where standard error is no terminal

struct TrainOptions {
  std::string recipe;
  bool resume = false;
  std::string out;
  int threads = 0;
  int64_t steps = 0;
  double time_limit = 0;  // minutes
};

// Progress on standard error: a line that rewrites itself on a terminal, else a line now and then.
class TrainProgress {
 public:
  explicit TrainProgress(bool shown) : shown_(shown) {}
  ~TrainProgress() { clear(); }
  void show(const std::string& text, bool always) {
    if (!shown_) return;
    const auto now = std::chrono::steady_clock::now();
    const double waited = std::chrono::duration<double>(now - last_).count();
    if (terminal_) {
      std::fprintf(stderr, "\r\033[K%s", text.c_str());
    } else if (always || waited > kSecondsBetweenLines) {
      std::fprintf(stderr, "%s\n", text.c_str());
      last_ = now;
    }
  }
  // A line that stays.
  void say(const std::string& text) {
    if (!shown_) return;
    clear();
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  void clear() const {
    if (shown_ && terminal_) std::fprintf(stderr, "\r\033[K");
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  bool shown_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

std::string duration_text(double seconds) {
  const auto s = static_cast<int64_t>(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{}:{:02} min", s / 60, s % 60);
  return fmt::format("{}:{:02} h", s / 3600, s / 60 % 60);
}

std::string step_text(const train::MetricPoint& point, int64_t n_steps, double seconds_left) {
  const auto width = static_cast<int64_t>(20);
  const int64_t filled = width * point.step / n_steps;
  std::string bar(static_cast<size_t>(filled), '#');
  bar.resize(static_cast<size_t>(width), '.');
  std::string text = fmt::format("[{}] step {}/{}  loss {:.4f}  lr {:.2e}  grad {:.2f}  {:.0f} tokens/s  {} left", bar,
                                 point.step, n_steps, point.loss, point.learning_rate, point.gradient_norm,
                                 point.tokens_per_second, duration_text(seconds_left));
  return text;
}

// What a run starts from: a config.json, and the weights where it goes on from a model.
struct Start {
  json::object config;
  model::ArchSpec spec;
  std::shared_ptr<const formats::TensorSource> weights;
};

Result<Start> read_start(const train::Recipe& recipe, const std::string& recipe_path) {
  Start start;
  if (recipe.init_from.empty()) {
    start.config = recipe.model;
    HERMES_ASSIGN(start.spec, model::read_arch_spec(recipe.model, recipe_path + ": model"));
    return start;
  }
  HERMES_ASSIGN(const formats::ModelDirectory directory, formats::ModelDirectory::open(recipe.init_from));
  HERMES_ASSIGN(const json::value config, directory.read_config_json());
  HERMES_ASSIGN(start.spec, model::read_arch_spec(config, directory.file("config.json").string()));
  start.config = config.get_object();
  HERMES_ASSIGN(start.weights, directory.open_weights());
  return start;
}

Result<train::Recipe> read_recipe(const TrainOptions& options) {
  HERMES_ASSIGN(train::Recipe recipe, train::read_recipe(options.recipe));
  if (options.steps > 0) {
    recipe.steps = options.steps;
    recipe.source.erase("epochs");
    recipe.source["steps"] = options.steps;
  }
  if (!options.out.empty()) recipe.output = options.out;
  return recipe;
}

void describe(const train::Recipe& recipe, const train::TrainingData& data, const train::Trainer& trainer,
              const collective::Collective& collective, TrainProgress& line) {
  line.say(fmt::format("{}: {} parameters, {} steps of {} rows of {} tokens{}", recipe.name,
                       trainer.spec().parameter_count(), trainer.n_steps(), recipe.rows_per_step, recipe.row_tokens,
                       collective.size() > 1 ? fmt::format(", {} ranks", collective.size()) : ""));
  line.say(fmt::format(
      "data: {} samples, {} tokens ({:.0f} % trained), {} rows {:.2f} % full, {} too long; {} held out",
      data.train.size(), data.train.tokens.size(),
      100.0 * static_cast<double>(data.train.trained_tokens()) / static_cast<double>(data.train.tokens.size()),
      data.rows.n_rows(), 100 * data.rows.efficiency(recipe.row_tokens), data.rows.n_dropped, data.test.size()));
}

// One process, or the ranks that mpirun started.
Result<std::unique_ptr<collective::Collective>> join_ranks() {
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (std::getenv(variable) != nullptr) return collective::make_mpi();
  }
  return collective::make_single();
}

struct Prepared {
  Start start;
  train::TrainingData data;
};

Result<Prepared> prepare(const TrainOptions& options, const train::Recipe& recipe, ThreadPool& pool,
                         TrainProgress& line) {
  Prepared prepared;
  HERMES_TRY(train::check_run_folder(recipe.output, options.resume));
  HERMES_ASSIGN(prepared.start, read_start(recipe, options.recipe));
  HERMES_ASSIGN(const tokenizer::Tokenizer tokenizer, load_tokenizer(recipe.tokenizer));
  HERMES_ASSIGN(prepared.data,
                train::prepare_data(recipe, prepared.start.spec, tokenizer, pool, [&](size_t done, size_t total) {
                  line.show(fmt::format("reading {:.1f} of {:.1f} MB", static_cast<double>(done) / 1e6,
                                        static_cast<double>(total) / 1e6),
                            false);
                }));
  return prepared;
}

Status train(const TrainOptions& options) {
  HERMES_ASSIGN(const train::Recipe recipe, read_recipe(options));
  HERMES_ASSIGN(const std::unique_ptr<collective::Collective> collective, join_ranks());
  ThreadPool pool(options.threads > 0 ? options.threads : available_cores());
  TrainProgress line(collective->rank() == 0);
  const Result<Prepared> prepared = prepare(options, recipe, pool, line);
  HERMES_TRY(collective::agree(*collective, prepared.ok() ? Status() : Status(prepared.error())));
  const Start& start = prepared->start;
  const train::TrainingData& data = prepared->data;

  const auto backend = kernels::make_cpu_backend(pool);
  const auto training = kernels::make_cpu_training_backend(pool);
  train::Trainer trainer(recipe, start.spec, data,
                         {.backend = *backend, .training = *training, .collective = *collective});
  if (start.weights) HERMES_TRY(collective::agree(*collective, trainer.parameters().load(start.spec, start.weights)));
  describe(recipe, data, trainer, *collective, line);

  watch_for_interrupt();
  const train::RunOptions run_options{
      .folder = recipe.output,
      .resume = options.resume,
      .config = start.config,
      .time_limit = options.time_limit > 0 ? std::optional(60 * options.time_limit) : std::nullopt,
      .stop = &interrupted()};
  const train::RunEvents events{
      .resumed = [&](int64_t step,
                     int64_t n_steps) { line.say(fmt::format("resumed at step {} of {}", step, n_steps)); },
      .step =
          [&](const train::MetricPoint& point, double seconds_left) {
            line.show(step_text(point, trainer.n_steps(), seconds_left), point.step == trainer.n_steps());
            if (point.test_loss) line.say(fmt::format("step {}: held-out loss {:.4f}", point.step, *point.test_loss));
          },
      .saved = {}};
  HERMES_ASSIGN(const train::RunEnd end, train::run(trainer, recipe, data, *collective, run_options, events));
  line.clear();
  if (end == train::RunEnd::kInterrupted) {
    line.say(fmt::format("stopped after step {} of {}; to go on: hermes train {} --resume{}{}", trainer.steps_done(),
                         trainer.n_steps(), options.recipe, options.out.empty() ? "" : " --out " + options.out,
                         options.steps == 0 ? "" : fmt::format(" --steps {}", options.steps)));
    return {};
  }
  if (collective->rank() != 0) return {};
  return print(fmt::format("{}/model\n", recipe.output));
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("train", "supervised fine-tuning: a recipe to a model folder");
  auto options = std::make_shared<TrainOptions>();
  command->add_option("RECIPE", options->recipe, "the recipe, a JSON file (recipes/nano/train.json is one)")
      ->required();
  command->add_flag("--resume", options->resume, "go on from the last checkpoint");
  command->add_option("-o,--out", options->out, "the run's folder; default: the recipe's \"output\"");
  command->add_option("-t,--threads", options->threads, "threads; default: one per core")
      ->check(CLI::Range(1, 1024))
      ->option_text("N");
  command->add_option("--steps", options->steps, "steps of the whole run, in place of the recipe's")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40))
      ->option_text("N");
  command
      ->add_option("--time-limit", options->time_limit, "stop after so many minutes, as Ctrl-C does: with a checkpoint")
      ->check(CLI::PositiveNumber)
      ->option_text("MIN");
  command->footer(
      "Example: hermes train recipes/nano/train.json\n"
      "Ctrl-C finishes the step and saves a checkpoint; --resume goes on with the same bits.");
  command->callback([options, &action] { action = [options] { return train(*options); }; });
}

}  // namespace hermes::apps
