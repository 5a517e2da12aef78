#include "engine/speed_test.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>

#include "base/rng.h"
#include "kv/kv_sequence.h"
#include "tensor/float_types.h"

namespace hermes::engine {
namespace {

using Clock = std::chrono::steady_clock;

// A plain congruential generator: there may be billions of numbers to draw.
uint32_t draw(uint32_t& state) { return state = state * 1664525 + 1013904223; }

// n elements of tiles of Q8_0: any int8, all of one scale.
void fill_q8(std::byte* page, int64_t n, int64_t width, uint32_t& state) {
  const F16 scale = to_f16(0x1p-8F);
  for (const std::byte* end = page + bytes_of(DType::kQ8_0, n); page < end;) {
    for (int64_t i = 0; i < ops::kAttentionTile * width; ++i) {
      *page++ = static_cast<std::byte>(draw(state) >> 24);
    }
    for (int64_t i = 0; i < ops::kAttentionTile * width / 32; ++i, page += sizeof scale) {
      std::memcpy(page, &scale, sizeof scale);
    }
  }
}

// Small numbers of either sign in every element of the sequence's pages, so that each has memory of its own.
void fill(kv::KvSequence& kv, uint32_t state) {
  const kv::KvShape& shape = kv.shape();
  const int64_t width = padded_elements(shape.dtype, shape.head_dim);
  const int64_t n = shape.n_kv_heads * kv.page_size() * width;
  const auto fill_page = [&](std::byte* page) {
    if (shape.dtype == DType::kQ8_0) return fill_q8(page, n, width, state);
    for (int64_t i = 0; i < n; ++i) {
      const float x = static_cast<float>(static_cast<int32_t>(draw(state))) * 0x1p-32F;
      switch (shape.dtype) {
        case DType::kF16:
          reinterpret_cast<F16*>(page)[i] = to_f16(x);
          break;
        case DType::kBF16:
          reinterpret_cast<Bf16*>(page)[i] = to_bf16(x);
          break;
        default:
          reinterpret_cast<float*>(page)[i] = x;
      }
    }
  };
  for (int layer = 0; layer < shape.n_layers; ++layer) {
    for (std::byte* page : kv.k_pages(layer)) fill_page(page);
    for (std::byte* page : kv.v_pages(layer)) fill_page(page);
  }
}

template <class Visit>
void for_each_matrix(const model::Weights& weights, const Visit& visit) {
  for (const model::LayerWeights& layer : weights.layers) {
    for (const model::Projection* p : {&layer.q, &layer.k, &layer.v, &layer.out, &layer.gate, &layer.up, &layer.down}) {
      visit(p->weight);
    }
  }
}

class Runner {
 public:
  Runner(model::Decoder& decoder, const SpeedTest& test, const SpeedOptions& options)
      : decoder_(decoder), test_(test), options_(options) {}

  Status prepare() {
    Rng rng(1);
    const int64_t capacity = test_.depth + std::max(test_.n_prompt, test_.n_gen);
    for (int64_t b = 0; b < test_.batch; ++b) {
      sequences_.push_back(std::make_unique<kv::ContiguousKv>(decoder_.kv_shape(options_.kv_dtype), capacity));
      if (test_.depth == 0) continue;
      HERMES_TRY(sequences_.back()->reserve(test_.depth));
      fill(*sequences_.back(), rng.next_u32());
      sequences_.back()->advance(test_.depth);
    }
    tokens_.resize(static_cast<size_t>(std::max(test_.n_prompt, test_.batch)));
    for (int32_t& token : tokens_) token = static_cast<int32_t>(rng.below(vocab_size()));
    return {};
  }

  Result<double> run() {
    for (const auto& sequence : sequences_) sequence->truncate(test_.depth);
    const auto start = Clock::now();
    HERMES_TRY(test_.n_prompt > 0 ? prompt() : generate());
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

 private:
  uint64_t vocab_size() const { return static_cast<uint64_t>(decoder_.spec().vocab_size); }

  Status prompt() {
    const std::span<const int32_t> all(tokens_);
    for (int64_t done = 0; done < test_.n_prompt; done += options_.prefill_chunk) {
      const int64_t n = std::min(options_.prefill_chunk, test_.n_prompt - done);
      const model::Chunk chunk{
          .tokens = all.subspan(static_cast<size_t>(done), static_cast<size_t>(n)),
          .kv = sequences_[0].get(),
          .logits = done + n == test_.n_prompt ? model::LogitsRows::kLast : model::LogitsRows::kNone};
      HERMES_TRY(decoder_.forward(std::span(&chunk, 1)));
    }
    return {};
  }

  Status generate() {
    std::vector<model::Chunk> batch;
    for (size_t b = 0; b < sequences_.size(); ++b) {
      batch.push_back({.tokens = std::span(tokens_).subspan(b, 1), .kv = sequences_[b].get()});
    }
    for (int64_t step = 0; step < test_.n_gen; ++step) HERMES_TRY(decoder_.forward(batch));
    return {};
  }

  model::Decoder& decoder_;
  const SpeedTest& test_;
  const SpeedOptions& options_;
  std::vector<std::unique_ptr<kv::ContiguousKv>> sequences_;
  std::vector<int32_t> tokens_;
};

}  // namespace

SpeedWork work_of(const model::Decoder& decoder, const SpeedTest& test, DType kv_dtype) {
  const model::Weights& weights = decoder.weights();
  double elements = 0, bytes = 0;
  for_each_matrix(weights, [&](const ConstTensorView& weight) {
    elements += static_cast<double>(weight.shape.elements());
    bytes += static_cast<double>(weight.bytes());
  });
  const auto output = static_cast<double>(weights.output.shape.elements());
  const double kv = static_cast<double>(decoder.kv_shape(kv_dtype).bytes_per_position()) *
                    static_cast<double>(test.depth * test.batch);
  const auto prompt = static_cast<double>(test.n_prompt), gen = static_cast<double>(test.n_gen * test.batch);
  // The output matrix sees the last token of a prompt, and every token that is generated.
  const double ops = test.n_prompt > 0 ? prompt * elements + output : gen * (elements + output);
  return {.bytes_per_step = bytes + static_cast<double>(weights.output.bytes()) + kv, .ops_per_run = 2 * ops};
}

Result<std::vector<double>> run_speed_test(model::Decoder& decoder, const SpeedTest& test,
                                           const SpeedOptions& options) {
  HERMES_CHECK((test.n_prompt > 0) != (test.n_gen > 0) && test.batch > 0 && options.prefill_chunk > 0);
  Runner runner(decoder, test, options);
  HERMES_TRY(runner.prepare());
  HERMES_TRY(runner.run());
  std::vector<double> seconds;
  for (int i = 0; i < options.repeats; ++i) {
    if (options.before_run) options.before_run(i);
    HERMES_ASSIGN(const double run, runner.run());
    seconds.push_back(run);
  }
  return seconds;
}

}  // namespace hermes::engine
