// The decoder end to end on a real shape (Llama-3.2-1B, random BF16 weights): prefill and decode, beside what this
// machine can do, measured in the same run.
//
//   build/cpu-release/bench/decoder_bench [-t THREADS] [-p 512] [-n 32] [-r 3] [-d DEPTH] [--json]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <map>

#include "base/json.h"
#include "base/rng.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/machine_limits.h"
#include "kv/kv_sequence.h"
#include "model/decoder.h"
#include "tensor/float_types.h"

namespace hermes {
namespace {

model::ArchSpec llama_1b() {
  model::ArchSpec spec;
  spec.model_type = "llama";
  spec.n_layers = 16;
  spec.hidden_size = 2048;
  spec.n_heads = 32;
  spec.n_kv_heads = 8;
  spec.head_dim = 64;
  spec.intermediate_size = 8192;
  spec.vocab_size = 128256;
  spec.max_positions = 131072;
  spec.rms_eps = 1e-5F;
  spec.tied_embeddings = true;
  spec.rope = {.theta = 500000, .llama3 = ops::Llama3Scaling{.factor = 32}};
  return spec;
}

// Every tensor of the architecture, random, in one allocation. Norm weights are 1; the rest repeats a million draws.
class RandomWeights final : public formats::TensorSource {
 public:
  RandomWeights(const model::ArchSpec& spec, ThreadPool& pool) {
    size_t bytes = 0;
    for (const auto& tensor : model::expected_tensors(spec)) {
      bytes += static_cast<size_t>(tensor.shape.elements()) * sizeof(Bf16);
    }
    memory_ = Buffer(bytes);
    std::vector<Bf16> draws(1 << 20);
    Rng rng(1);
    for (Bf16& draw : draws) draw = to_bf16(static_cast<float>(0.02 * rng.normal()));
    size_t offset = 0;
    for (const auto& tensor : model::expected_tensors(spec)) {
      const TensorView view = memory_.view(DType::kBF16, tensor.shape, offset);
      auto* out = view.as<Bf16>();
      const bool is_norm = tensor.name.ends_with("norm.weight");
      pool.parallel_for(tensor.shape.elements(), static_cast<int64_t>(draws.size()), [&](int64_t begin, int64_t end) {
        if (is_norm)
          std::fill(out + begin, out + end, to_bf16(1.0F));
        else
          std::copy(draws.begin(), draws.begin() + (end - begin), out + begin);
      });
      tensors_[tensor.name] = view;
      offset += view.bytes();
    }
  }
  std::optional<ConstTensorView> find(std::string_view name) const override {
    const auto it = tensors_.find(name);
    return it == tensors_.end() ? std::nullopt : std::optional(it->second);
  }
  std::vector<std::string> names() const override { return {}; }
  std::string file_of(std::string_view) const override { return "memory"; }
  const Buffer& memory() const { return memory_; }

