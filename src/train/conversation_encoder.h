// One conversation to tokens, each marked as trained or context, through the model's own chat template.
//
// The conversation is rendered prefix by prefix: what comes before an assistant turn, generation prompt included, is
// context; the turn up to and including the end-of-turn token is trained (headers are not). Hermes 4 technical report,
// section 3, and the label masking of its trainer. Text after the last trained token is dropped: nothing is learned of it.
//
// Pieces are tokenised apart at these boundaries, because that is how the sampler meets them: the prompt first, then
// the model's own tokens. The template alone says whether a text opens with the BOS token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "chat/template/chat_template.h"
#include "tokenizer/tokenizer.h"

namespace hermes::train {

struct EncodedConversation {
  std::vector<int32_t> tokens;
  std::vector<uint8_t> trained;  // [tokens]
};

struct EncoderOptions {
  std::string end_of_turn;               // the token that closes an assistant turn, as text
  std::optional<std::string> bos_token;  // the template's variables of these names, where given
  std::optional<std::string> eos_token;
  std::optional<std::string> pad_token;
  int64_t vocab_size = 0;  // of the model: ids beyond it are refused
};

// Immutable; encode may be called from several threads at once.
class ConversationEncoder {
 public:
  // Both are borrowed.
  ConversationEncoder(const chat::ChatTemplate& chat_template, const tokenizer::Tokenizer& tokenizer,
                      EncoderOptions options)
      : template_(chat_template), tokenizer_(tokenizer), options_(std::move(options)) {}

  // `record` as dataset.h describes it; `what` (file and line) opens every message. Refused: no assistant turn, a turn
  // that lacks its end-of-turn token, a template under which the conversation so far is not how the whole one begins.
  Result<EncodedConversation> encode(const JsonObject& record) const;

 private:
  Status append(std::string_view text, bool trained, const std::string& what, EncodedConversation& out) const;

  const chat::ChatTemplate& template_;
  const tokenizer::Tokenizer& tokenizer_;
  EncoderOptions options_;
};

}  // namespace hermes::train
