// How long a model may reason: a state machine beside the stream parser, and a logits processor.
//
// hard: once that many tokens of reasoning are written, a short closing text and the closing tag are written for the
// model, which goes on with its answer. soft: from that many on, the closing tag becomes more likely where a sentence or
// a paragraph ends, the more so the nearer the hard limit (or twice the soft one) is; at the limit it is the most likely
// token there. Never inside a tool call: the limit waits for its end. Reasoning is followed by an answer: tokens that would
// end the turn are forbidden until there is something of it (a tool call is an answer).
//
// A hard limit of 0 is "no reasoning": the opening tag cannot be written, or, where the prompt left reasoning open, it
// is closed at once.
//
// Tokens of reasoning are those written while it is open, the opening tag and what is forced not counted. The same
// tokens in give the same decisions: nothing depends on time, except for `stop_thinking`, which is the user's hand.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/stream_parser/stream_parser.h"
#include "sampling/logits_processor.h"
#include "tokenizer/tokenizer.h"

namespace hermes::generate {

struct ReasoningLimits {
  int64_t hard = -1;                                                         // tokens; -1: none
  int64_t soft = -1;                                                         // tokens, not above hard; -1: none
  std::string closing_text = "\n\nI have thought enough and answer now.\n";  // before the closing tag
  const std::atomic<bool>* stop_thinking = nullptr;  // "answer now": set from any thread while it runs

  bool any() const { return hard >= 0 || soft >= 0 || stop_thinking != nullptr; }
  Status validate() const;
};

class ReasoningBudget final : public sampling::LogitsProcessor {
 public:
  // `max_tokens`: of the whole reply; the hard limit is lowered so that closing and a quarter of it for an answer fit.
  // `end_tokens` end the turn. Everything is borrowed but the limits. Fails where the tags cannot be encoded.
  static Result<ReasoningBudget> make(ReasoningLimits limits, const chat::StreamParser& parser,
                                      chat::ReplyFormat format, const tokenizer::Tokenizer& tokenizer,
                                      std::vector<int32_t> end_tokens, int64_t max_tokens);

  // After each token, when the parser has seen its text.
  void observe(std::string_view text);

  std::optional<int32_t> forced() override;
  void apply(std::span<float> logits) override;

  int64_t reasoning_tokens() const { return n_reasoning_; }

 private:
  ReasoningBudget(ReasoningLimits limits, const chat::StreamParser& parser)
      : limits_(std::move(limits)), parser_(&parser), was_thinking_(parser.thinking()) {}

  bool must_close() const;
  // 0 to 1: how much the closing tag is helped here.
  double pull() const;

  ReasoningLimits limits_;
  const chat::StreamParser* parser_;
  std::vector<int32_t> closing_;  // tokens of closing text and tag
  std::vector<int32_t> end_tokens_;
  int32_t open_tag_ = -1, close_tag_ = -1;  // their first tokens
  bool forbid_opening_ = false;
  int64_t n_reasoning_ = 0;
  size_t n_forced_ = 0;   // of closing_, while it is being written; else 0
  bool was_thinking_;     // before the last token
  bool started_ = false;  // something but white space was written
  std::string tail_;      // of the reasoning: the last bytes
};

}  // namespace hermes::generate
