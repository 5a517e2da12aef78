// Speeds of the ops that training runs, one thread and all threads, on the shapes of a small model: 8,192 tokens,
// hidden 256, 8 heads of 32 over 4 KV heads, MLP 768, vocabulary 2,048. Where arithmetic is the limit, `peak` is the share of
// what multiply-adds in registers reach, measured just before.
//   kernels_cpu_training_bench [--benchmark_filter=REGEX] [--benchmark_repetitions=5]
#include <benchmark/benchmark.h>

#include <cmath>

#include "base/rng.h"
#include "kernels/cpu/cpu_training_backend.h"
#include "kernels/cpu/machine_limits.h"
#include "ops/rope.h"

namespace hermes::kernels {
namespace {

constexpr int64_t kTokens = 8192, kHidden = 256, kHeads = 8, kKvHeads = 4, kHeadDim = 32, kMlp = 768, kVocab = 2048;

struct Array {
  Buffer buffer;
  Shape shape;
  explicit Array(const Shape& dims, uint64_t seed = 1) : buffer(DType::kF32, dims), shape(dims) {
    Rng rng(seed);
    for (float& x : values()) x = static_cast<float>(rng.uniform() - 0.5);
  }
  TensorView view() const { return buffer.view(DType::kF32, shape); }
  std::span<float> values() const { return {view().f32(), static_cast<size_t>(shape.elements())}; }
};

// What all benchmarks of one number of threads share.
struct Machine {
  ThreadPool pool;
  std::unique_ptr<ops::Backend> forward = make_cpu_backend(pool);
  std::unique_ptr<ops::TrainingBackend> backward = make_cpu_training_backend(pool);
  explicit Machine(const benchmark::State& state) : pool(static_cast<int>(state.range(0))) {}

