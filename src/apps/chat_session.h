// One conversation in the terminal: reads what the user types, runs commands (/help), answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/chat_model.h"
#include "apps/line_editor.h"
#include "apps/reply_view.h"
#include "generate/agent_loop.h"
#include "generate/command_tools.h"

namespace hermes::apps {

struct ChatOptions {
  ModelOptions model;
  std::string system;
  std::string tools;  // file
  bool yes = false;   // run tools without asking
  bool think = true;
  bool fold = false;
  int64_t max_tokens = -1, max_replies = 16;
  int64_t reasoning_budget = -1;
  std::optional<double> temperature;
  std::optional<uint64_t> seed;
};

class ChatSession {
 public:
  // Borrows both; they outlive it.
  static Result<std::unique_ptr<ChatSession>> make(const ChatOptions& options, const ChatModel& model);

  // Until the user leaves or the input ends.
  Status run();

 private:
  struct Command {
    const char* name;
    const char* argument;  // for the help; "" where there is none
    const char* help;
    void (ChatSession::*run)(const std::string& argument);
  };
  static const std::vector<Command>& commands();

  ChatSession(const ChatOptions& options, const ChatModel& model);

  void welcome() const;
  bool command(const std::string& line);  // false: leave
  Status answer();                        // the conversation ends with the user's turn
  bool confirm(const chat::ToolCall& call);
  ReplyView view(bool fold) const;

  void set_thinking(bool on);
  void think(const std::string&) { set_thinking(true); }
  void no_think(const std::string&) { set_thinking(false); }
  void budget(const std::string& argument);
  void fold(const std::string&);
  void reasoning(const std::string&);
  void system(const std::string& text);
  void begin_anew(const std::string&);
  void regenerate(const std::string&);
  void history(const std::string&);
  void tools(const std::string&);
  void save(const std::string& path);
  void load(const std::string& path);
  void help(const std::string&);
  void quit(const std::string&) { leave_ = true; }

  const ChatOptions& options_;
  const ChatModel& model_;
  engine::LocalGenerator generator_;
  sampling::SamplingParams sampling_;
  std::optional<generate::CommandTools> tools_;
  std::unique_ptr<LineEditor> editor_;
  bool terminal_;       // output
  bool asks_;           // input is a person
  bool run_all_tools_;  // without asking
  bool think_, fold_;
  int64_t budget_;
  bool leave_ = false;
  bool answer_again_ = false;  // /regenerate
  std::string last_reasoning_;
  chat::Conversation conversation_;
};

}  // namespace hermes::apps
