// Perplexity: how well a model foretells a text; and how far one model is from another, its reference (the same model
// before it was quantised).
//
// As llama.cpp's llama-perplexity counts: of every chunk of n tokens, the tokens behind its first half are scored,
// each given those before it in the chunk: tokens n/2 + 1 to n - 1. Perplexity is exp of the mean of -ln p(token).
// Errors are standard errors of means over tokens, as if tokens were independent. Logits are F32, all that follows
// from them F64; each token is scored by one thread and sums run over the text in order: the same bits for any number
// of threads. Both models run chunk by chunk; nothing is kept of a token but its scores.
// Source: llama.cpp's tools/perplexity/perplexity.cpp (which rounds the reference's logarithms to 16 bits on disk).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "engine/text_chunks.h"
#include "model/decoder.h"

namespace hermes::engine {

// What is kept of one token. Natural logarithms.
struct TokenScore {
  double surprise = 0;            // -ln p(token) by the model
  double reference_surprise = 0;  // by the reference
  double divergence = 0;          // KL(reference || model) of the two distributions of which the token was one draw
  bool same_top = false;          // whether both think the same token the most probable (of equals the first)
};
// `logits` and `reference` [vocab]; `reference` may be empty: the three last members say nothing then. Numbers that
// are not finite give scores that are not.
TokenScore score_token(std::span<const float> logits, std::span<const float> reference, int32_t token);

struct Estimate {
  double value = 0, error = 0;  // a mean, or a function of one, and its standard error
};

struct Divergence {
  Estimate reference_perplexity;
  Estimate log_ratio;  // ln(perplexity / reference's), the error that of the differences token by token
  Estimate mean;       // of KL(reference || model), in nats
  double median = 0, percentile_99 = 0, maximum = 0;  // of it
  Estimate change;                                    // of the token's probability: model's - reference's, from -1 to 1
  double change_rms = 0;                              // root of the mean of its square
  Estimate same_top;                                  // share of tokens, from 0 to 1
};

struct PerplexityReport {
  int64_t chunks = 0, tokens = 0;  // tokens that were scored
  Estimate perplexity;
  std::optional<Divergence> divergence;  // where there is a reference
};
// `scores` of at least one token.
PerplexityReport summarise(std::span<const TokenScore> scores, bool with_reference);

struct PerplexityOptions {
  DType kv_dtype = DType::kF32;
  const std::atomic<bool>* cancel = nullptr;  // stops between pieces of a chunk
  // Called after each piece: the tokens done (run, whether scored or not), and the perplexity of those scored so far.
  std::function<void(int64_t tokens, double perplexity)> progress{};
};

// Runs all chunks; `reference` may be nullptr. Neither decoder may be in use by another; `pool` is used between their
// passes. Cancelled, it reports the chunks that are complete; an error of code kCancelled where none is. Invalid where
// chunks have fewer than four tokens or do not fit a model's context, where a token is not of the vocabulary, or where
// vocabularies differ in size; corrupt where logits are not finite.
Result<PerplexityReport> measure_perplexity(model::Decoder& decoder, model::Decoder* reference, ThreadPool& pool,
                                            const TextChunks& text, const PerplexityOptions& options = {});

}  // namespace hermes::engine
