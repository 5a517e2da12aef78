#include "engine/local_generator.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "generate/reply_stream.h"
#include "kv/kv_sequence.h"
#include "tokenizer/detokenizer.h"

namespace hermes::engine {
namespace {

using generate::Finished;
using generate::FinishReason;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool is_cancelled(const generate::Request& request) {
  return request.cancel != nullptr && request.cancel->load(std::memory_order_relaxed);
}

}  // namespace

std::vector<int32_t> tag_tokens(const tokenizer::Tokenizer& tokenizer, chat::ReplyFormat format) {
  const chat::ReplyTags& tags = chat::tags_of(format);
  std::vector<int32_t> ids;
  for (const std::string_view tag : {tags.think_open, tags.think_close, tags.call_open, tags.call_close}) {
    if (const auto id = tokenizer.find(tag)) ids.push_back(*id);
  }
  return ids;
}

LocalGenerator::LocalGenerator(model::Decoder& decoder, const tokenizer::Tokenizer& tokenizer,
                               LocalGeneratorOptions options)
    : decoder_(decoder), tokenizer_(tokenizer), options_(std::move(options)) {
  HERMES_CHECK(options_.context > 0 && options_.prefill_chunk > 0);
}

Status LocalGenerator::generate(const generate::Request& request, generate::EventSink sink) {
  HERMES_TRY(request.sampling.validate());
  HERMES_TRY(request.reasoning.validate());
  if (request.max_tokens < -1) return Error::invalid("max_tokens is {}, must be -1 or more", request.max_tokens);
  HERMES_ASSIGN(const std::vector<int32_t> prompt,
                tokenizer_.encode(request.prompt, {.add_special = request.add_special}));
  const auto n_prompt = static_cast<int64_t>(prompt.size());
  if (prompt.empty()) return Error::invalid("the prompt is empty: there is nothing to continue");
  if (n_prompt >= options_.context) {
    return Error::invalid("the prompt has {} tokens, the context holds {}: shorten it or allow a longer context",
                          n_prompt, options_.context);
  }
  const int64_t room = options_.context - n_prompt;
  sink(decode(request, prompt, request.max_tokens < 0 ? room : std::min(room, request.max_tokens), sink));
  return {};
}

Result<std::span<const float>> LocalGenerator::prefill(const generate::Request& request,
                                                       std::span<const int32_t> prompt, kv::KvSequence& kv,
                                                       generate::EventSink sink) {
  const auto total = static_cast<int64_t>(prompt.size());
  for (int64_t done = 0;;) {
    if (is_cancelled(request)) return std::span<const float>();
    const int64_t n = std::min(options_.prefill_chunk, total - done);
    const bool last = done + n == total;
    const model::Chunk chunk{.tokens = prompt.subspan(static_cast<size_t>(done), static_cast<size_t>(n)),
                             .kv = &kv,
                             .logits = last ? model::LogitsRows::kLast : model::LogitsRows::kNone};
    HERMES_ASSIGN(const std::span<const float> logits, decoder_.forward(std::span(&chunk, 1)));
    done += n;
    sink(generate::PromptProgress{done, total});
    if (last) return logits;
  }
}

Finished LocalGenerator::decode(const generate::Request& request, std::span<const int32_t> prompt, int64_t max_tokens,
                                generate::EventSink sink) {
  Finished finished;
  finished.usage.prompt_tokens = static_cast<int64_t>(prompt.size());
  auto start = std::chrono::steady_clock::now();
  const auto finish = [&](FinishReason reason, std::string error = {}) {
    finished.reason = reason;
    finished.error = std::move(error);
    if (finished.timings.prompt_seconds > 0) finished.timings.completion_seconds = seconds_since(start);
    return finished;
  };

  kv::ContiguousKv kv(decoder_.kv_shape(options_.kv_dtype), static_cast<int64_t>(prompt.size()) + max_tokens);
  sampling::Sampler sampler(request.sampling);
  tokenizer::Detokenizer detokenizer(tokenizer_, /*skip_special=*/true, options_.shown_tokens);
  generate::ReplyStream stream(request, sink);
  std::optional<generate::ReasoningBudget> budget;
  if (stream.parser() != nullptr && request.reasoning.any()) {
    auto made = generate::ReasoningBudget::make(request.reasoning, *stream.parser(), request.reply->format, tokenizer_,
                                                options_.end_tokens, max_tokens);
    if (!made.ok()) return finish(FinishReason::kError, made.error().message());
    budget = std::move(made).value();
  }
  std::vector<float> changed;  // logits, where a processor may change them
  const auto next = [&](std::span<const float> logits) -> Result<int32_t> {
    if (!budget) return sampler.sample(logits, static_cast<uint64_t>(kv.size()));
    if (const auto forced = budget->forced()) return *forced;
    changed.assign(logits.begin(), logits.end());
    budget->apply(changed);
    return sampler.sample(changed, static_cast<uint64_t>(kv.size()));
  };

  Result<std::span<const float>> logits = prefill(request, prompt, kv, sink);
  finished.timings.prompt_seconds = seconds_since(start);
  start = std::chrono::steady_clock::now();
  FinishReason reason = FinishReason::kLength;
  for (int64_t n = 0;; ++n) {
    if (!logits.ok()) return finish(FinishReason::kError, logits.error().message());
    if (logits->empty() || is_cancelled(request)) {
      reason = FinishReason::kCancelled;
      break;
    }
    if (n == max_tokens) break;
    const Result<int32_t> token = next(*logits);
    if (!token.ok()) return finish(FinishReason::kError, token.error().message());
    ++finished.usage.completion_tokens;
    if (std::find(options_.end_tokens.begin(), options_.end_tokens.end(), *token) != options_.end_tokens.end()) {
      reason = FinishReason::kStop;
      break;
    }
    const bool was_thinking = stream.parser() != nullptr && stream.parser()->thinking();
    // Models have more rows than their tokenizers have ids; a token of such a row has no text.
    if (static_cast<size_t>(*token) < tokenizer_.vocab_size()) {
      const auto text = detokenizer.push(*token);
      if (!text.ok()) return finish(FinishReason::kError, text.error().message());
      stream.push(*text);
      if (budget) budget->observe(*text);
      if (was_thinking && stream.parser()->thinking()) ++finished.usage.reasoning_tokens;
      if (budget) finished.usage.reasoning_tokens = budget->reasoning_tokens();
    }
    if (stream.stopped()) {
      reason = FinishReason::kStop;
      break;
    }
    if (n + 1 == max_tokens) break;  // the next logits would not be used
    const model::Chunk chunk{.tokens = std::span(&*token, 1), .kv = &kv};
    logits = decoder_.forward(std::span(&chunk, 1));
  }
  if (!stream.stopped()) stream.push(detokenizer.flush());
  return finish(stream.finish(reason, finished.reply));
}

}  // namespace hermes::engine
