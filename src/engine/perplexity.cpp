#include "engine/perplexity.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kv/kv_sequence.h"

namespace hermes::engine {
namespace {

constexpr int64_t kPiece = 256;  // tokens per forward pass: bounds logits, and the wait for a cancel
constexpr int64_t kLeastChunk = 4;

// ln p(i) = logits[i] - log_sum.
struct LogSoftmax {
  std::span<const float> logits;
  double log_sum = 0;
  size_t top = 0;

  explicit LogSoftmax(std::span<const float> all) : logits(all) {
    top = static_cast<size_t>(std::max_element(all.begin(), all.end()) - all.begin());
    const auto largest = static_cast<double>(all[top]);
    double sum = 0;
    for (const float logit : all) sum += std::exp(static_cast<double>(logit) - largest);
    log_sum = largest + std::log(sum);
  }
  double operator[](size_t i) const { return static_cast<double>(logits[i]) - log_sum; }
};

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Estimate estimate(std::span<const double> values) {
  const double mean = mean_of(values);
  const auto n = static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, values.size() > 1 ? std::sqrt(squares / n / (n - 1)) : 0};
}

// exp of a mean; to first order, its error grows by the slope.
Estimate exponential(const Estimate& of) {
  const double value = std::exp(of.value);
  return {value, value * of.error};
}

// Between two neighbours, linear. `sorted` ascending.
double quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = place - static_cast<double>(below);
  return (1 - part) * sorted[below] + part * sorted[above];
}

template <class Of>
std::vector<double> collect(std::span<const TokenScore> scores, const Of& of) {
  std::vector<double> values(scores.size());
  std::transform(scores.begin(), scores.end(), values.begin(), of);
  return values;
}

Divergence summarise_divergence(std::span<const TokenScore> scores) {
  Divergence d;
  d.reference_perplexity =
      exponential(estimate(collect(scores, [](const TokenScore& s) { return s.reference_surprise; })));
  d.log_ratio = estimate(collect(scores, [](const TokenScore& s) { return s.surprise - s.reference_surprise; }));
  std::vector<double> values = collect(scores, [](const TokenScore& s) { return s.divergence; });
  d.mean = estimate(values);
  std::sort(values.begin(), values.end());
  d.median = quantile(values, 0.5);
  d.percentile_99 = quantile(values, 0.99);
  d.maximum = values.back();
  values = collect(scores, [](const TokenScore& s) { return std::exp(-s.surprise) - std::exp(-s.reference_surprise); });
  d.change = estimate(values);
  for (double& value : values) value *= value;
  d.change_rms = std::sqrt(mean_of(values));
  d.same_top = estimate(collect(scores, [](const TokenScore& s) { return s.same_top ? 1.0 : 0.0; }));
  return d;
}

// One model's way through the chunks.
class Reader {
 public:
  Reader(model::Decoder& decoder, DType kv_dtype, int64_t size)
      : decoder_(decoder), kv_(decoder.kv_shape(kv_dtype), size) {}

  void begin_chunk() { kv_.truncate(0); }
  // The logits behind each of the tokens, where they are wanted; valid until the next call.
  Result<std::span<const float>> read(std::span<const int32_t> tokens, bool wanted) {
    const model::Chunk piece{
        .tokens = tokens, .kv = &kv_, .logits = wanted ? model::LogitsRows::kAll : model::LogitsRows::kNone};
    return decoder_.forward(std::span(&piece, 1));
  }

 private:
  model::Decoder& decoder_;
  kv::ContiguousKv kv_;
};

class Measurement {
 public:
  Measurement(model::Decoder& decoder, model::Decoder* reference, ThreadPool& pool, const TextChunks& text,
              const PerplexityOptions& options)
      : pool_(pool),
        text_(text),
        options_(options),
        vocab_(static_cast<size_t>(decoder.spec().vocab_size)),
        model_(decoder, options.kv_dtype, text.size) {
    if (reference != nullptr) reference_.emplace(*reference, options.kv_dtype, text.size);
  }

  Result<PerplexityReport> run() {
    int64_t chunks = 0;
    for (; chunks < text_.count(); ++chunks) {
      const size_t before = scores_.size();
      HERMES_ASSIGN(const bool complete, run_chunk(chunks));
      if (complete) continue;
      scores_.resize(before);
      break;
    }
    if (chunks == 0) return Error(ErrorCode::kCancelled, "interrupted before the first chunk was done");
    PerplexityReport report = summarise(scores_, reference_.has_value());
    report.chunks = chunks;
    return report;
  }

