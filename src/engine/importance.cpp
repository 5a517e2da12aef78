#include "engine/importance.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "kv/kv_sequence.h"
#include "model/decoder.h"

namespace hermes::engine {
namespace {

constexpr int64_t kPiece = 256;          // tokens per forward pass: bounds logits, and the wait for a cancel
constexpr int64_t kColumnsAtOnce = 256;  // of one thread: a row's part is a few cache lines

// The linear layers of a block by their names in GGUF files.
struct BlockWeight {
  const char* name;
  model::Projection model::LayerWeights::*projection;
};
constexpr BlockWeight kBlockWeights[] = {
    {"attn_q", &model::LayerWeights::q},      {"attn_k", &model::LayerWeights::k},
    {"attn_v", &model::LayerWeights::v},      {"attn_output", &model::LayerWeights::out},
    {"ffn_gate", &model::LayerWeights::gate}, {"ffn_up", &model::LayerWeights::up},
    {"ffn_down", &model::LayerWeights::down},
};

// Passes every op on, and takes note of what linear() is given. Weights are known by where they lie.
class NotingBackend final : public ops::Backend {
 public:
  NotingBackend(ops::Backend& backend, ThreadPool& pool) : backend_(backend), pool_(pool) {}

  void watch(std::string name, const ConstTensorView& weight) {
    index_.emplace(weight.data, inputs_.size());
    inputs_.push_back(
        {.name = std::move(name), .squares = std::vector<double>(static_cast<size_t>(weight.shape[1])), .count = 0});
  }
  const std::vector<WeightInputs>& inputs() const { return inputs_; }

  std::string_view name() const override { return backend_.name(); }
  std::shared_ptr<ops::Preparation> prepare(const ConstTensorView& weight) override { return backend_.prepare(weight); }
  void embedding(const ops::EmbeddingArgs& args) override { backend_.embedding(args); }
  void rms_norm(const ops::RmsNormArgs& args) override { backend_.rms_norm(args); }
  void linear(const ops::LinearArgs& args) override {
    backend_.linear(args);
    if (const auto found = index_.find(args.weight.data); found != index_.end()) note(inputs_[found->second], args.x);
  }
  void rope(const ops::RopeArgs& args) override { backend_.rope(args); }
  void kv_store(const ops::KvStoreArgs& args) override { backend_.kv_store(args); }
  void attention(const ops::AttentionArgs& args) override { backend_.attention(args); }
  void swiglu(const ops::SwigluArgs& args) override { backend_.swiglu(args); }
  void residual_add(const ops::ResidualAddArgs& args) override { backend_.residual_add(args); }
  void softmax(const ops::SoftmaxArgs& args) override { backend_.softmax(args); }

 private:
  // Threads share the columns, never a sum.
  void note(WeightInputs& inputs, const ConstTensorView& x) {
    const int64_t n_tokens = x.shape[0], n_columns = x.shape[1];
    const float* values = x.f32();
    pool_.parallel_for(n_columns, kColumnsAtOnce, [&](int64_t begin, int64_t end) {
      for (int64_t t = 0; t < n_tokens; ++t) {
        const float* row = values + t * n_columns;
        for (int64_t k = begin; k < end; ++k) {
          const auto value = static_cast<double>(row[k]);
          inputs.squares[static_cast<size_t>(k)] += value * value;
        }
      }
    });
    inputs.count += n_tokens;
  }

  ops::Backend& backend_;
  ThreadPool& pool_;
  std::unordered_map<const void*, size_t> index_;  // weight's memory -> inputs_
  std::vector<WeightInputs> inputs_;
};

void watch_weights(NotingBackend& backend, const model::Weights& weights, bool with_output) {
  for (size_t layer = 0; layer < weights.layers.size(); ++layer) {
    for (const BlockWeight& block : kBlockWeights) {
      backend.watch(fmt::format("blk.{}.{}.weight", layer, block.name),
                    (weights.layers[layer].*block.projection).weight);
    }
  }
  const bool tied = weights.output.data == weights.embedding.data;
  if (with_output) backend.watch(tied ? "token_embd.weight" : "output.weight", weights.output);
}

Status check_finite(const std::vector<WeightInputs>& all) {
  for (const WeightInputs& inputs : all) {
    const auto finite = [](double sum) { return std::isfinite(sum); };
    if (const auto at = std::find_if_not(inputs.squares.begin(), inputs.squares.end(), finite);
        at != inputs.squares.end()) {
      return Error::corrupt(
          "the inputs of {} are not finite in column {}: the model's weights are damaged, or overflow", inputs.name,
          at - inputs.squares.begin());
    }
  }
  return {};
}

bool is_cancelled(const ImportanceOptions& options) {
  return options.cancel != nullptr && options.cancel->load(std::memory_order_relaxed);
}

}  // namespace

Result<Importance> measure_importance(const model::ArchSpec& spec, const model::Weights& weights, ops::Backend& backend,
                                      ThreadPool& pool, const TextChunks& text, const ImportanceOptions& options) {
  HERMES_TRY(check_context(text, spec.max_positions));
  NotingBackend noting(backend, pool);
  watch_weights(noting, weights, options.with_output);
  model::Decoder decoder(spec, weights, noting, {.activations = options.activations});
  kv::ContiguousKv kv(decoder.kv_shape(options.kv_dtype), text.size);

  Importance importance;
  int64_t done = 0;  // tokens
  for (; importance.chunks < text.count() && !is_cancelled(options); ++importance.chunks) {
    const auto tokens = text.chunk(importance.chunks);
    kv.truncate(0);
    while (kv.size() < text.size && !is_cancelled(options)) {
      const int64_t n = std::min(kPiece, text.size - kv.size());
      const model::Chunk piece{.tokens = tokens.subspan(static_cast<size_t>(kv.size()), static_cast<size_t>(n)),
                               .kv = &kv,
                               .logits = options.with_output ? model::LogitsRows::kAll : model::LogitsRows::kNone};
      HERMES_TRY(decoder.forward(std::span(&piece, 1)));
      done += n;
      if (options.progress) options.progress(done);
    }
    HERMES_TRY(check_finite(noting.inputs()));
    if (kv.size() < text.size) break;  // cancelled in its midst
  }
  if (done == 0) return Error(ErrorCode::kCancelled, "interrupted before the first tokens were done");
  importance.weights = noting.inputs();
  std::sort(importance.weights.begin(), importance.weights.end(),
            [](const WeightInputs& a, const WeightInputs& b) { return a.name < b.name; });
  return importance;
}

}  // namespace hermes::engine