  void report_flops(benchmark::State& state, double flops_per_iteration) {
    const double peak = measure_f32_gflops(pool, runnable_cpu_isas().back()) * 1e9;
    const double total = flops_per_iteration * static_cast<double>(state.iterations());
    state.counters["flop/s"] = benchmark::Counter(total, benchmark::Counter::kIsRate);
    state.counters["peak"] = benchmark::Counter(total / peak, benchmark::Counter::kIsRate);
  }
  // Bytes that must be read and written at least.
  static void report_bytes(benchmark::State& state, int64_t bytes_per_iteration) {
    state.SetBytesProcessed(bytes_per_iteration * state.iterations());
  }
};

void threads(benchmark::internal::Benchmark* bench) {
  bench->Arg(1);
  if (available_cores() > 1) bench->Arg(available_cores());
  bench->UseRealTime()->Unit(benchmark::kMicrosecond);
}

void linear_forward(benchmark::State& state, int64_t t, int64_t k, int64_t n) {
  Machine machine(state);
  const Array x({t, k}), weight({n, k}), y({t, n});
  for (auto _ : state) {
    machine.forward->linear({.x = x.view(), .weight = weight.view(), .bias = {}, .y = y.view()});
  }
  machine.report_flops(state, 2.0 * static_cast<double>(t * k * n));
}

void linear_backward(benchmark::State& state, int64_t t, int64_t k, int64_t n) {
  Machine machine(state);
  const Array x({t, k}), weight({n, k}), d_y({t, n}), d_x({t, k}), d_weight({n, k});
  ops::LinearBackwardArgs args;
  args.x = x.view();
  args.weight = weight.view();
  args.d_y = d_y.view();
  args.d_x = d_x.view();
  args.d_weight = d_weight.view();
  for (auto _ : state) machine.backward->linear_backward(args);
  machine.report_flops(state, 4.0 * static_cast<double>(t * k * n));
}

// The products of the whole matrix, less what causality hides: a document of L tokens has L (L + 1) / 2 pairs.
double pairs_of(std::span<const int32_t> documents) {
  double pairs = 0;
  for (size_t i = 0; i + 1 < documents.size(); ++i) {
    const double length = documents[i + 1] - documents[i];
    pairs += length * (length + 1) / 2;
  }
  return pairs;
}

std::vector<int32_t> documents_of(int64_t t, int64_t length) {
  std::vector<int32_t> documents = {0};
  while (documents.back() < t) {
    documents.push_back(static_cast<int32_t>(std::min<int64_t>(t, documents.back() + length)));
  }
  return documents;
}

void attention_forward(benchmark::State& state, int64_t t, int64_t heads, int64_t kv_heads, int64_t dim) {
  Machine machine(state);
  const int64_t page = (t + ops::kAttentionTile - 1) / ops::kAttentionTile * ops::kAttentionTile;
  const Array q({t, heads, dim}), k({t, kv_heads, dim}, 2), v({t, kv_heads, dim}, 3), out({t, heads, dim});
  const Array k_page({page, kv_heads, dim}), v_page({page, kv_heads, dim});
  std::byte *k_pages[] = {k_page.buffer.data()}, *v_pages[] = {v_page.buffer.data()};
  std::vector<int32_t> positions(static_cast<size_t>(t)), begin(positions.size(), 0), end;
  for (size_t i = 0; i < positions.size(); ++i) {
    positions[i] = static_cast<int32_t>(i);
    end.push_back(positions[i] + 1);
  }
  const ops::KvPagesView pages{k_pages, v_pages, DType::kF32, page};
  for (auto _ : state) {
    machine.forward->kv_store({.k = k.view(), .v = v.view(), .positions = positions, .pages = pages});
    machine.forward->attention({.q = q.view(),
                                .pages = pages,
                                .kv_heads = kv_heads,
                                .kv_begin = begin,
                                .kv_end = end,
                                .scale = 0.2F,
                                .out = out.view()});
  }
  machine.report_flops(state, 4.0 * pairs_of(documents_of(t, t)) * static_cast<double>(heads * dim));
}

void attention_backward(benchmark::State& state, int64_t length, int64_t heads, int64_t kv_heads, int64_t dim) {
  Machine machine(state);
  const Shape q_shape = {kTokens, heads, dim}, kv_shape = {kTokens, kv_heads, dim};
  const Array q(q_shape, 1), k(kv_shape, 2), v(kv_shape, 3), out(q_shape, 4), d_out(q_shape, 5);
  const Array d_q(q_shape), d_k(kv_shape), d_v(kv_shape);
  const std::vector<int32_t> documents = documents_of(kTokens, length);
  for (auto _ : state) {
    machine.backward->attention_backward({.q = q.view(),
                                          .k = k.view(),
                                          .v = v.view(),
                                          .out = out.view(),
                                          .d_out = d_out.view(),
                                          .documents = documents,
                                          .scale = 0.2F,
                                          .d_q = d_q.view(),
                                          .d_k = d_k.view(),
                                          .d_v = d_v.view()});
  }
  machine.report_flops(state, 10.0 * pairs_of(documents) * static_cast<double>(heads * dim));
}

void rms_norm_backward(benchmark::State& state) {
  Machine machine(state);
  const Array x({kTokens, kHidden}), weight({kHidden}), d({kTokens, kHidden}), d_x({kTokens, kHidden}),
      d_weight({kHidden});
  for (auto _ : state) {
    machine.backward->rms_norm_backward(
        {.x = x.view(), .weight = weight.view(), .d_out = d.view(), .d_x = d_x.view(), .d_weight = d_weight.view()});
  }
  Machine::report_bytes(state, kTokens * kHidden * 12);
}

void swiglu_backward(benchmark::State& state) {
  Machine machine(state);
  const Shape shape = {kTokens, kMlp};
  const Array gate(shape), up(shape), d(shape), d_gate(shape), d_up(shape);
  for (auto _ : state) {
    machine.backward->swiglu_backward(
        {.gate = gate.view(), .up = up.view(), .d_out = d.view(), .d_gate = d_gate.view(), .d_up = d_up.view()});
  }
  Machine::report_bytes(state, kTokens * kMlp * 20);
}

void rope_backward(benchmark::State& state) {
  Machine machine(state);
  const Array d({kTokens, kHeads, kHeadDim});
  const std::vector<float> inv_freq = ops::rope_inv_freq(kHeadDim, 10000);
  std::vector<int32_t> positions(kTokens);
  for (size_t t = 0; t < positions.size(); ++t) positions[t] = static_cast<int32_t>(t % 300);
  for (auto _ : state) {
    machine.backward->rope_backward({.d_x = d.view(), .positions = positions, .inv_freq = inv_freq});
  }
  Machine::report_bytes(state, kTokens * kHeads * kHeadDim * 8);
}

void cross_entropy(benchmark::State& state, bool loss_only) {
  Machine machine(state);
  const Array logits({kTokens, kVocab}), loss({kTokens});
  std::vector<int32_t> labels(kTokens);
  for (size_t r = 0; r < labels.size(); ++r) labels[r] = static_cast<int32_t>(r % kVocab);
  for (auto _ : state) {
    machine.backward->cross_entropy(
        {.logits = logits.view(), .labels = labels, .scale = 0.001F, .loss_only = loss_only, .loss = loss.values()});
  }
  Machine::report_bytes(state, kTokens * kVocab * (loss_only ? 4 : 8));
}

void embedding_backward(benchmark::State& state) {
  Machine machine(state);
  const Array d_out({kTokens, kHidden}), d_table({kVocab, kHidden});
  std::vector<int32_t> tokens(kTokens);
  Rng rng(7);
  for (int32_t& token : tokens) token = static_cast<int32_t>(rng.below(kVocab));
  for (auto _ : state) {
    machine.backward->embedding_backward({.tokens = tokens, .d_out = d_out.view(), .d_table = d_table.view()});
  }
  Machine::report_bytes(state, kTokens * kHidden * 12);
}

constexpr int64_t kParameters = 8 << 20;

void adamw(benchmark::State& state) {
  Machine machine(state);
  const Array p({kParameters}), g({kParameters}), m({kParameters}), v({kParameters});
  for (float& x : v.values()) x = std::fabs(x);
  for (auto _ : state) {
    machine.backward->adamw(
        {.parameter = p.values(), .grad = g.values(), .m = m.values(), .v = v.values(), .step = 10, .lr = 1e-4F});
  }
  Machine::report_bytes(state, kParameters * 28);
}

// All hidden matrices of a model with 6 layers of hidden 192, 6 heads of 32 over 3 KV heads, MLP 512 (recipes/nano). The
// floating-point operations are those of the products alone.
void muon(benchmark::State& state) {
  Machine machine(state);
  std::vector<Array> arrays;
  for (int layer = 0; layer < 6; ++layer) {
    for (const Shape& shape : {Shape{192, 192}, Shape{96, 192}, Shape{96, 192}, Shape{192, 192}, Shape{512, 192},
                               Shape{512, 192}, Shape{192, 512}}) {
      for (uint64_t seed : {1, 2, 3}) arrays.emplace_back(shape, seed);
    }
  }
  std::vector<ops::MuonArgs> matrices;
  double flops = 0;
  for (size_t i = 0; i < arrays.size(); i += 3) {
    matrices.push_back(
        {.parameter = arrays[i].view(), .grad = arrays[i + 1].view(), .m = arrays[i + 2].view(), .lr = 1e-4F});
    const auto n = static_cast<double>(std::min(arrays[i].shape[0], arrays[i].shape[1]));
    const auto elements = static_cast<double>(arrays[i].shape.elements());
    flops += ops::kNewtonSchulzSteps * 2 * n * (2 * elements + n * n);
  }
  for (auto _ : state) machine.backward->muon(matrices);
  machine.report_flops(state, flops);
}

void sum_of_squares(benchmark::State& state) {
  Machine machine(state);
  const Array x({kParameters});
  for (auto _ : state) benchmark::DoNotOptimize(machine.backward->sum_of_squares(x.values()));
  Machine::report_bytes(state, kParameters * 4);
}

BENCHMARK_CAPTURE(linear_forward, q_8192x256x256, kTokens, kHidden, kHidden)->Apply(threads);
BENCHMARK_CAPTURE(linear_forward, kv_8192x256x128, kTokens, kHidden, 128)->Apply(threads);
BENCHMARK_CAPTURE(linear_forward, up_8192x256x768, kTokens, kHidden, kMlp)->Apply(threads);
BENCHMARK_CAPTURE(linear_forward, up_4096x256x768, 4096, kHidden, kMlp)->Apply(threads);
BENCHMARK_CAPTURE(linear_forward, down_8192x768x256, kTokens, kMlp, kHidden)->Apply(threads);
BENCHMARK_CAPTURE(linear_forward, head_8192x256x2048, kTokens, kHidden, kVocab)->Apply(threads);
BENCHMARK_CAPTURE(linear_backward, q_8192x256x256, kTokens, kHidden, kHidden)->Apply(threads);
BENCHMARK_CAPTURE(linear_backward, kv_8192x256x128, kTokens, kHidden, 128)->Apply(threads);
BENCHMARK_CAPTURE(linear_backward, up_8192x256x768, kTokens, kHidden, kMlp)->Apply(threads);
BENCHMARK_CAPTURE(linear_backward, up_2048x256x768, 2048, kHidden, kMlp)->Apply(threads);
BENCHMARK_CAPTURE(linear_backward, down_8192x768x256, kTokens, kMlp, kHidden)->Apply(threads);
BENCHMARK_CAPTURE(linear_backward, head_8192x256x2048, kTokens, kHidden, kVocab)->Apply(threads);
BENCHMARK_CAPTURE(attention_forward, 300_tokens_8x32, 300, kHeads, kKvHeads, kHeadDim)->Apply(threads);
BENCHMARK_CAPTURE(attention_forward, 600_tokens_8x32, 600, kHeads, kKvHeads, kHeadDim)->Apply(threads);
BENCHMARK_CAPTURE(attention_forward, 300_tokens_8x64, 300, kHeads, kKvHeads, 64)->Apply(threads);
BENCHMARK_CAPTURE(attention_backward, 50_tokens_8x32, 50, kHeads, kKvHeads, kHeadDim)->Apply(threads);
BENCHMARK_CAPTURE(attention_backward, 300_tokens_8x32, 300, kHeads, kKvHeads, kHeadDim)->Apply(threads);
BENCHMARK_CAPTURE(attention_backward, 600_tokens_8x32, 600, kHeads, kKvHeads, kHeadDim)->Apply(threads);
BENCHMARK_CAPTURE(attention_backward, 300_tokens_8x64, 300, kHeads, kKvHeads, 64)->Apply(threads);
BENCHMARK(rms_norm_backward)->Apply(threads);
BENCHMARK(swiglu_backward)->Apply(threads);
BENCHMARK(rope_backward)->Apply(threads);
BENCHMARK_CAPTURE(cross_entropy, gradient, false)->Apply(threads);
BENCHMARK_CAPTURE(cross_entropy, loss_only, true)->Apply(threads);
BENCHMARK(embedding_backward)->Apply(threads);
BENCHMARK(adamw)->Apply(threads);
BENCHMARK(muon)->Apply(threads);
BENCHMARK(sum_of_squares)->Apply(threads);

}  // namespace
}  // namespace hermes::kernels

BENCHMARK_MAIN();