 private:
  // Whether it came to the chunk's end.
  Result<bool> run_chunk(int64_t chunk) {
    const auto tokens = text_.chunk(chunk);
    const int64_t first = text_.size / 2, end = text_.size - 1;  // the last token foretells nothing that is there
    model_.begin_chunk();
    if (reference_) reference_->begin_chunk();
    for (int64_t begin = 0; begin < end;) {
      if (options_.cancel != nullptr && options_.cancel->load(std::memory_order_relaxed)) return false;
      const bool scored = begin >= first;
      const int64_t n = std::min(kPiece, (scored ? end : first) - begin);
      const auto piece = tokens.subspan(static_cast<size_t>(begin), static_cast<size_t>(n));
      HERMES_ASSIGN(const auto logits, model_.read(piece, scored));
      std::span<const float> reference;
      if (reference_) {
        HERMES_ASSIGN(reference, reference_->read(piece, scored));
      }
      if (scored) HERMES_TRY(score(chunk, begin, tokens.subspan(static_cast<size_t>(begin) + 1), n, logits, reference));
      begin += n;
      if (options_.progress) {
        const double mean = scores_.empty() ? 0 : surprise_ / static_cast<double>(scores_.size());
        options_.progress(chunk * text_.size + (begin == end ? text_.size : begin), std::exp(mean));
      }
    }
    return true;
  }

  // Row i of the logits foretells next[i].
  Status score(int64_t chunk, int64_t begin, std::span<const int32_t> next, int64_t n, std::span<const float> logits,
               std::span<const float> reference) {
    const size_t before = scores_.size();
    scores_.resize(before + static_cast<size_t>(n));
    pool_.parallel_for(n, 1, [&](int64_t row, int64_t rows_end) {
      for (; row < rows_end; ++row) {
        const auto i = static_cast<size_t>(row);
        scores_[before + i] =
            score_token(logits.subspan(i * vocab_, vocab_),
                        reference.empty() ? reference : reference.subspan(i * vocab_, vocab_), next[i]);
      }
    });
    for (size_t i = before; i < scores_.size(); ++i) {
      const TokenScore& s = scores_[i];
      if (!std::isfinite(s.surprise) || !std::isfinite(s.reference_surprise) || !std::isfinite(s.divergence)) {
        return Error::corrupt(
            "chunk {}, token {}: {} gives logits that are not finite: its weights are damaged, or overflow", chunk,
            begin + static_cast<int64_t>(i - before), std::isfinite(s.surprise) ? "the reference" : "the model");
      }
      surprise_ += s.surprise;
    }
    return {};
  }

  ThreadPool& pool_;
  const TextChunks& text_;
  const PerplexityOptions& options_;
  size_t vocab_;
  Reader model_;
  std::optional<Reader> reference_;
  std::vector<TokenScore> scores_;
  double surprise_ = 0;  // of all scores
};

}  // namespace

TokenScore score_token(std::span<const float> logits, std::span<const float> reference, int32_t token) {
  HERMES_CHECK(token >= 0 && static_cast<size_t>(token) < logits.size());
  const auto at = static_cast<size_t>(token);
  const LogSoftmax model(logits);
  TokenScore score{.surprise = -model[at]};
  if (reference.empty()) return score;
  HERMES_CHECK(reference.size() == logits.size());
  const LogSoftmax other(reference);
  score.reference_surprise = -other[at];
  score.same_top = model.top == other.top;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double log_p = other[i], p = std::exp(log_p);
    if (p == 0) continue;  // the limit, also where the logit is -infinity
    score.divergence += p * (log_p - model[i]);
  }
  return score;
}

PerplexityReport summarise(std::span<const TokenScore> scores, bool with_reference) {
  HERMES_CHECK(!scores.empty());
  PerplexityReport report;
  report.tokens = static_cast<int64_t>(scores.size());
  report.perplexity = exponential(estimate(collect(scores, [](const TokenScore& s) { return s.surprise; })));
  if (with_reference) report.divergence = summarise_divergence(scores);
  return report;
}

Result<PerplexityReport> measure_perplexity(model::Decoder& decoder, model::Decoder* reference, ThreadPool& pool,
                                            const TextChunks& text, const PerplexityOptions& options) {
  if (text.size < kLeastChunk) {
    return Error::invalid("chunks of {} tokens leave nothing to score: {} is the least", text.size, kLeastChunk);
  }
  HERMES_TRY(check_context(text, decoder.spec().max_positions));
  if (reference != nullptr) HERMES_TRY(check_context(text, reference->spec().max_positions));
  // The last token of a chunk is foretold and never run: the decoder does not look at it.
  for (const int32_t token : text.tokens) {
    if (token < 0 || token >= decoder.spec().vocab_size) {
      return Error::invalid("token id {} is outside the model's vocabulary of {}", token, decoder.spec().vocab_size);
    }
  }
  if (reference != nullptr && reference->spec().vocab_size != decoder.spec().vocab_size) {
    return Error::invalid("the model has {} tokens, its reference {}: only models of one vocabulary can be compared",
                          decoder.spec().vocab_size, reference->spec().vocab_size);
  }
  return Measurement(decoder, reference, pool, text, options).run();
}

}  // namespace hermes::engine
