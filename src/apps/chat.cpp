#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>

#include "apps/chat_model.h"
#include "apps/commands.h"
#include "chat/reply.h"

namespace hermes::apps {
namespace {

struct ChatOptions {
  ModelOptions model;
  std::string system;
  bool think = true;
  int64_t max_tokens = -1;
  std::optional<double> temperature;
  std::optional<uint64_t> seed;
};

std::atomic<bool> interrupted{false};

constexpr const char* kDim = "\033[2m";
constexpr const char* kBold = "\033[1m";
constexpr const char* kPlain = "\033[0m";

constexpr std::string_view kHelp =
    "  /think, /no-think   reason before answering, or not\n"
    "  /system TEXT        set the system message and begin anew\n"
    "  /new                begin anew\n"
    "  /help               this\n"
    "  /quit               leave (Ctrl-D too); Ctrl-C stops an answer\n";

constexpr std::string_view kAboutNano =
    "This is hermes-nano, the model inside this program: a few million weights, trained from nothing by hermes.cpp on\n"
    "problems it can check. It calculates, sorts, spells, fills in JSON and calls tools; it knows nothing of the "
    "world.\n"
    "A real Hermes: hermes chat FOLDER, with a Hermes 4 checkpoint in Hugging Face layout.\n";

constexpr std::string_view kExamples[] = {
    "What is 348 + 921 + 77 + 605?",
    "Sort these numbers from smallest to largest: 91, 7, 34, 58",
    "How many times does the letter r occur in \"strawberry\"?",
    "A train leaves at 09:45 and travels for 130 minutes. When does it arrive?",
    "Ann is taller than Bob. Carl is shorter than Bob. Who is the tallest?",
};

// Writes an answer as it comes: reasoning dimmed, set apart from what follows </think>.
class Printer {
 public:
  explicit Printer(bool colours) : colours_(colours) {}

  void write(std::string_view text) {
    pending_ += text;
    for (;;) {
      const std::string_view tag = thinking_ ? "</think>" : "<think>";
      const size_t at = pending_.find(tag);
      if (at == std::string::npos) break;
      put(std::string_view(pending_).substr(0, at));
      pending_.erase(0, at + tag.size());
      thinking_ = !thinking_;
      if (colours_) std::fputs(thinking_ ? kDim : kPlain, stdout);
      skip_space_ = true;
      if (!thinking_) std::fputs("\n", stdout);
    }
    // What may be the beginning of a tag waits.
    size_t keep = pending_.rfind('<');
    if (keep == std::string::npos || pending_.size() - keep > 8) keep = pending_.size();
    put(std::string_view(pending_).substr(0, keep));
    pending_.erase(0, keep);
    std::fflush(stdout);
  }
  void finish() {
    put(pending_);
    pending_.clear();
    if (colours_) std::fputs(kPlain, stdout);
    std::fputs("\n\n", stdout);
    std::fflush(stdout);
  }

 private:
  void put(std::string_view text) {
    if (skip_space_) {
      const size_t first = text.find_first_not_of(" \n");
      if (first == std::string_view::npos) return;
      text.remove_prefix(first);
      skip_space_ = false;
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
  }

  bool colours_;
  bool thinking_ = false;
  bool skip_space_ = true;
  std::string pending_;
};

class Session {
 public:
  Session(const ChatOptions& options, const ChatModel& model)
      : options_(options),
        model_(model),
        generator_(make_generator(model, options.model)),
        sampling_(recommended_sampling(model.recommended)),
        terminal_(::isatty(STDOUT_FILENO) != 0),
        think_(options.think) {
    sampling_.temperature = options.temperature.value_or(sampling_.temperature);
    sampling_.seed = options.seed.value_or(sampling_.seed);
    begin(options.system);
  }

  Status run() {
    if (::isatty(STDIN_FILENO) != 0) welcome();
    std::string line;
    while (prompt(line)) {
      if (line.empty()) continue;
      if (line.front() == '/') {
        if (!command(line)) break;
        continue;
      }
      HERMES_TRY(answer(line));
    }
    return {};
  }

 private:
  void welcome() const {
    std::printf("%s%s%s\n", terminal_ ? kBold : "", model_.name.c_str(), terminal_ ? kPlain : "");
    if (options_.model.path == kEmbeddedModel) {
      std::printf("%s\nQuestions it can answer:\n", std::string(kAboutNano).c_str());
      for (const std::string_view example : kExamples) std::printf("  %s\n", std::string(example).c_str());
    }
    std::printf("\nThinking is %s. Commands:\n%s\n", think_ ? "on" : "off", std::string(kHelp).c_str());
  }

