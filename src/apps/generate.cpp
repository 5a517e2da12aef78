#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>

#include "apps/chat_model.h"
#include "apps/commands.h"
#include "apps/interrupt.h"
#include "apps/model_options.h"
#include "apps/reply_view.h"
#include "apps/terminal_size.h"
#include "base/file.h"
#include "base/json.h"
#include "chat/reply.h"
#include "chat/thinking.h"
#include "engine/local_generator.h"

namespace hermes::apps {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 30;  // positions are 32-bit numbers

struct GenerateOptions {
  ModelOptions model;
  std::string prompt;
  std::string prompt_file;
  std::string messages;
  std::string system;
  std::string tools;
  bool raw = false;
  bool think = false, no_think = false;  // neither: what the request's file says
  std::string assistant_role;
  int64_t reasoning_budget = -1, soft_reasoning_budget = -1;
  int64_t max_tokens = -1;
  int64_t context = 0;
  std::vector<std::string> stop;
  std::optional<double> temperature, top_p, min_p;
  std::optional<int64_t> top_k;
  std::optional<uint64_t> seed;
  bool json = false;
};

// The model's own recommendation (generation_config.json), and over it what the user said.
sampling::SamplingParams sampling_params(const GenerateOptions& options, const formats::GenerationConfig& recommended) {
  sampling::SamplingParams params = recommended_sampling(recommended);
  params.temperature = options.temperature.value_or(params.temperature);
  params.top_k = options.top_k.value_or(params.top_k);
  params.top_p = options.top_p.value_or(params.top_p);
  params.min_p = options.min_p.value_or(params.min_p);
  params.seed = options.seed.value_or(params.seed);
  return params;
}

json::object report(json::object message, const generate::Finished& finished, uint64_t seed) {
  const auto rate = [](int64_t tokens, double seconds) {
    return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0;
  };
  const generate::Usage& usage = finished.usage;
  const generate::Timings& timings = finished.timings;
  return {{"message", std::move(message)},
          {"finish_reason", std::string(to_string(finished.reason))},
          {"usage",
           {{"prompt_tokens", usage.prompt_tokens},
            {"completion_tokens", usage.completion_tokens},
            {"total_tokens", usage.prompt_tokens + usage.completion_tokens}}},
          {"timings",
           {{"prompt_seconds", timings.prompt_seconds},
            {"prompt_tokens_per_second", rate(usage.prompt_tokens, timings.prompt_seconds)},
            {"completion_seconds", timings.completion_seconds},
            {"completion_tokens_per_second", rate(usage.completion_tokens, timings.completion_seconds)}}},
          {"seed", seed}};
}

// What a request asks for, from its file and from the flags, which decide where both say something.
struct Asked {
  chat::Conversation conversation;
  chat::PromptOptions prompt;
  generate::ReasoningLimits reasoning;
};

Result<Asked> read_request(const GenerateOptions& options, const std::string& question) {
  Asked asked;
  chat::ThinkingRequest thinking;
  if (!options.system.empty()) asked.conversation.messages.push_back({.role = "system", .content = options.system});
  if (!options.messages.empty()) {
    HERMES_ASSIGN(const json::value value, read_json_file(options.messages, size_t{64} << 20));
    const json::value* list = &value;
    if (const json::object* object = value.if_object()) {
      list = object->if_contains("messages");
      if (list == nullptr) return Error::corrupt("{}: \"messages\" is missing", options.messages);
      HERMES_ASSIGN(thinking, chat::read_thinking(*object, options.messages));
      if (const json::value* tools = object->if_contains("tools"); tools != nullptr && !tools->is_null()) {
        if (!tools->is_array()) return Error::corrupt("{}: \"tools\" must be a list", options.messages);
        asked.conversation.tools = tools->get_array();
      }
    }
    HERMES_ASSIGN(const std::vector<chat::Message> messages, chat::read_messages(*list, options.messages));
    asked.conversation.messages.insert(asked.conversation.messages.end(), messages.begin(), messages.end());
  } else {
    asked.conversation.messages.push_back({.role = "user", .content = question});
  }
  if (!options.tools.empty()) {
    HERMES_ASSIGN(asked.conversation.tools, read_tools(options.tools));
  }
  asked.prompt.thinking = options.think || (!options.no_think && thinking.thinking.value_or(false));
  asked.prompt.assistant_role = options.assistant_role;
  asked.reasoning.hard = options.reasoning_budget >= 0 ? options.reasoning_budget : thinking.budget.value_or(-1);
  asked.reasoning.soft = options.soft_reasoning_budget;
  // Off is off: the tag that opens reasoning cannot be written.
  if (!asked.prompt.thinking) asked.reasoning = {.hard = 0};
  asked.prompt.reasoning_budget = asked.reasoning.hard;
  return asked;
}

// Shows the prompt being read, the text as it comes, and keeps the end.
class Output {
 public:
  explicit Output(bool json)
      : json_(json),
        progress_(!json && ::isatty(STDERR_FILENO) != 0),
        view_({.terminal = ::isatty(STDOUT_FILENO) != 0, .width = terminal_width()},
              [this](std::string_view text) { write(text); }) {}