 private:
  Buffer memory_;
  std::map<std::string, ConstTensorView, std::less<>> tensors_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Settings {
  int threads = available_cores();
  int64_t n_prompt = 512, n_gen = 32, depth = 0;
  int repeat = 3;
  bool json = false;
};

// Seconds to run `tokens` after what `kv` holds, as prefill (one pass) or decode (one pass a token).
double seconds(model::Decoder& decoder, kv::KvSequence& kv, std::span<const int32_t> tokens, bool one_by_one) {
  const auto start = std::chrono::steady_clock::now();
  const size_t step = one_by_one ? 1 : tokens.size();
  for (size_t i = 0; i < tokens.size(); i += step) {
    const model::Chunk chunk{.tokens = tokens.subspan(i, step), .kv = &kv};
    HERMES_CHECK(decoder.forward(std::span(&chunk, 1)).ok());
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

json::array run(const Settings& settings) {
  ThreadPool pool(settings.threads);
  const auto backend = kernels::make_cpu_backend(pool);
  const kernels::CpuIsa isa = kernels::runnable_cpu_isas().back();
  const model::ArchSpec spec = llama_1b();
  auto source = std::make_shared<RandomWeights>(spec, pool);
  const RandomWeights& weights = *source;
  const model::Weights bound = model::bind_weights(spec, source).value();

  // Arithmetic of the linear layers alone, as peers count it: no output matrix (one row of many), no attention.
  const double flops_per_token = 2.0 * static_cast<double>(spec.parameter_count() - spec.vocab_size * spec.hidden_size);
  Rng rng(2);
  std::vector<int32_t> tokens(static_cast<size_t>(settings.depth + std::max(settings.n_prompt, settings.n_gen)));
  for (int32_t& token : tokens) token = static_cast<int32_t>(rng.below(static_cast<uint64_t>(spec.vocab_size)));

  json::array results;
  if (!settings.json) {
    std::printf("%s, %d threads, Llama-3.2-1B shape, random BF16 weights, %.2f GB\n",
                std::string(backend->name()).c_str(), settings.threads,
                static_cast<double>(weights.memory().size()) / 1e9);
    std::printf("%-8s %-12s %10s %14s %14s %14s\n", "test", "activations", "tokens/s", "of bandwidth", "of bf16 peak",
                "of f32 peak");
  }
  for (const auto activations : {ops::Activations::kF32, ops::Activations::kBF16}) {
    model::Decoder decoder(spec, bound, *backend, {.activations = activations});
    const DType kv_dtype = activations == ops::Activations::kF32 ? DType::kF32 : DType::kBF16;
    for (const bool decode : {false, true}) {
      const int64_t n = decode ? settings.n_gen : settings.n_prompt;
      if (n == 0) continue;
      std::vector<double> rates, bandwidths;
      const double bf16_peak = kernels::measure_bf16_gflops(pool, isa),
                   f32_peak = kernels::measure_f32_gflops(pool, isa);
      for (int round = 0; round <= settings.repeat; ++round) {  // the first warms up
        kv::ContiguousKv kv(decoder.kv_shape(kv_dtype), settings.depth + n);
        if (settings.depth > 0)
          seconds(decoder, kv, std::span(tokens).first(static_cast<size_t>(settings.depth)), false);
        const auto part = std::span(tokens).subspan(static_cast<size_t>(settings.depth), static_cast<size_t>(n));
        const double before = kernels::measure_read_gb_per_s(pool, isa, weights.memory(), 1);
        const double rate = static_cast<double>(n) / seconds(decoder, kv, part, decode);
        const double after = kernels::measure_read_gb_per_s(pool, isa, weights.memory(), 1);
        if (round == 0) continue;
        rates.push_back(rate);
        bandwidths.push_back((before + after) / 2);
      }
      const double rate = median(rates), bandwidth = median(bandwidths);
      // Bytes a decoded token must read: all weights (the tied embedding is the output matrix) and the KV cache.
      const double bytes = static_cast<double>(weights.memory().size()) +
                           static_cast<double>(decoder.kv_shape(kv_dtype).bytes_per_position()) *
                               (static_cast<double>(settings.depth) + static_cast<double>(n) / 2);
      const double bandwidth_share = decode ? rate * bytes / 1e9 / bandwidth : 0;
      const double gflops = rate * flops_per_token / 1e9;
      const char* name = activations == ops::Activations::kF32 ? "f32" : "bf16";
      if (!settings.json) {
        std::printf("%s%-6lld %-12s %10.1f %8.0f %% %s %8.0f %% %12.0f %%\n", decode ? "tg" : "pp",
                    static_cast<long long>(n), name, rate, 100 * bandwidth_share,
                    decode ? fmt::format("of {:<5.1f}", bandwidth).c_str() : "        ", 100 * gflops / bf16_peak,
                    100 * gflops / f32_peak);
      }
      json::array samples;
      for (const double r : rates) samples.emplace_back(r);
      results.push_back(json::object{{"n_prompt", decode ? 0 : n},
                                     {"n_gen", decode ? n : 0},
                                     {"depth", settings.depth},
                                     {"batch", 1},
                                     {"threads", settings.threads},
                                     {"type", "BF16"},
                                     {"activations", name},
                                     {"tokens_per_second", rate},
                                     {"samples", std::move(samples)},
                                     {"bandwidth_share", bandwidth_share},
                                     {"read_gb_per_s", bandwidth},
                                     {"matrix_share", gflops / bf16_peak},
                                     {"bf16_peak_gflops", bf16_peak},
                                     {"f32_peak_gflops", f32_peak}});
    }
  }
  return results;
}

}  // namespace
}  // namespace hermes

int main(int argc, char** argv) {
  hermes::Settings settings;
  CLI::App app(
      "Prefill and decode of a Llama-3.2-1B shape with random BF16 weights, as shares of this machine's limits.");
  app.add_option("-t,--threads", settings.threads, "threads")->check(CLI::Range(1, 1024));
  app.add_option("-p", settings.n_prompt, "prompt tokens; 0: no prefill test")->check(CLI::Range(0, 131072));
  app.add_option("-n", settings.n_gen, "generated tokens; 0: no decode test")->check(CLI::Range(0, 131072));
  app.add_option("-d", settings.depth, "tokens in the cache before each test")->check(CLI::Range(0, 131072));
  app.add_option("-r", settings.repeat, "rounds; medians are reported")->check(CLI::Range(1, 100));
  app.add_flag("--json", settings.json, "one JSON array");
  CLI11_PARSE(app, argc, argv);
  const hermes::json::array results = hermes::run(settings);
  if (settings.json) std::printf("%s\n", hermes::to_json_text(results).c_str());
  return 0;
}
