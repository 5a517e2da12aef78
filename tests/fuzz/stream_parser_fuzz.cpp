// Arbitrary bytes as what a model writes: the first chooses format, opening and ending, and how the rest is cut. However
// it is cut, the message is the same, and the events keep their promises.
#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "chat/reply.h"

namespace chat = hermes::chat;

namespace {

std::string parse(std::string_view text, const chat::StreamParserOptions& options, chat::StreamParser::Ending ending,
                  size_t piece) {
  chat::StreamParser parser(options);
  chat::ReplyBuilder builder;
  std::map<size_t, std::string> open;  // arguments of calls that have begun and not ended
  size_t next = 0;
  const auto sink = [&](const chat::ReplyEvent& event) {
    builder.add(event);
    if (const auto* begin = std::get_if<chat::ToolCallBegin>(&event)) {
      HERMES_CHECK(open.empty() && begin->index >= next && !begin->name.empty());
      next = begin->index + 1;
      open[begin->index];
    } else if (const auto* arguments = std::get_if<chat::ToolCallArguments>(&event)) {
      open.at(arguments->index) += arguments->text;
    } else if (const auto* end = std::get_if<chat::ToolCallEnd>(&event)) {
      HERMES_CHECK(open.at(end->index) == end->call.arguments_text);
      HERMES_CHECK(hermes::parse_json(end->call.arguments_text, "arguments").ok());
      open.erase(end->index);
    } else if (const auto* dropped = std::get_if<chat::ToolCallDropped>(&event)) {
      HERMES_CHECK(open.erase(dropped->index) == 1);
    }
  };
  for (size_t at = 0; at < text.size(); at += piece) parser.push(text.substr(at, piece), sink);
  parser.finish(ending, sink);
  HERMES_CHECK(open.empty() || ending == chat::StreamParser::Ending::kCutOff);
  const chat::Reply reply = std::move(builder).take(parser);
  std::string out = reply.reasoning + '\0' + reply.content + '\0' + reply.withheld;
  for (const chat::ToolCall& call : reply.tool_calls) out += '\0' + call.id + call.name + call.arguments_text;
  for (const std::string& problem : reply.problems) out += '\0' + problem;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const chat::StreamParserOptions options{.format = chat::kReplyFormats[data[0] & 3],
                                          .think_left_open = (data[0] & 4) != 0};
  const auto ending = (data[0] & 8) != 0 ? chat::StreamParser::Ending::kCutOff : chat::StreamParser::Ending::kComplete;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = parse(text, options, ending, size);
  HERMES_CHECK(parse(text, options, ending, 1) == whole);
  HERMES_CHECK(parse(text, options, ending, 2 + (data[0] >> 4)) == whole);
  return 0;
}
