#include "chat/reply.h"

#include <boost/json.hpp>
#include <utility>

namespace hermes::chat {

void ReplyBuilder::add(const ReplyEvent& event) {
  if (const auto* reasoning = std::get_if<ReasoningDelta>(&event)) {
    reply_.reasoning += reasoning->text;
  } else if (const auto* content = std::get_if<ContentDelta>(&event)) {
    reply_.content += content->text;
  } else if (const auto* end = std::get_if<ToolCallEnd>(&event)) {
    reply_.tool_calls.push_back(end->call);
  }
}

Reply ReplyBuilder::take(const StreamParser& parser) && {
  reply_.has_reasoning = parser.has_reasoning();
  reply_.reasoning_closed = parser.reasoning_closed();
  reply_.withheld = parser.withheld();
  reply_.problems = parser.problems();
  return std::move(reply_);
}

Reply parse_reply(std::string_view text, StreamParserOptions options, StreamParser::Ending ending) {
  StreamParser parser(std::move(options));
  ReplyBuilder builder;
  const auto add = [&](const ReplyEvent& event) { builder.add(event); };
  parser.push(text, add);
  parser.finish(ending, add);
  Reply reply = std::move(builder).take(parser);
  reply.text = text;
  return reply;
}

Reply parse_reply(std::string_view text, bool think_left_open) {
  return parse_reply(text, {.think_left_open = think_left_open});
}

json::object to_openai_message(const Reply& reply) {
  json::array calls;
  for (const ToolCall& call : reply.tool_calls) {
    calls.push_back(json::object{{"id", call.id},
                                 {"type", "function"},
                                 {"function", {{"name", call.name}, {"arguments", call.arguments_text}}}});
  }
  return {{"role", "assistant"},
          {"content", reply.content},
          {"reasoning_content", reply.has_reasoning ? json::value(reply.reasoning) : json::value(nullptr)},
          {"tool_calls", std::move(calls)}};
}

}  // namespace hermes::chat
