#include "apps/chat_session.h"

#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "apps/chat_file.h"
#include "apps/interrupt.h"
#include "apps/terminal_size.h"

namespace hermes::apps {
namespace {

constexpr std::string_view kAboutNano =
    "This is hermes-nano, the model inside this program: a few million weights, trained from nothing by hermes.cpp on\n"
    "problems it can check. It calculates, sorts, spells, fills in JSON and calls tools; it knows nothing of the "
    "world.\n"
    "A real Hermes: hermes chat FOLDER, with a Hermes 4 checkpoint in Hugging Face layout.\n";

constexpr const char* kExamples[] = {
    "What is 348 + 921 + 77 + 605?",
    "Sort these numbers from smallest to largest: 91, 7, 34, 58",
    "How many times does the letter r occur in \"strawberry\"?",
    "A train leaves at 09:45 and travels for 130 minutes. When does it arrive?",
    "Ann is taller than Bob. Carl is shorter than Bob. Who is the tallest?",
};

std::atomic<bool> answer_now{false};  // Ctrl-\ ends the reasoning

std::vector<std::string> environment() {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

std::string history_path() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/hermes/history";
  }
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "" : std::string(home) + "/.local/state/hermes/history";
}

// The conversation without its last answer, tool results included. Empty: it has none.
size_t begin_of_last_answer(const std::vector<chat::Message>& messages) {
  size_t end = messages.size();
  while (end > 0 && (messages[end - 1].role == "assistant" || messages[end - 1].role == "tool")) --end;
  return end;
}

}  // namespace

const std::vector<ChatSession::Command>& ChatSession::commands() {
  static const std::vector<Command> all = {
      {"/think", "", "reason before answering", &ChatSession::think},
      {"/no-think", "", "answer at once", &ChatSession::no_think},
      {"/budget", "N", "tokens of reasoning at most; without N: no limit", &ChatSession::budget},
      {"/fold", "", "hide reasoning while it is written, or show it again", &ChatSession::fold},
      {"/reasoning", "", "show the last reasoning", &ChatSession::reasoning},
      {"/system", "TEXT", "set the system message and begin anew", &ChatSession::system},
      {"/new", "", "begin anew", &ChatSession::begin_anew},
      {"/regenerate", "", "answer the last question again", &ChatSession::regenerate},
      {"/history", "", "show the conversation", &ChatSession::history},
      {"/tools", "", "show the tools", &ChatSession::tools},
      {"/save", "FILE", "write the conversation to a file", &ChatSession::save},
      {"/load", "FILE", "go on with a conversation from a file", &ChatSession::load},
      {"/help", "", "this", &ChatSession::help},
      {"/quit", "", "leave (Ctrl-D too)", &ChatSession::quit},
  };
  return all;
}

ChatSession::ChatSession(const ChatOptions& options, const ChatModel& model)
    : options_(options),
      model_(model),
      generator_(make_generator(model, options.model)),
      sampling_(recommended_sampling(model.recommended)),
      terminal_(::isatty(STDOUT_FILENO) != 0),
      asks_(::isatty(STDIN_FILENO) != 0),
      run_all_tools_(options.yes),
      think_(options.think),
      fold_(options.fold),
      budget_(options.reasoning_budget) {
  sampling_.temperature = options.temperature.value_or(sampling_.temperature);
  sampling_.seed = options.seed.value_or(sampling_.seed);
}

Result<std::unique_ptr<ChatSession>> ChatSession::make(const ChatOptions& options, const ChatModel& model) {
  std::unique_ptr<ChatSession> session(new ChatSession(options, model));
  if (!options.tools.empty()) {
    ChatSession* self = session.get();
    HERMES_ASSIGN(session->tools_,
                  generate::CommandTools::read(
                      options.tools, {.environment = environment(),
                                      .confirm = [self](const chat::ToolCall& call) { return self->confirm(call); },
                                      .cancel = &interrupted()}));
    session->conversation_.tools = session->tools_->tools();
  }
  LineEditor::Options editing{.history_file = history_path()};
  for (const Command& one : commands()) editing.commands.emplace_back(one.name);
  session->editor_ = LineEditor::make(std::move(editing));
  if (!options.system.empty()) session->conversation_.messages.push_back({.role = "system", .content = options.system});
  return session;
}

