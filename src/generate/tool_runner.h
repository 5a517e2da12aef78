// Who carries out a tool call. The agent loop sees this interface; commands of a tools file are one implementation
// (command_tools.h).
#pragma once

#include <string>
#include <string_view>

#include "chat/message.h"

namespace hermes::generate {

struct ToolResult {
  std::string content;  // what the model reads in <tool_response>; valid UTF-8
  bool failed = false;  // then content is {"error": "..."}, worded so that the model can act on it
};

ToolResult failed_tool_result(std::string_view reason);

class ToolRunner {
 public:
  virtual ~ToolRunner() = default;
  // Carries out one call and waits for its result. A call that cannot be carried out is a failed result, never an
  // error of the program: the model reads why and goes on.
  virtual ToolResult run(const chat::ToolCall& call) = 0;
};

}  // namespace hermes::generate
