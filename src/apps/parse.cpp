#include <boost/json.hpp>
#include <iostream>
#include <iterator>

#include "apps/chat_model.h"
#include "apps/commands.h"
#include "base/file.h"
#include "chat/reply.h"

namespace hermes::apps {
namespace {

struct ParseOptions {
  std::string path = std::string(kEmbeddedModel), format, tools;
  int64_t chunk = 0;  // bytes; 0: all at once
  bool left_open = false, cut_off = false, events = false, json = false;
};

json::object to_json(const chat::ReplyEvent& event) {
  if (const auto* e = std::get_if<chat::ReasoningDelta>(&event)) return {{"event", "reasoning"}, {"text", e->text}};
  if (const auto* e = std::get_if<chat::ContentDelta>(&event)) return {{"event", "content"}, {"text", e->text}};
  if (const auto* e = std::get_if<chat::ToolCallBegin>(&event)) {
    return {{"event", "tool_call"}, {"index", e->index}, {"id", e->id}, {"name", e->name}};
  }
  if (const auto* e = std::get_if<chat::ToolCallArguments>(&event)) {
    return {{"event", "arguments"}, {"index", e->index}, {"text", e->text}};
  }
  if (const auto* e = std::get_if<chat::ToolCallEnd>(&event)) return {{"event", "tool_call_end"}, {"index", e->index}};
  return {{"event", "tool_call_dropped"}, {"index", std::get<chat::ToolCallDropped>(event).index}};
}

std::string for_people(const chat::Reply& reply, std::string_view finish) {
  std::string out;
  if (reply.has_reasoning) {
    out += fmt::format("reasoning{}:\n{}\n\n", reply.reasoning_closed ? "" : " (not closed)", reply.reasoning);
  }
  if (!reply.content.empty()) out += fmt::format("content:\n{}\n\n", reply.content);
  for (const chat::ToolCall& call : reply.tool_calls) {
    out += fmt::format("tool call {}: {} {}\n\n", call.id, call.name, call.arguments_text);
  }
  if (!reply.withheld.empty()) out += fmt::format("withheld:\n{}\n\n", reply.withheld);
  for (const std::string& problem : reply.problems) out += fmt::format("problem: {}\n", problem);
  return out + fmt::format("finish reason: {}\n", finish);
}

Result<chat::ReplyFormat> format_of(const ParseOptions& options) {
  if (options.format.empty()) {
    HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(options.path));
    HERMES_ASSIGN(const chat::PromptFormat prompt_format, load_prompt_format(*files));
    return prompt_format.reply_format();
  }
  const auto found = chat::find_reply_format(options.format);
  if (!found) {
    return Error::invalid("--format {}: there is no such format; there are {}", options.format,
                          chat::reply_format_names());
  }
  return *found;
}

Status parse(const ParseOptions& options) {
  chat::StreamParserOptions how;
  HERMES_ASSIGN(how.format, format_of(options));
  how.think_left_open = options.left_open;
  if (!options.tools.empty()) {
    HERMES_ASSIGN(how.tools, read_tools(options.tools));
  }
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  chat::StreamParser parser(std::move(how));
  chat::ReplyBuilder builder;
  Status printed;
  const auto sink = [&](const chat::ReplyEvent& event) {
    builder.add(event);
    if (options.events && printed.ok()) printed = print(to_json_text(to_json(event)) + "\n");
  };
  const size_t chunk = options.chunk > 0 ? static_cast<size_t>(options.chunk) : std::max<size_t>(1, text.size());
  for (size_t at = 0; at < text.size(); at += chunk) parser.push(std::string_view(text).substr(at, chunk), sink);
  parser.finish(options.cut_off ? chat::StreamParser::Ending::kCutOff : chat::StreamParser::Ending::kComplete, sink);
  HERMES_TRY(printed);
  const chat::Reply reply = std::move(builder).take(parser);
  const std::string_view finish = options.cut_off ? "length" : reply.tool_calls.empty() ? "stop" : "tool_calls";
  if (!options.json) return options.events ? Status() : print(for_people(reply, finish));
  json::object out = chat::to_openai_message(reply);
  out["finish_reason"] = std::string(finish);
  if (!reply.withheld.empty()) out["withheld"] = reply.withheld;
  if (!reply.problems.empty()) out["problems"] = json::value_from(reply.problems);
  return print(to_json_text(out) + "\n");
}

}  // namespace

void add_parse(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("parse", "take apart what a model wrote: reasoning, content, tool calls");
  auto options = std::make_shared<ParseOptions>();
  auto* model = command->add_option("MODEL", options->path,
                                    "model folder or .gguf file, for its format; default: the embedded hermes-nano");
  command->add_option("--format", options->format, "instead: " + chat::reply_format_names())->excludes(model);
  command->add_option("--tools", options->tools, "JSON list of tools: types of values that have no quotes");
  command->add_option("--chunk", options->chunk, "read so many bytes at a time, as a stream would bring them")
      ->check(CLI::PositiveNumber);
  command->add_flag("--think-left-open", options->left_open, "the prompt ended inside reasoning");
  command->add_flag("--cut-off", options->cut_off, "the text was cut off by a limit, not ended by the model");
  command->add_flag("--events", options->events, "print the events of the stream, one JSON object a line");
  command->add_flag("--json", options->json, "print the message as JSON");
  command->footer(
      "The text comes on standard input.\n"
      "Example: echo '<think>hm</think>Yes.' | hermes parse --format hermes --json");
  command->callback([options, &action] { action = [options] { return parse(*options); }; });
}

}  // namespace hermes::apps