  void event(const generate::Event& event) {
    if (const auto* progress = std::get_if<generate::PromptProgress>(&event)) {
      const bool done = progress->done == progress->total;
      if (progress_ && progress->total > 1024) {
        std::fprintf(stderr, done ? "\r\033[K" : "\rreading the prompt: %lld of %lld tokens",
                     static_cast<long long>(progress->done), static_cast<long long>(progress->total));
      }
    } else if (const auto* delta = std::get_if<generate::TextDelta>(&event)) {
      text_ += delta->text;
      write(delta->text);
    } else if (const auto* part = std::get_if<chat::ReplyEvent>(&event)) {
      if (!json_) view_.event(*part);
    } else {
      finished_ = std::get<generate::Finished>(event);
    }
  }
  const generate::Finished& finished() const { return finished_; }
  const std::string& text() const { return text_; }  // of a raw continuation
  // What is still open is closed; whether all could be written.
  Status end(bool raw) {
    if (!json_ && !raw) view_.finish();
    if (!json_ && raw) write("\n");
    return printed_;
  }

 private:
  void write(std::string_view text) {
    if (json_ || !printed_.ok()) return;
    printed_ = print(text);
    if (!printed_.ok()) interrupted() = true;  // nobody reads any more
  }

  bool json_, progress_;
  ReplyView view_;
  std::string text_;
  Status printed_;
  generate::Finished finished_;
};

json::object message_of(const Output& output, bool raw) {
  if (!raw) return chat::to_openai_message(output.finished().reply);
  return {
      {"role", "assistant"}, {"content", output.text()}, {"reasoning_content", nullptr}, {"tool_calls", json::array()}};
}

Status generate_text(const GenerateOptions& options) {
  generate::Request request{.prompt = options.prompt, .max_tokens = options.max_tokens, .stop = options.stop};
  if (!options.prompt_file.empty()) {
    HERMES_ASSIGN(request.prompt, read_text_file(options.prompt_file, size_t{64} << 20));
  }
  HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(options.model.path));
  HERMES_ASSIGN(const tokenizer::Tokenizer tokenizer, files->open_tokenizer());
  bool reasoning_prompt_added = false;
  engine::LocalGeneratorOptions how;
  how.kv_dtype = options.model.kv_dtype;
  if (!options.raw) {
    HERMES_ASSIGN(const std::vector<formats::ChatTemplate> templates, files->read_chat_templates());
    if (templates.empty()) {
      return Error::invalid("{}: this model has no chat template; --raw continues the prompt as it is",
                            options.model.path);
    }
    HERMES_ASSIGN(const Asked asked, read_request(options, request.prompt));
    HERMES_ASSIGN(const chat::PromptFormat format, load_prompt_format(*files, !asked.conversation.tools.empty()));
    HERMES_ASSIGN(chat::Prompt prompt, format.render(asked.conversation, asked.prompt));
    reasoning_prompt_added = prompt.reasoning_prompt_added;
    request.prompt = std::move(prompt.text);
    request.add_special = false;
    request.reply = chat::StreamParserOptions{
        .format = format.reply_format(), .think_left_open = prompt.think_left_open, .tools = asked.conversation.tools};
    request.reasoning = asked.reasoning;
    how.shown_tokens = engine::tag_tokens(tokenizer, format.reply_format());
  }
  HERMES_ASSIGN(const formats::GenerationConfig recommended, files->read_generation_config());
  HERMES_ASSIGN(const LoadedModel loaded, load_model(*files, options.model));
  request.sampling = sampling_params(options, recommended);
  request.cancel = &interrupted();
  watch_for_interrupt();  // Ctrl-C ends generation; what was written stays

