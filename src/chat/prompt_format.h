// From a conversation to the prompt of a model: its own chat template, its special tokens, and the switch for reasoning.
//
// The template decides; around it, what is known to go wrong with the templates that Hermes models ship:
// - They ask for reasoning in the system message that they write themselves; a system message of the user's replaces it,
//   and the request to reason would be lost. So where `thinking` is on and the conversation brings its own system
//   message, what the template would have said about reasoning is added to it, after an empty line, unless it is there
//   already; the Prompt says so.
// - With thinking on they take the text after </think> from earlier assistant turns, and fail on one that has none.
//   Where a template fails so, such a turn is given as one whose reasoning is empty.
// - They add bos_token to text without asking whether there is one. It is "" where the files name none and the template
//   fails for it. The prompt holds its BOS as text: whoever encodes it must not add another.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "chat/message.h"
#include "chat/reply_format.h"
#include "chat/template/chat_template.h"

namespace hermes::chat {

struct PromptOptions {
  bool thinking = false;
  bool keep_cots = false;            // keep the reasoning of earlier turns in the prompt
  bool add_reasoning_prompt = true;  // see above
  int64_t reasoning_budget = -1;     // for templates that tell the model (Seed-OSS: thinking_budget); -1: no limit
  // How the assistant's turns are headed, where not "assistant" ("me" changes the persona of Hermes 4 markedly).
  std::string assistant_role{};
};

struct Prompt {
  std::string text;                     // special tokens are in it, the beginning of text too
  bool think_left_open = false;         // the reply begins inside reasoning
  bool reasoning_prompt_added = false;  // to the system message of the conversation
};

class PromptFormat {
 public:
  // `constants` are variables of every rendering: bos_token, eos_token. Fails where the template does not render a plain
  // question.
  static Result<PromptFormat> make(ChatTemplate chat_template, json::object constants);

  // Ends with the header of the assistant's turn.
  Result<Prompt> render(const Conversation& conversation, const PromptOptions& options) const;

  // How this model writes calls: as its template writes those of earlier turns. hermes where the template shows none.
  ReplyFormat reply_format() const { return reply_format_; }
  // What the template says about reasoning where it writes the system message itself; empty where it says nothing.
  const std::string& reasoning_prompt() const { return reasoning_prompt_; }

 private:
  PromptFormat(ChatTemplate chat_template, json::object constants)
      : template_(std::move(chat_template)), constants_(std::move(constants)) {}
  Result<std::string> render_plain(const Conversation& conversation, const json::object& variables,
                                   bool generation_prompt = true) const;
  Result<std::string> rename_assistant(const std::string& text, const std::string& role) const;
  void find_reply_format();

  ChatTemplate template_;
  json::object constants_;
  std::string reasoning_prompt_;
  ReplyFormat reply_format_ = ReplyFormat::kHermes;
  std::string assistant_header_;    // with the word "assistant" in it; empty: the template writes none
  bool needs_think_close_ = false;  // in every assistant turn of the history, with thinking on
};

// Whether the assistant is in the middle of reasoning: its last turn opened it and did not close it, and nothing but
// results of the tools that it called there has come since.
bool think_is_open(const Conversation& conversation, ReplyFormat format);

// The sentences of `with` that `without` lacks: what is between their common beginning and end, widened to whole
// sentences.
std::string added_sentences(std::string_view without, std::string_view with);

}  // namespace hermes::chat
