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

Result<PromptFormat> PromptFormat::make(ChatTemplate chat_template, json::object constants) {
  PromptFormat format(std::move(chat_template), std::move(constants));
  const Conversation plain{.messages = {{.role = "user", .content = "?"}}, .tools = {}};
  HERMES_ASSIGN(const std::string without, format.render_plain(plain, {}));
  HERMES_ASSIGN(const std::string with, format.render_plain(plain, {.thinking = true}));
  if (with != without) format.reasoning_prompt_ = added_sentences(without, with);
  return format;
}

Result<std::string> PromptFormat::render_plain(const Conversation& conversation, const PromptOptions& options) const {
  json::object more = constants_;
  more["thinking"] = options.thinking;
  more["keep_cots"] = options.keep_cots;
  HERMES_ASSIGN(Rendered rendered, template_.render(template_variables(conversation, true, more)));
  return std::move(rendered.text);
}

Result<std::string> PromptFormat::render(const Conversation& conversation, const PromptOptions& options) const {
  const bool own_system = !conversation.messages.empty() && conversation.messages.front().role == "system";
  if (!options.thinking || !options.add_reasoning_prompt || !own_system || reasoning_prompt_.empty() ||
      conversation.messages.front().content.find(reasoning_prompt_) != std::string::npos) {
    return render_plain(conversation, options);
  }
  Conversation asked = conversation;
  asked.messages.front().content += "\n\n" + reasoning_prompt_;
  return render_plain(asked, options);
}

}  // namespace hermes::chat
