// Generator: whoever turns a prompt into text. The engine is one; a client of a remote server and a script for tests
// will be others. Whoever asks (command line, server, synthesis, evaluation) knows only this header.
//
// Every accepted request ends in exactly one Finished event, the last one, also when it fails.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "chat/reply.h"
#include "generate/reasoning_budget.h"
#include "sampling/sampler.h"

namespace hermes::generate {

enum class FinishReason {
  kStop,       // the model ended its turn, or a stop string came
  kToolCalls,  // the model ended its turn, and wants tools called
  kLength,     // max_tokens or the context ran out
  kCancelled,  // the caller asked
  kError,      // Finished::error says why
};
std::string_view to_string(FinishReason reason);  // "stop", "tool_calls", "length", "cancelled", "error"

struct Request {
  std::string prompt;               // text; special tokens in it are recognised
  bool add_special = true;          // the tokenizer's BOS is added; false where a chat template wrote the prompt
  int64_t max_tokens = -1;          // new tokens at most; -1: until the context is full
  std::vector<std::string> stop{};  // text that ends generation, itself left out; with `reply`, looked for in content
  // Given: the reply is taken apart as it comes, and its events are chat::ReplyEvent. Else they are TextDelta.
  std::optional<chat::StreamParserOptions> reply{};
  ReasoningLimits reasoning{};  // where `reply` is given
  sampling::SamplingParams sampling{};
  const std::atomic<bool>* cancel = nullptr;  // set from any thread or a signal handler: end at the next step
};

struct PromptProgress {
  int64_t done = 0, total = 0;  // prompt tokens
};

struct TextDelta {
  std::string text;  // valid UTF-8, never a part of a code point
};

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t reasoning_tokens = 0;  // of them, as ReasoningBudget counts
};

struct Timings {
  double prompt_seconds = 0;      // until the first token is known
  double completion_seconds = 0;  // from then to the end
};

struct Finished {
  FinishReason reason = FinishReason::kStop;
  chat::Reply reply{};  // where the request asked for one: the sum of the events
  Usage usage;
  Timings timings;
  std::string error;  // where reason is kError
};

using Event = std::variant<PromptProgress, TextDelta, chat::ReplyEvent, Finished>;
using EventSink = FunctionRef<void(const Event&)>;

class Generator {
 public:
  virtual ~Generator() = default;
  // Runs the request to its end, calling `sink` from this thread. A request that cannot be accepted (empty prompt, too
  // long, bad parameters) is an error and sends no event.
  virtual Status generate(const Request& request, EventSink sink) = 0;
};

}  // namespace hermes::generate
