// Tools that are commands of this machine, described in a tools file (hermes chat --tools FILE):
//
//   [{"type": "function",
//     "function": {"name": "word_count", "description": "Counts words.",
//                  "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}},
//     "command": "jq -r .text | wc -w",
//     "timeout_seconds": 5}]
//
// That is the OpenAI form with "command" beside "function": a shell line, or an array of words that is run as it is.
// The arguments come to the command as one line of JSON on its standard input; what it prints is the result. Exit
// status 0 means that it worked; else the end of its standard error tells the model what went wrong. It runs in the
// current folder, for 30 seconds at most unless "timeout_seconds" (0.1 to 3600) says otherwise.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "generate/tool_runner.h"

namespace hermes::generate {

class CommandTools : public ToolRunner {
 public:
  struct Options {
    std::vector<std::string> environment{};  // "NAME=VALUE", all that the commands get
    // Asked before a command runs, with a call that could run; false declines it. Empty: every call runs.
    std::function<bool(const chat::ToolCall&)> confirm{};
    const std::atomic<bool>* cancel = nullptr;  // ends the command that runs; may be null
  };

  // Refuses, by name, whatever the file says that would not be done. `what` opens messages: the file's path.
  static Result<CommandTools> parse(std::string_view text, const std::string& what, Options options);
  static Result<CommandTools> read(const std::string& path, Options options);

  // What the model is told: the file's list without "command" and "timeout_seconds".
  const json::array& tools() const { return tools_; }

  // The command's output without its last line break, cut at 1 MiB with a note, made valid UTF-8.
  // Fails, with what the model can do about it, where there is no such tool, a required argument is missing, the user
  // declines, or the command cannot start, fails, or takes too long.
  ToolResult run(const chat::ToolCall& call) override;

 private:
  struct Tool {
    std::string name;
    std::vector<std::string> argv;
    std::chrono::milliseconds time_limit;
    std::vector<std::string> required;  // arguments
  };

  explicit CommandTools(Options options) : options_(std::move(options)) {}
  static Result<Tool> read_tool(const json::value& entry, const std::string& what);
  const Tool* find(std::string_view name) const;
  std::string names() const;

  Options options_;
  std::vector<Tool> list_;
  json::array tools_;
};

}  // namespace hermes::generate