void ChatSession::welcome() const {
  std::printf("%s%s%s\n", terminal_ ? "\033[1m" : "", model_.name.c_str(), terminal_ ? "\033[0m" : "");
  if (options_.model.path == kEmbeddedModel) {
    std::printf("%s\nQuestions it can answer:\n", std::string(kAboutNano).c_str());
    for (const char* example : kExamples) std::printf("  %s\n", example);
  }
  std::printf("\nThinking is %s. /help shows the commands, Ctrl-C stops an answer.\n\n", think_ ? "on" : "off");
}

Status ChatSession::run() {
  if (asks_) welcome();
  while (!leave_) {
    std::fflush(stdout);
    const std::optional<std::string> typed = editor_->read("> ");
    if (!typed) break;
    if (typed->find_first_not_of(" \t\r\n") == std::string::npos) continue;
    if (typed->front() == '/' && typed->find('\n') == std::string::npos) {
      if (!command(*typed)) break;
      if (!std::exchange(answer_again_, false)) continue;
    } else {
      conversation_.messages.push_back({.role = "user", .content = *typed});
    }
    HERMES_TRY(answer());
  }
  return {};
}

bool ChatSession::command(const std::string& line) {
  const std::string name = line.substr(0, line.find(' '));
  std::string argument = line.size() > name.size() ? line.substr(name.size() + 1) : "";
  argument.erase(argument.find_last_not_of(' ') + 1);
  for (const Command& one : commands()) {
    if (name != one.name) continue;
    if (*one.argument == '\0' && !argument.empty()) {
      std::printf("%s takes nothing\n", one.name);
    } else {
      (this->*one.run)(argument);
    }
    return !leave_;
  }
  std::printf("no command %s; /help shows what there is\n", name.c_str());
  return true;
}

ReplyView ChatSession::view(bool fold) const {
  return {{.terminal = terminal_, .fold_reasoning = fold, .width = terminal_width()}, [](std::string_view text) {
            std::fwrite(text.data(), 1, text.size(), stdout);
            std::fflush(stdout);
          }};
}

Status ChatSession::answer() {
  generate::AgentOptions agent;
  agent.prompt.thinking = think_;
  agent.prompt.reasoning_budget = budget_;
  agent.max_replies = options_.max_replies;
  agent.request.max_tokens = options_.max_tokens;
  agent.request.sampling = sampling_;
  agent.request.cancel = &interrupted();
  agent.request.reasoning.hard = think_ ? budget_ : 0;
  agent.request.reasoning.stop_thinking = &answer_now;
  answer_now = false;
  watch_for_interrupt();
  std::signal(SIGQUIT, [](int) { answer_now = true; });
  ReplyView shown = view(fold_);
  last_reasoning_.clear();
  const size_t before = conversation_.messages.size();
  const auto result =
      generate::run_agent(generator_, model_.format, conversation_, tools_ ? &*tools_ : nullptr, agent,
                          [&](const generate::AgentEvent& event) {
                            if (const auto* part = std::get_if<chat::ReplyEvent>(&event)) {
                              if (const auto* reasoning = std::get_if<chat::ReasoningDelta>(part))
                                last_reasoning_ += reasoning->text;
                              shown.event(*part);
                            } else if (const auto* said = std::get_if<generate::ToolResultEvent>(&event)) {
                              shown.tool_result(said->call.name, said->result.content, said->result.failed);
                            }
                          });
  shown.finish();
  std::signal(SIGQUIT, SIG_DFL);
  stop_watching_for_interrupt();
  if (!result.ok()) {  // too long for the context, for example: the conversation goes on without this question
    if (conversation_.messages.size() == before && before > 0) conversation_.messages.pop_back();
    std::printf("%s\n/new begins a new conversation.\n", result.error().message().c_str());
    return {};
  }
  if (result->reason == generate::FinishReason::kLength) {
    std::printf("(cut off%s)\n", options_.max_tokens > 0 ? " by --max-tokens" : ": no room left; /new begins anew");
  } else if (result->reason == generate::FinishReason::kCancelled) {
    std::printf("(stopped)\n");
  } else if (result->reason == generate::FinishReason::kToolCalls) {
    std::printf(tools_ ? "(stopped: too many calls in a row)\n" : "(it wants a tool: --tools FILE declares some)\n");
  }
  std::printf("\n");
  return {};
}

bool ChatSession::confirm(const chat::ToolCall& call) {
  if (run_all_tools_) return true;
  if (!asks_) return false;
  const auto said = editor_->ask(fmt::format("run {}? [y]es, [n]o, [a]ll from now on: ", call.name));
  if (said == "a" || said == "all") run_all_tools_ = true;
  return said == "y" || said == "yes" || run_all_tools_;
}

