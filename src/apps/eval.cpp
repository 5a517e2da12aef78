#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>

#include "apps/chat_model.h"
#include "apps/commands.h"
#include "apps/eval_perplexity.h"
#include "apps/interrupt.h"
#include "apps/progress.h"
#include "base/file.h"
#include "base/json.h"
#include "eval/harness.h"
#include "eval/task.h"
#include "kernels/cpu/cpu_backend.h"

namespace hermes::apps {
namespace {

constexpr std::string_view kNanoData = "embedded:hermes-nano/test.jsonl.zst";

struct EvalOptions {
  ModelOptions model;
  std::vector<std::string> arguments;  // [MODEL] TASK
  std::string data;
  std::string family;
  std::string mode = "both";
  std::string failures;
  int64_t limit = 0;
  int64_t max_tokens = 1024;
  PerplexityEvalOptions perplexity;
  bool json = false;
  std::vector<CLI::Option*> of_nano, of_perplexity;  // what only one task has
};

// A decoder on one thread of its own, over the shared weights: as many cases at once as there are cores.
struct Worker {
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<ops::Backend> backend;
  std::unique_ptr<model::Decoder> decoder;
  std::unique_ptr<engine::LocalGenerator> generator;
};

Worker make_worker(const ChatModel& model, const EvalOptions& options) {
  Worker worker;
  worker.pool = std::make_unique<ThreadPool>(1);
  worker.backend = kernels::make_cpu_backend(*worker.pool);
  worker.decoder =
      std::make_unique<model::Decoder>(model.loaded.decoder->spec(), model.loaded.decoder->weights(), *worker.backend,
                                       model::DecoderOptions{.activations = options.model.activations});
  worker.generator = std::make_unique<engine::LocalGenerator>(*worker.decoder, model.tokenizer,
                                                              generator_options(model, options.model));
  return worker;
}

// Answers that did not pass, one JSON object a line, for whoever wants to know why.
std::string failure_line(const eval::Case& asked, const eval::Answer& answer) {
  json::array messages;
  for (const chat::Message& message : asked.conversation.messages) messages.push_back(chat::to_json(message));
  return to_json_text(json::object{{"id", asked.id},
                                   {"family", asked.family},
                                   {"kind", asked.kind},
                                   {"level", asked.level},
                                   {"mode", asked.thinking ? "think" : "direct"},
                                   {"messages", std::move(messages)},
                                   {"answer", answer.text},
                                   {"verdict", std::string(to_string(answer.verdict.outcome))},
                                   {"reason", answer.verdict.reason}}) +
         "\n";
}

Status evaluate_cases(const EvalOptions& options, const std::string& task) {
  HERMES_ASSIGN(std::vector<eval::Case> cases,
                eval::read_cases(options.data.empty() ? std::string(kNanoData) : options.data));
  std::erase_if(cases, [&](const eval::Case& one) {
    return (!options.family.empty() && one.family != options.family) ||
           (options.mode != "both" && (options.mode == "think") != one.thinking);
  });
  if (cases.empty()) return Error::invalid("no case of family \"{}\" and mode {}", options.family, options.mode);
  if (options.limit > 0) cases = eval::choose_cases(std::move(cases), static_cast<size_t>(options.limit));

  HERMES_ASSIGN(const ChatModel model, load_chat_model(options.model));
  std::vector<Worker> workers;
  std::vector<generate::Generator*> generators;
  for (int i = 0; i < (options.model.threads > 0 ? options.model.threads : available_cores()); ++i) {
    workers.push_back(make_worker(model, options));
    generators.push_back(workers.back().generator.get());
  }
  watch_for_interrupt();
  ProgressLine line("cases");
  int64_t passed = 0;
  std::string failures;
  const auto result = eval::run_cases(
      cases, generators,
      [&](const eval::Case& one) -> Result<std::string> {
        HERMES_ASSIGN(chat::Prompt prompt,
                      model.format.render(one.conversation, {.thinking = one.thinking, .keep_cots = true}));
        return std::move(prompt.text);
      },
      {.max_tokens = options.max_tokens,
       .cancel = &interrupted(),
       .judged = [&](const eval::Case& asked, const eval::Answer& answer, int64_t done, int64_t total) {
         passed += answer.verdict.passed() ? 1 : 0;
         if (!options.failures.empty() && !answer.verdict.passed()) failures += failure_line(asked, answer);
         line.show(done, total, 0,
                   fmt::format("{:.1f} % right", 100.0 * static_cast<double>(passed) / static_cast<double>(done)));
       }});
  line.clear();
  if (!result.ok()) return result.error();
  if (!options.failures.empty()) {
    HERMES_ASSIGN(AtomicFile file, AtomicFile::create(options.failures));
    HERMES_TRY(file.write(failures));
    HERMES_TRY(file.commit());
  }
  if (options.json) {
    json::object report = result->scores.to_json(task);
    report["model"] = model.name;
    report["tokens"] = result->tokens;
    report["seconds"] = result->seconds;
    return print(to_json_text(report) + "\n");
  }
  return print(fmt::format(
      "{}: task {}, {} cases, greedy; share right [95 % interval] and number of cases\n\n{}\n{} tokens in {:.0f} s\n",
      model.name, task, cases.size(), result->scores.text(), result->tokens, result->seconds));
}

Status evaluate(EvalOptions options) {
  const std::string task = options.arguments.back();
  if (options.arguments.size() > 1) options.model.path = options.arguments.front();
  const bool nano = task == "nano";
  if (!nano && task != "perplexity") {
    return Error::invalid("no task \"{}\"; there are nano (or nano with --data FILE) and perplexity", task);
  }
  for (const CLI::Option* option : nano ? options.of_perplexity : options.of_nano) {
    if (option->count() > 0) return Error::invalid("{} is no option of the task {}", option->get_name(), task);
  }
  return nano ? evaluate_cases(options, task) : evaluate_perplexity(options.model, options.perplexity, options.json);
}

}  // namespace

void add_eval(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("eval", "measure how often a model is right, or how well it foretells a text");
  auto options = std::make_shared<EvalOptions>();
  add_run_options(*command, options->model);
  command
      ->add_option("[MODEL] TASK", options->arguments,
                   "model folder or .gguf file (default: the embedded hermes-nano); task: nano or perplexity")
      ->required()
      ->expected(1, 2);
  command->add_flag("--json", options->json, "print the report as JSON");
  options->of_nano = {
      command->add_option("--data", options->data, "cases, as hermes synth writes them (*.jsonl, *.jsonl.zst)"),
      command->add_option("--family", options->family, "only this family of problems"),
      command->add_option("--mode", options->mode, "with reasoning, without, or both")
          ->check(CLI::IsMember({"think", "direct", "both"}))
          ->capture_default_str(),
      command->add_option("--limit", options->limit, "at most so many cases, evenly from all kinds")
          ->check(CLI::PositiveNumber),
      command->add_option("--max-tokens", options->max_tokens, "of one answer")
          ->check(CLI::PositiveNumber)
          ->capture_default_str(),
      command->add_option("--failures", options->failures, "write the wrong answers to this file, JSONL")};
  options->of_perplexity = add_perplexity_options(*command, options->perplexity);
  for (CLI::Option* option : options->of_nano) option->group("Task nano");
  for (CLI::Option* option : options->of_perplexity) option->group("Task perplexity");
  command->footer(
      "Examples: hermes eval nano --limit 500\n"
      "          hermes eval model-q4.gguf perplexity -f text.txt --against model-f16.gguf");
  command->callback([options, &action] { action = [options] { return evaluate(*options); }; });
}

}  // namespace hermes::apps
