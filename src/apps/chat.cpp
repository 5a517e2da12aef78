#include "apps/chat_session.h"
#include "apps/commands.h"

namespace hermes::apps {
namespace {

Status chat_with(const ChatOptions& options) {
  HERMES_ASSIGN(const ChatModel model, load_chat_model(options.model, !options.tools.empty()));
  HERMES_ASSIGN(const auto session, ChatSession::make(options, model));
  return session->run();
}

}  // namespace

void add_chat(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("chat", "talk to a model in the terminal");
  auto options = std::make_shared<ChatOptions>();
  add_model_options(*command, options->model);
  command->add_option("--system", options->system, "system message");
  command->add_flag("--think,!--no-think", options->think, "reason in <think> first (default), or answer at once");
  command->add_option("--reasoning-budget", options->reasoning_budget, "tokens of reasoning at most")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--fold", options->fold, "do not show reasoning while it is written");
  auto* tools = command->add_option("--tools", options->tools,
                                    "tools it may call, JSON: OpenAI form with a \"command\" each (see below)");
  command->add_flag("--yes", options->yes, "run tools without asking")->needs(tools);
  command->add_option("--max-replies", options->max_replies, "of one answer: it calls tools, reads results, goes on")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--max-tokens", options->max_tokens, "of one reply; default: until the context is full")
      ->check(CLI::PositiveNumber);
  command->add_option("--temperature", options->temperature, "0 is greedy; default: generation_config.json, else 0");
  command->add_option("--seed", options->seed, "the same seed gives the same answers; default: a random one");
  command->footer(
      "A tool's command gets the arguments as JSON on standard input; what it prints is the result:\n"
      "  [{\"type\": \"function\", \"command\": \"jq -r .expression | bc\", \"timeout_seconds\": 5,\n"
      "    \"function\": {\"name\": \"calculator\", \"description\": \"Evaluate an arithmetic expression\",\n"
      "      \"parameters\": {\"type\": \"object\", \"properties\": {\"expression\": {\"type\": \"string\"}},\n"
      "                     \"required\": [\"expression\"]}}}]\n"
      "Examples: hermes chat                         the embedded hermes-nano\n"
      "          hermes chat --tools tools.json\n"
      "          hermes chat models/my-hermes --no-think --system \"Answer briefly.\"");
  command->callback([options, &action] { action = [options] { return chat_with(*options); }; });
}

}  // namespace hermes::apps
