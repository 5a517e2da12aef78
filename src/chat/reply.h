// What a model wrote in one assistant turn, taken apart: reasoning, content, tool calls. For whole texts; a stream is
// another matter.
//
// Rules: the text is reasoning up to </think> if it opens with <think> (after white space), or if the prompt left one
// open; a <think> elsewhere is content. <tool_call>{"name": ..., "arguments": {...}}</tool_call> is a call wherever it
// stands, inside an open <think> too; one whose JSON cannot be read is a problem, and its text stays content.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"

namespace hermes::chat {

struct Reply {
  std::string reasoning;  // trimmed; without tool calls
  std::string content;    // trimmed; without tool calls
  std::vector<ToolCall> tool_calls;
  bool has_reasoning = false;           // a <think> was opened (or left open by the prompt)
  bool reasoning_closed = false;        // and </think> came
  std::vector<std::string> problems{};  // "tool call 1: not JSON: ..."
};

Reply parse_reply(std::string_view text, bool think_left_open = false);

}  // namespace hermes::chat
