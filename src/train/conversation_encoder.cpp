#include "train/conversation_encoder.h"

#include <boost/json.hpp>
#include <span>

#include "chat/message.h"

namespace hermes::train {
namespace {

// Renders beginnings of one conversation.
class Renderer {
 public:
  Renderer(const chat::ChatTemplate& chat_template, const JsonObject& record,
           const std::vector<chat::Message>& messages, json::array tools, json::object variables)
      : template_(chat_template),
        record_(record),
        messages_(messages),
        tools_(std::move(tools)),
        variables_(std::move(variables)) {}

  Result<std::string> first(size_t n_messages, bool generation_prompt) const {
    chat::Conversation part;
    part.messages.assign(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(n_messages));
    part.tools = tools_;
    auto rendered = template_.render(chat::template_variables(part, generation_prompt, variables_));
    if (!rendered.ok()) return rendered.error().with_context(record_.what());
    return std::move(rendered->text);
  }

 private:
  const chat::ChatTemplate& template_;
  const JsonObject& record_;
  const std::vector<chat::Message>& messages_;
  json::array tools_;
  json::object variables_;
};

Result<json::array> read_tools(const JsonObject& record) {
  const json::value* tools = record.find("tools");
  if (tools == nullptr) return json::array();
  if (!tools->is_array()) return Error::corrupt("{}: \"tools\" is not an array", record.what());
  return tools->get_array();
}

}  // namespace

Status ConversationEncoder::append(std::string_view text, bool trained, const std::string& what,
                                   EncodedConversation& out) const {
  if (text.empty()) return {};
  const auto tokens = tokenizer_.encode(text, {.add_special = false, .parse_special = true});
  if (!tokens.ok()) return tokens.error().with_context(what);
  for (const int32_t token : *tokens) {
    if (token >= options_.vocab_size) {
      return Error::invalid("{}: token {} is outside the model's vocabulary of {}", what, token, options_.vocab_size);
    }
  }
  out.tokens.insert(out.tokens.end(), tokens->begin(), tokens->end());
  out.trained.insert(out.trained.end(), tokens->size(), trained ? 1 : 0);
  return {};
}

Result<EncodedConversation> ConversationEncoder::encode(const JsonObject& record) const {
  const std::string& what = record.what();
  const json::value* listed = record.find("messages");
  if (listed == nullptr) return Error::corrupt("{}: \"messages\" is missing", what);
  HERMES_ASSIGN(const std::vector<chat::Message> messages, chat::read_messages(*listed, what));
  HERMES_ASSIGN(json::array tools, read_tools(record));
  HERMES_ASSIGN(const std::optional<bool> thinking, record.optional_boolean("thinking"));

  json::object variables{{"keep_cots", true}, {"thinking", thinking.value_or(false)}};
  if (options_.bos_token) variables["bos_token"] = *options_.bos_token;
  if (options_.eos_token) variables["eos_token"] = *options_.eos_token;
  if (options_.pad_token) variables["pad_token"] = *options_.pad_token;
  const Renderer renderer(template_, record, messages, std::move(tools), std::move(variables));

  HERMES_ASSIGN(const std::string whole, renderer.first(messages.size(), false));
  EncodedConversation out;
  size_t done = 0;  // bytes of `whole` that are tokens already
  for (size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role != "assistant") continue;
    HERMES_ASSIGN(const std::string context, renderer.first(i, true));
    HERMES_ASSIGN(const std::string turn,
                  i + 1 == messages.size() ? Result<std::string>(whole) : renderer.first(i + 1, false));
    if (!whole.starts_with(turn) || !turn.starts_with(context) || context.size() < done) {
      return Error::invalid(
          "{}: the chat template does not keep the beginning: the text of the first {} messages is not how "
          "the whole conversation begins",
          what, i + 1);
    }
    const size_t last = turn.rfind(options_.end_of_turn);
    if (last == std::string::npos || last < context.size()) {
      return Error::invalid("{}: message {}: the assistant's turn does not end with {}", what, i, options_.end_of_turn);
    }
    const size_t end = last + options_.end_of_turn.size();
    const std::string_view text = whole;
    HERMES_TRY(append(text.substr(done, context.size() - done), false, what, out));
    HERMES_TRY(append(text.substr(context.size(), end - context.size()), messages[i].learnt, what, out));
    done = end;
  }
  if (out.tokens.empty()) return Error::invalid("{}: no assistant turn: there is nothing to learn", what);
  if (out.trained[0] != 0) return Error::invalid("{}: the first token is trained: it has no context", what);
  return out;
}

}  // namespace hermes::train
