// What a model wrote in one assistant turn, taken apart: reasoning, content, tool calls. Whole texts, and the sum of a
// stream's events; the rules are the StreamParser's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"
#include "chat/stream_parser/stream_parser.h"

namespace hermes::chat {

struct Reply {
  std::string text{};     // all of it, as it was written: for the history of the conversation
  std::string reasoning;  // trimmed; without tool calls
  std::string content;    // trimmed; without tool calls
  std::vector<ToolCall> tool_calls;
  bool has_reasoning = false;           // it was opened (or left open by the prompt)
  bool reasoning_closed = false;        // and closed
  std::string withheld{};               // of a reply that was cut off: a tag or call that was not whole
  std::vector<std::string> problems{};  // "tool call 1: not JSON at byte 7"
};

// Adds up the events of one reply.
class ReplyBuilder {
 public:
  void add(const ReplyEvent& event);
  // The reply so far, with what only the parser knows.
  Reply take(const StreamParser& parser) &&;

 private:
  Reply reply_;
};

Reply parse_reply(std::string_view text, StreamParserOptions options,
                  StreamParser::Ending ending = StreamParser::Ending::kComplete);
// In the format of Hermes.
Reply parse_reply(std::string_view text, bool think_left_open = false);

// As OpenAI's interface writes an assistant's message: {"role", "content", "reasoning_content" (null: none was opened),
// "tool_calls": [{"id", "type", "function": {"name", "arguments": text}}]}.
json::object to_openai_message(const Reply& reply);

}  // namespace hermes::chat
