#include "chat/message.h"

#include <boost/json.hpp>

namespace hermes::chat {
namespace {

// A text member that may be absent or null: then it is empty.
Result<std::string> text_or_empty(const JsonObject& object, std::string_view name) {
  HERMES_ASSIGN(auto text, object.optional_string(name));
  return std::move(text).value_or(std::string());
}

// Arguments come as an object or, as in the OpenAI form, as the text of one; empty text means no arguments.
Result<json::object> read_arguments(const json::value* value, const std::string& what) {
  if (value == nullptr) return json::object();
  if (value->is_object()) return value->get_object();
  if (!value->is_string()) return Error::corrupt("{}: must be an object, or the JSON text of one", what);
  const std::string_view text(value->get_string().data(), value->get_string().size());
  if (text.empty()) return json::object();
  HERMES_ASSIGN(json::value parsed, parse_json(text, what));
  if (!parsed.is_object()) return Error::corrupt("{}: the text must hold a JSON object", what);
  return std::move(parsed.get_object());
}

// The OpenAI form {"id", "function": {"name", "arguments"}}, or its inner object alone.
Result<ToolCall> read_tool_call(const json::value& value, const std::string& what) {
  HERMES_ASSIGN(const JsonObject outer, JsonObject::from(value, what));
  HERMES_ASSIGN(const auto nested, outer.optional_object("function"));
  const JsonObject& function = nested ? *nested : outer;
  ToolCall call;
  HERMES_ASSIGN(call.name, function.string("name"));
  HERMES_ASSIGN(call.arguments, read_arguments(function.find("arguments"), function.what() + ": arguments"));
  HERMES_ASSIGN(call.id, text_or_empty(outer, "id"));
  return call;
}

}  // namespace

json::value to_json(const Message& message) {
  json::object out{{"role", message.role}, {"content", message.content}};
  if (!message.tool_calls.empty()) {
    json::array& calls = out.emplace("tool_calls", json::array()).first->value().get_array();
    for (const ToolCall& call : message.tool_calls) {
      json::object one{{"type", "function"}};
      if (!call.id.empty()) one.emplace("id", call.id);
      one.emplace("function", json::object{{"name", call.name}, {"arguments", call.arguments}});
      calls.push_back(std::move(one));
    }
  }
  if (!message.tool_call_id.empty()) out.emplace("tool_call_id", message.tool_call_id);
  return out;
}

Result<Message> read_message(const json::value& value, const std::string& what) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  Message message;
  HERMES_ASSIGN(message.role, object.string("role"));
  if (message.role.empty()) return Error::corrupt("{}: role: must not be empty", what);
  if (const json::value* calls = object.find("tool_calls"); calls != nullptr) {
    if (!calls->is_array()) return Error::corrupt("{}: tool_calls: must be an array", what);
    for (size_t i = 0; i < calls->get_array().size(); ++i) {
      HERMES_ASSIGN(ToolCall call, read_tool_call(calls->get_array()[i], fmt::format("{}: tool_calls[{}]", what, i)));
      message.tool_calls.push_back(std::move(call));
    }
  }
  if (!message.tool_calls.empty() && message.role != "assistant") {
    return Error::corrupt("{}: tool_calls: only an assistant calls tools, not \"{}\"", what, message.role);
  }
  // A turn that only calls tools may go without text; every other turn says something.
  if (message.tool_calls.empty() && object.find("content") == nullptr) {
    return Error::corrupt("{}: content: missing", what);
  }
  HERMES_ASSIGN(message.content, text_or_empty(object, "content"));
  HERMES_ASSIGN(const auto weight, object.optional_integer("weight"));
  if (weight && *weight != 0 && *weight != 1) {
    return Error::corrupt("{}: \"weight\" must be 0 or 1, is {}", what, *weight);
  }
  message.learnt = weight != 0;
  HERMES_ASSIGN(message.tool_call_id, text_or_empty(object, "tool_call_id"));
  if (!message.tool_call_id.empty() && message.role != "tool") {
    return Error::corrupt("{}: tool_call_id: only a tool's result has one, not \"{}\"", what, message.role);
  }
  return message;
}

Result<std::vector<Message>> read_messages(const json::value& value, const std::string& what) {
  if (!value.is_array()) return Error::corrupt("{}: must be an array of messages", what);
  std::vector<Message> messages;
  messages.reserve(value.get_array().size());
  for (size_t i = 0; i < value.get_array().size(); ++i) {
    HERMES_ASSIGN(Message message, read_message(value.get_array()[i], fmt::format("{}[{}]", what, i)));
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace hermes::chat
