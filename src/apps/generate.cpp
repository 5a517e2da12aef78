#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <cstdio>

#include "apps/chat_model.h"
#include "apps/commands.h"
#include "apps/model_options.h"
#include "base/file.h"
#include "base/json.h"
#include "chat/reply.h"
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
  bool think = false;
  int64_t max_tokens = -1;
  int64_t context = 0;
  std::vector<std::string> stop;
  std::optional<double> temperature, top_p, min_p;
  std::optional<int64_t> top_k;
  std::optional<uint64_t> seed;
  bool json = false;
};

std::atomic<bool> interrupted{false};  // Ctrl-C ends generation; what was written stays

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

// The assistant's message as an API would give it.
json::object message_of(const std::string& text, bool raw) {
  if (raw)
    return {{"role", "assistant"}, {"content", text}, {"reasoning_content", nullptr}, {"tool_calls", json::array()}};
  const chat::Reply reply = chat::parse_reply(text);
  json::array calls;
  for (const chat::ToolCall& call : reply.tool_calls) {
    calls.push_back(json::object{{"type", "function"},
                                 {"function", {{"name", call.name}, {"arguments", to_json_text(call.arguments)}}}});
  }
  return {{"role", "assistant"},
          {"content", reply.content},
          {"reasoning_content", reply.has_reasoning ? json::value(reply.reasoning) : json::value(nullptr)},
          {"tool_calls", std::move(calls)}};
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

// What the model is to read, where the chat template writes it: --messages, or one question.
Result<std::string> chat_prompt(const GenerateOptions& options, const std::string& question,
                                const formats::ModelDirectory& directory) {
  HERMES_ASSIGN(const chat::PromptFormat format, load_prompt_format(directory));
  chat::Conversation conversation;
  if (!options.system.empty()) conversation.messages.push_back({.role = "system", .content = options.system});
  if (!options.messages.empty()) {
    HERMES_ASSIGN(const json::value value, read_json_file(options.messages, size_t{64} << 20));
    const json::value* list = value.is_object() ? value.get_object().if_contains("messages") : &value;
    if (list == nullptr) return Error::corrupt("{}: \"messages\" is missing", options.messages);
    HERMES_ASSIGN(const std::vector<chat::Message> messages, chat::read_messages(*list, options.messages));
    conversation.messages.insert(conversation.messages.end(), messages.begin(), messages.end());
  } else {
    conversation.messages.push_back({.role = "user", .content = question});
  }
  if (!options.tools.empty()) {
    HERMES_ASSIGN(const json::value value, read_json_file(options.tools, size_t{64} << 20));
    if (!value.is_array()) return Error::corrupt("{}: must be a list of tools", options.tools);
    conversation.tools = value.get_array();
  }
  return format.render(conversation, {.thinking = options.think});
}

Status generate_text(const GenerateOptions& options) {
  generate::Request request{.prompt = options.prompt, .max_tokens = options.max_tokens, .stop = options.stop};
  if (!options.prompt_file.empty()) {
    HERMES_ASSIGN(request.prompt, read_text_file(options.prompt_file, size_t{64} << 20));
  }
  HERMES_ASSIGN(const formats::ModelDirectory directory, open_model(options.model.path));
  if (!options.raw) {
    HERMES_ASSIGN(const std::vector<formats::ChatTemplate> templates, directory.read_chat_templates());
    if (templates.empty()) {
      return Error::invalid("{}: this model has no chat template; --raw continues the prompt as it is",
                            options.model.path);
    }
    HERMES_ASSIGN(request.prompt, chat_prompt(options, request.prompt, directory));
    request.add_special = false;
  }
  HERMES_ASSIGN(const tokenizer::Tokenizer tokenizer, load_tokenizer(options.model.path));
  HERMES_ASSIGN(const formats::GenerationConfig recommended, directory.read_generation_config());
  HERMES_ASSIGN(const LoadedModel loaded, load_model(directory, options.model));
  request.sampling = sampling_params(options, recommended);

  request.cancel = &interrupted;
  std::signal(SIGINT, [](int) {
    interrupted = true;
    std::signal(SIGINT, SIG_DFL);  // a second Ctrl-C ends the program at once
  });

  const int64_t trained = loaded.decoder->spec().max_positions;
  engine::LocalGenerator generator(*loaded.decoder, tokenizer,
                                   {.context = options.context > 0 ? options.context : trained,
                                    .kv_dtype = options.model.kv_dtype,
                                    .end_tokens = recommended.eos_token_ids});
  const bool show_progress = !options.json && ::isatty(STDERR_FILENO) != 0;
  std::string text;
  Status printed;
  generate::Finished finished;
  HERMES_TRY(generator.generate(request, [&](const generate::Event& event) {
    if (const auto* progress = std::get_if<generate::PromptProgress>(&event)) {
      const bool done = progress->done == progress->total;
      if (show_progress && progress->total > 1024) {
        std::fprintf(stderr, done ? "\r\033[K" : "\rreading the prompt: %lld of %lld tokens",
                     static_cast<long long>(progress->done), static_cast<long long>(progress->total));
      }
    } else if (const auto* delta = std::get_if<generate::TextDelta>(&event)) {
      text += delta->text;
      if (!options.json && printed.ok()) {
        printed = print(delta->text);
        if (!printed.ok()) interrupted = true;  // nobody reads any more
      }
    } else {
      finished = std::get<generate::Finished>(event);
    }
  }));
  HERMES_TRY(printed);
  if (finished.reason == generate::FinishReason::kError) return Error::corrupt("{}", finished.error);
  const json::object summary = report(message_of(text, options.raw), finished, request.sampling.seed);
  if (options.json) return print(to_json_text(summary) + "\n");
  HERMES_TRY(print("\n"));
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
  auto* messages = command->add_option("--messages", options->messages,
                                       "a conversation, JSON: [{\"role\", \"content\"}, ...] or {\"messages\": [...]}");
  prompt->excludes(file)->excludes(messages);
  file->excludes(messages);
  auto* system = command->add_option("--system", options->system, "system message");
  auto* tools = command->add_option("--tools", options->tools, "tools the model may call, JSON list in OpenAI form");
  auto* think = command->add_flag("--think,!--no-think", options->think, "reason in <think> first");
  auto* raw = command->add_flag("--raw", options->raw, "continue the prompt as it is, without the chat template");
  for (auto* other : {messages, system, tools, think}) raw->excludes(other);
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