void ChatSession::set_thinking(bool on) {
  think_ = on;
  std::printf("thinking is %s\n", on ? "on" : "off");
}

void ChatSession::budget(const std::string& argument) {
  int64_t tokens = -1;
  const auto [end, error] = std::from_chars(argument.data(), argument.data() + argument.size(), tokens);
  if (!argument.empty() && (error != std::errc() || end != argument.data() + argument.size() || tokens < 0)) {
    std::printf("/budget takes a number of tokens\n");
    return;
  }
  budget_ = tokens;
  if (tokens >= 0) std::printf("reasoning has at most %lld tokens\n", static_cast<long long>(tokens));
  if (tokens < 0) std::printf("reasoning has no limit\n");
}

void ChatSession::fold(const std::string&) {
  fold_ = !fold_;
  std::printf("reasoning is %s\n", fold_ ? "folded; /reasoning shows the last" : "shown");
}

void ChatSession::reasoning(const std::string&) {
  if (last_reasoning_.empty()) return void(std::printf("there was none\n"));
  ReplyView shown = view(/*fold=*/false);
  shown.event(chat::ReasoningDelta{last_reasoning_});
  shown.finish();
}

void ChatSession::system(const std::string& text) {
  conversation_.messages.clear();
  if (!text.empty()) conversation_.messages.push_back({.role = "system", .content = text});
  std::printf(text.empty() ? "no system message; a new conversation\n" : "system message set; a new conversation\n");
}

void ChatSession::begin_anew(const std::string&) {
  const bool own = !conversation_.messages.empty() && conversation_.messages.front().role == "system";
  conversation_.messages.resize(own ? 1 : 0);
  std::printf("a new conversation\n");
}

void ChatSession::regenerate(const std::string&) {
  const size_t end = begin_of_last_answer(conversation_.messages);
  if (end == 0 || conversation_.messages[end - 1].role != "user") return void(std::printf("nothing to answer yet\n"));
  conversation_.messages.resize(end);
  ++sampling_.seed;  // another answer, where it is drawn
  if (sampling_.temperature == 0) std::printf("(greedy: the same answer, unless the settings changed)\n");
  answer_again_ = true;
}

void ChatSession::history(const std::string&) {
  if (conversation_.messages.empty()) std::printf("nothing was said yet\n");
  for (const chat::Message& message : conversation_.messages) {
    std::printf("%s%s%s\n", terminal_ ? "\033[1m" : "", message.role.c_str(), terminal_ ? "\033[0m" : "");
    ReplyView shown = view(fold_);
    if (message.role == "assistant") {
      chat::StreamParser parser({.format = model_.format.reply_format()});
      const auto sink = [&](const chat::ReplyEvent& event) { shown.event(event); };
      parser.push(message.content, sink);
      parser.finish(chat::StreamParser::Ending::kComplete, sink);
    } else {
      shown.event(chat::ContentDelta{message.content});
    }
    shown.finish();
    std::printf("\n");
  }
}

void ChatSession::tools(const std::string&) {
  if (conversation_.tools.empty()) return void(std::printf("no tools; hermes chat --tools FILE declares some\n"));
  for (const json::value& tool : conversation_.tools) {
    std::printf("  %s\n", to_json_text(tool.at("function")).c_str());
  }
}

void ChatSession::save(const std::string& path) {
  if (path.empty()) return void(std::printf("/save FILE\n"));
  const Status saved = save_chat(path, {.model = model_.name, .thinking = think_, .messages = conversation_.messages});
  std::printf("%s\n", saved.ok() ? ("saved to " + path).c_str() : saved.error().message().c_str());
}

void ChatSession::load(const std::string& path) {
  if (path.empty()) return void(std::printf("/load FILE\n"));
  Result<SavedChat> saved = load_chat(path);
  if (!saved.ok()) return void(std::printf("%s\n", saved.error().message().c_str()));
  conversation_.messages = std::move(saved->messages);
  think_ = saved->thinking;
  std::printf("%zu messages; thinking is %s; /history shows them\n", conversation_.messages.size(),
              think_ ? "on" : "off");
}

void ChatSession::help(const std::string&) {
  for (const Command& one : commands()) {
    std::printf("  %-20s %s\n", fmt::format("{} {}", one.name, one.argument).c_str(), one.help);
  }
  std::printf(
      "A line that ends in \\ goes on in the next one, as does Alt-Enter; text between lines of \"\"\" is one "
      "message.\n"
      "Ctrl-C stops an answer; Ctrl-\\ ends its thinking and makes it answer.\n");
}

}  // namespace hermes::apps
