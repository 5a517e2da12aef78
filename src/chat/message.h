// A conversation as chat templates see it. Text of an assistant turn is what the model wrote: reasoning stays in
// `content` as <think>...</think>; tool calls are in `tool_calls` or, as the model wrote them, in `content`.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace hermes::chat {

struct ToolCall {
  std::string name;
  json::object arguments;
  std::string id{};              // may be empty
  std::string arguments_text{};  // as the model wrote them; empty: not from a model
};

struct Message {
  std::string role;  // "system", "user", "assistant", "tool"
  std::string content;
  std::vector<ToolCall> tool_calls{};  // assistant only
  std::string tool_call_id{};          // tool only
  bool learnt = true;                  // false: "weight" 0, as in OpenAI's fine-tuning format; context, not a lesson
};

struct Conversation {
  std::vector<Message> messages;
  json::array tools;  // OpenAI form: {"type": "function", "function": {"name", "description", "parameters"}}
};

// The JSON that templates and data sets use: {"role", "content"[, "tool_calls": [{"type": "function", "id",
// "function": {"name", "arguments"}}]][, "tool_call_id"]}. Reading takes arguments as an object or as its text, and
// refuses by name what is of the wrong type; `what` opens messages.
json::value to_json(const Message& message);
Result<Message> read_message(const json::value& value, const std::string& what);
Result<std::vector<Message>> read_messages(const json::value& value, const std::string& what);

}  // namespace hermes::chat