  how.context = options.context > 0 ? options.context : loaded.decoder->spec().max_positions;
  how.end_tokens = recommended.eos_token_ids;
  engine::LocalGenerator generator(*loaded.decoder, tokenizer, how);
  Output output(options.json);
  HERMES_TRY(generator.generate(request, [&](const generate::Event& event) { output.event(event); }));
  HERMES_TRY(output.end(options.raw));
  const generate::Finished& finished = output.finished();
  if (finished.reason == generate::FinishReason::kError) return Error::corrupt("{}", finished.error);
  json::object summary = report(message_of(output, options.raw), finished, request.sampling.seed);
  if (!options.raw) {
    summary["usage"].get_object()["completion_tokens_details"] = {
        {"reasoning_tokens", finished.usage.reasoning_tokens}};
  }
  if (reasoning_prompt_added) summary["reasoning_prompt_added"] = true;
  if (options.json) return print(to_json_text(summary) + "\n");
  const std::string seed =
      request.sampling.temperature > 0 ? fmt::format("; seed {}", request.sampling.seed) : "; greedy";
  std::fprintf(stderr, "[%s; %lld prompt tokens at %.1f/s, %lld new at %.1f/s%s]\n",
               std::string(to_string(finished.reason)).c_str(), static_cast<long long>(finished.usage.prompt_tokens),
               summary.at("timings").at("prompt_tokens_per_second").to_number<double>(),
               static_cast<long long>(finished.usage.completion_tokens),
               summary.at("timings").at("completion_tokens_per_second").to_number<double>(), seed.c_str());
  return {};
}

}  // namespace

void add_generate(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("generate", "answer a question or a conversation");
  auto options = std::make_shared<GenerateOptions>();
  add_model_options(*command, options->model);
  auto* prompt = command->add_option("--prompt", options->prompt, "what the user says");
  auto* file = command->add_option("--prompt-file", options->prompt_file, "read the prompt from a file");
  auto* messages = command->add_option(
      "--messages", options->messages,
      "a conversation, JSON: [{\"role\", \"content\"}, ...] or {\"messages\": [...], \"tools\", \"thinking\"}");
  prompt->excludes(file)->excludes(messages);
  file->excludes(messages);
  auto* system = command->add_option("--system", options->system, "system message");
  auto* tools = command->add_option("--tools", options->tools, "tools the model may call, JSON list in OpenAI form");
  auto* think = command->add_flag("--think", options->think, "reason before answering");
  auto* no_think = command->add_flag("--no-think", options->no_think, "answer at once (default)")->excludes(think);
  auto* raw = command->add_flag("--raw", options->raw, "continue the prompt as it is, without the chat template");
  auto* budget = command
                     ->add_option("--reasoning-budget", options->reasoning_budget,
                                  "tokens of reasoning at most; then the model is made to answer")
                     ->check(CLI::Range(int64_t{0}, kMostTokens))
                     ->option_text("N");
  auto* soft = command
                   ->add_option("--soft-reasoning-budget", options->soft_reasoning_budget,
                                "from so many tokens on, ending the reasoning becomes more and more likely")
                   ->check(CLI::Range(int64_t{0}, kMostTokens))
                   ->option_text("N");
  auto* role = command->add_option("--assistant-role", options->assistant_role,
                                   "what the assistant's turns are headed with, instead of \"assistant\"");
  for (auto* other : {messages, system, tools, think, no_think, budget, soft, role}) raw->excludes(other);
  command->add_option("--max-tokens", options->max_tokens, "new tokens at most; default: until the context is full")
      ->check(CLI::Range(int64_t{0}, kMostTokens))
      ->option_text("N");
  command
      ->add_option("--ctx", options->context, "prompt and new tokens together; default: what the model was trained for")
      ->check(CLI::Range(int64_t{1}, kMostTokens))
      ->option_text("N");
  command->add_option("--stop", options->stop, "text that ends generation; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--temperature", options->temperature, "0 is greedy; default: generation_config.json, else 0");
  command->add_option("--top-k", options->top_k, "keep the k most likely tokens; 0 is off");
  command->add_option("--top-p", options->top_p, "keep the most likely tokens up to this probability; 1 is off");
  command->add_option("--min-p", options->min_p,
                      "keep tokens at least this fraction as likely as the likeliest; 0 is off");
  command->add_option("--seed", options->seed,
                      "the same seed gives the same text; default: a random one, shown at the end");
  command->add_flag("--json", options->json, "print message, finish_reason, usage and timings as one JSON object");
  command->footer(
      "Examples: hermes generate --think --prompt \"What is 348 + 921 + 77 + 605?\"\n"
      "          hermes generate models/my-model --raw --prompt \"The sky is\" --max-tokens 32 --seed 7");
  command->callback([command, options, &action] {
    if (options->prompt.empty() && options->prompt_file.empty() && options->messages.empty()) {
      throw CLI::RequiredError(command->get_name() + ": --prompt, --prompt-file or --messages");
    }
    action = [options] { return generate_text(*options); };
  });
}

}  // namespace hermes::apps
