// From a conversation to the prompt of a model: its own chat template, its special tokens, and the switch for reasoning.
//
// Hermes templates ask for reasoning in the system message that they write themselves; a system message of the user's
// replaces it, and the request to reason would be lost. So where `thinking` is on and the conversation brings its own
// system message, what the template would have said about reasoning is added to it, after an empty line, unless it is
// there already.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "chat/message.h"
#include "chat/template/chat_template.h"

namespace hermes::chat {

struct PromptOptions {
  bool thinking = false;
  bool keep_cots = false;            // keep the reasoning of earlier turns in the prompt
  bool add_reasoning_prompt = true;  // see above
};

class PromptFormat {
 public:
  // `constants` are variables of every rendering: bos_token, eos_token. Fails where the template does not render a plain
  // question.
  static Result<PromptFormat> make(ChatTemplate chat_template, json::object constants);

  // Ends with the header of the assistant's turn. Special tokens are in the text, the beginning of text too.
  Result<std::string> render(const Conversation& conversation, const PromptOptions& options) const;

  // What the template says about reasoning where it writes the system message itself; empty where it says nothing.
  const std::string& reasoning_prompt() const { return reasoning_prompt_; }

 private:
  PromptFormat(ChatTemplate chat_template, json::object constants)
      : template_(std::move(chat_template)), constants_(std::move(constants)) {}
  Result<std::string> render_plain(const Conversation& conversation, const PromptOptions& options) const;

  ChatTemplate template_;
  json::object constants_;
  std::string reasoning_prompt_;
};

// The sentences of `with` that `without` lacks: what is between their common beginning and end, widened to whole
// sentences.
std::string added_sentences(std::string_view without, std::string_view with);

}  // namespace hermes::chat