  bool prompt(std::string& line) const {
    if (::isatty(STDIN_FILENO) != 0) {
      std::printf("%s> %s", terminal_ ? kBold : "", terminal_ ? kPlain : "");
      std::fflush(stdout);
    }
    return static_cast<bool>(std::getline(std::cin, line));
  }

  void begin(const std::string& system) {
    conversation_.messages.clear();
    if (!system.empty()) conversation_.messages.push_back({.role = "system", .content = system});
  }

  // False: leave.
  bool command(const std::string& line) {
    const std::string name = line.substr(0, line.find(' '));
    const std::string rest = line.size() > name.size() ? line.substr(name.size() + 1) : "";
    if (name == "/quit" || name == "/exit") return false;
    if (name == "/think" || name == "/no-think") {
      think_ = name == "/think";
      std::printf("thinking is %s\n", think_ ? "on" : "off");
    } else if (name == "/system") {
      begin(rest);
      std::printf(rest.empty() ? "no system message; a new conversation\n"
                               : "system message set; a new conversation\n");
    } else if (name == "/new") {
      const bool own = !conversation_.messages.empty() && conversation_.messages.front().role == "system";
      begin(own ? conversation_.messages.front().content : "");
      std::printf("a new conversation\n");
    } else {
      std::printf("%s%s", name == "/help" ? "" : ("no command " + name + "\n").c_str(), std::string(kHelp).c_str());
    }
    return true;
  }

  Status answer(const std::string& question) {
    conversation_.messages.push_back({.role = "user", .content = question});
    HERMES_ASSIGN(std::string prompt, model_.format.render(conversation_, {.thinking = think_}));
    generate::Request request{.prompt = std::move(prompt),
                              .add_special = false,
                              .max_tokens = options_.max_tokens,
                              .sampling = sampling_,
                              .cancel = &interrupted};
    interrupted = false;
    std::signal(SIGINT, [](int) { interrupted = true; });
    Printer printer(terminal_);
    std::string text;
    generate::Finished finished;
    const Status status = generator_.generate(request, [&](const generate::Event& event) {
      if (const auto* delta = std::get_if<generate::TextDelta>(&event)) {
        text += delta->text;
        printer.write(delta->text);
      } else if (const auto* end = std::get_if<generate::Finished>(&event)) {
        finished = *end;
      }
    });
    std::signal(SIGINT, SIG_DFL);
    if (!status.ok()) {  // too long for the context, for example: the conversation goes on without this question
      conversation_.messages.pop_back();
      std::printf("%s\n/new begins a new conversation.\n", status.error().message().c_str());
      return {};
    }
    printer.finish();
    if (finished.reason == generate::FinishReason::kError) return Error::corrupt("{}", finished.error);
    if (finished.reason == generate::FinishReason::kLength) std::printf("(cut off: no room left; /new begins anew)\n");
    conversation_.messages.push_back({.role = "assistant", .content = text});
    return {};
  }

  const ChatOptions& options_;
  const ChatModel& model_;
  engine::LocalGenerator generator_;
  sampling::SamplingParams sampling_;
  bool terminal_;
  bool think_;
  chat::Conversation conversation_;
};

Status chat_with(const ChatOptions& options) {
  HERMES_ASSIGN(const ChatModel model, load_chat_model(options.model));
  return Session(options, model).run();
}

}  // namespace

void add_chat(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("chat", "talk to a model in the terminal");
  auto options = std::make_shared<ChatOptions>();
  add_model_options(*command, options->model);
  command->add_option("--system", options->system, "system message");
  command->add_flag("--think,!--no-think", options->think, "reason in <think> first (default), or answer at once");
  command->add_option("--max-tokens", options->max_tokens, "of one answer; default: until the context is full")
      ->check(CLI::PositiveNumber);
  command->add_option("--temperature", options->temperature, "0 is greedy; default: generation_config.json, else 0");
  command->add_option("--seed", options->seed, "the same seed gives the same answers; default: a random one");
  command->footer(
      "Examples: hermes chat                         the embedded hermes-nano\n"
      "          hermes chat models/my-hermes --no-think --system \"Answer briefly.\"");
  command->callback([options, &action] { action = [options] { return chat_with(*options); }; });
}

}  // namespace hermes::apps
