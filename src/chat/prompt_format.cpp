#include "chat/prompt_format.h"

#include <algorithm>

namespace hermes::chat {

std::string added_sentences(std::string_view without, std::string_view with) {
  const size_t shorter = std::min(without.size(), with.size());
  size_t begin = 0;
  while (begin < shorter && without[begin] == with[begin]) ++begin;
  size_t tail = 0;
  while (tail < shorter - begin && without[without.size() - 1 - tail] == with[with.size() - 1 - tail]) ++tail;
  size_t end = with.size() - tail;
  const bool replaces = without.size() - tail > begin;
  // To the left: up to the end of the sentence before, a line break or a special token.
  constexpr std::string_view kEnds = ".!?\n>";
  const auto is_end = [&](size_t i) { return kEnds.find(with[i]) != std::string_view::npos; };
  while (begin > 0 && replaces && !is_end(begin - 1)) --begin;
  // To the right: the sentence's own stop.
  if (replaces && end < with.size() && end > begin && !is_end(end - 1) && is_end(end) && with[end] != '>') ++end;
  while (begin < end && (with[begin] == ' ' || with[begin] == '\n')) ++begin;
  while (end > begin && (with[end - 1] == ' ' || with[end - 1] == '\n')) --end;
  return std::string(with.substr(begin, end - begin));
}

namespace {

// The switches of the templates in the wild.
json::object variables_of(const PromptOptions& options) {
  return {{"thinking", options.thinking},
          {"enable_thinking", options.thinking},  // Qwen3
          {"keep_cots", options.keep_cots},
          {"thinking_budget", options.thinking ? options.reasoning_budget : 0}};  // Seed-OSS
}

json::object probe_tool() {
  const json::object parameters{{"type", "object"}, {"properties", {{"probe_key", {{"type", "string"}}}}}};
  return {{"type", "function"},
          {"function", {{"name", "probe_name"}, {"description", "?"}, {"parameters", parameters}}}};
}

}  // namespace

Result<PromptFormat> PromptFormat::make(ChatTemplate chat_template, json::object constants) {
  PromptFormat format(std::move(chat_template), std::move(constants));
  Conversation plain{.messages = {{.role = "user", .content = "?"}}, .tools = {}};
  Result<std::string> without = format.render_plain(plain, {});
  if (!without.ok() && !format.constants_.contains("bos_token")) {
    format.constants_.emplace("bos_token", "");
    if (Result<std::string> again = format.render_plain(plain, {}); again.ok()) without = std::move(again);
  }
  if (!without.ok()) {  // a template for conversations with tools alone
    plain.tools.push_back(probe_tool());
    if (Result<std::string> again = format.render_plain(plain, {}); again.ok()) without = std::move(again);
  }
  if (!without.ok()) return without.error();
  HERMES_ASSIGN(const std::string with, format.render_plain(plain, {{"thinking", true}}));
  if (with != *without) format.reasoning_prompt_ = added_sentences(*without, with);
  format.find_reply_format();

  Conversation history = plain;
  history.messages.push_back({.role = "assistant", .content = "!"});
  history.messages.push_back({.role = "user", .content = "?"});
  format.needs_think_close_ =
      format.render_plain(history, {}).ok() && !format.render_plain(history, {{"thinking", true}}).ok();

  const Result<std::string> headless = format.render_plain(plain, {}, /*generation_prompt=*/false);
  if (headless.ok() && without->starts_with(*headless)) {
    const std::string header = without->substr(headless->size());
    const size_t word = header.find("assistant");
    const size_t end = header.find_last_not_of(" \n");  // white space differs between the templates' branches
    if (word != std::string::npos && end > word) format.assistant_header_ = header.substr(0, end + 1);
  }
  return format;
}

// Renders a call of a known name, and looks how it was written.
void PromptFormat::find_reply_format() {
  Conversation probe{.messages = {{.role = "user", .content = "?"},
                                  {.role = "assistant",
                                   .content = "",
                                   .tool_calls = {{.name = "probe_name",
                                                   .arguments = {{"probe_key", "probe_value"}},
                                                   .id = "call00000"}}},
                                  {.role = "tool", .content = "{}", .tool_call_id = "call00000"}},
                     .tools = {probe_tool()}};
  const Result<std::string> with = render_plain(probe, {});
  probe.messages.resize(1);
  const Result<std::string> before = render_plain(probe, {}, /*generation_prompt=*/false);
  if (!with.ok() || !before.ok()) return;
  // The turn alone: what templates say about tools in the system message may mention several formats.
  const std::string turn = with->starts_with(*before) ? with->substr(before->size()) : *with;
  const auto has = [&](std::string_view text) { return turn.find(text) != std::string::npos; };
  if (has(tags_of(ReplyFormat::kSeedOss).call_open)) {
    reply_format_ = ReplyFormat::kSeedOss;
  } else if (has("<function=probe_name>")) {
    reply_format_ = ReplyFormat::kQwen3Coder;
  } else if (has(tags_of(ReplyFormat::kHermes).call_open)) {
    reply_format_ = ReplyFormat::kHermes;
  } else if (has("probe_name") && has("\"parameters\"")) {
    reply_format_ = ReplyFormat::kLlama3Json;
  }
}

Result<std::string> PromptFormat::render_plain(const Conversation& conversation, const json::object& variables,
                                               bool generation_prompt) const {
  json::object more = constants_;
  for (const auto& [name, value] : variables) more[name] = value;
  HERMES_ASSIGN(Rendered rendered, template_.render(template_variables(conversation, generation_prompt, more)));
  return std::move(rendered.text);
}

Result<std::string> PromptFormat::rename_assistant(const std::string& text, const std::string& role) const {
  if (role.find_first_of("<>|\n") != std::string::npos) {
    return Error::invalid("the assistant's role \"{}\" must not contain <, >, | or a line break", role);
  }
  if (assistant_header_.empty()) {
    return Error::unsupported(
        "the chat template does not write \"assistant\" over the assistant's turns: its role cannot "
        "be renamed");
  }
  std::string header = assistant_header_;
  header.replace(header.find("assistant"), std::string_view("assistant").size(), role);
  std::string renamed;
  size_t at = 0;
  for (size_t found; (found = text.find(assistant_header_, at)) != std::string::npos;) {
    renamed.append(text, at, found - at).append(header);
    at = found + assistant_header_.size();
  }
  return renamed.append(text, at);
}

Result<Prompt> PromptFormat::render(const Conversation& conversation, const PromptOptions& options) const {
  Prompt prompt;
  Conversation asked = conversation;
  const bool own_system = !asked.messages.empty() && asked.messages.front().role == "system";
  if (options.thinking && options.add_reasoning_prompt && own_system && !reasoning_prompt_.empty() &&
      asked.messages.front().content.find(reasoning_prompt_) == std::string::npos) {
    std::string& system = asked.messages.front().content;
    system += (system.empty() ? "" : "\n\n") + reasoning_prompt_;
    prompt.reasoning_prompt_added = true;
  }
  if (needs_think_close_ && options.thinking && !options.keep_cots) {
    const std::string_view close = tags_of(reply_format_).think_close;
    for (Message& message : asked.messages) {
      if (message.role == "assistant" && message.content.find(close) == std::string::npos) {
        message.content.insert(0, close);
      }
    }
  }
  HERMES_ASSIGN(prompt.text, render_plain(asked, variables_of(options)));
  if (!options.assistant_role.empty() && options.assistant_role != "assistant") {
    HERMES_ASSIGN(prompt.text, rename_assistant(prompt.text, options.assistant_role));
  }
  prompt.think_left_open = leaves_think_open(prompt.text, reply_format_) || think_is_open(conversation, reply_format_);
  return prompt;
}

bool think_is_open(const Conversation& conversation, ReplyFormat format) {
  const ReplyTags& tags = tags_of(format);
  for (auto message = conversation.messages.rbegin(); message != conversation.messages.rend(); ++message) {
    if (message->role == "tool") continue;
    if (message->role != "assistant" || message == conversation.messages.rbegin()) return false;
    const size_t first = message->content.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return false;
    const bool opened = std::string_view(message->content).substr(first).starts_with(tags.think_open);
    const bool closed = message->content.find(tags.think_close) != std::string::npos;
    if (closed) return false;
    if (opened) return true;
    // Neither: a turn in the middle of reasoning that an earlier one opened, or one without reasoning.
  }
  return false;
}

}  // namespace hermes::chat
