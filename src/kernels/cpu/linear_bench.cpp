// Speeds of linear and attention beside the limits of the machine, measured in the same run.
//   kernels_cpu_bench [threads] [isa] [plain|blocks|codebooks|attention]
// Shapes are those of Llama-3.2-1B. Decode goes round more weights than any cache holds and is a share of the
// read bandwidth, which is measured before and after each figure; prefill is a share of the arithmetic peak.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>

#include "base/rng.h"
#include "kernels/cpu/machine_limits.h"
#include "ops/backend.h"
#include "tensor/float_types.h"

namespace hermes::kernels {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

template <class F>
double median_seconds(int runs, const F& fn) {
  fn();  // pages touched, scratch grown
  std::vector<double> seconds;
  for (int i = 0; i < runs; ++i) {
    const auto begin = Clock::now();
    fn();
    seconds.push_back(seconds_since(begin));
  }
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return seconds[static_cast<size_t>(runs / 2)];
}

// Small normal-looking values, cheaply: what they are does not change the speed as long as none is denormal.
void fill(const Buffer& buffer, DType dtype) {
  Rng rng(1);
  if (is_block_type(dtype)) {  // bytes below 64: whatever they mean, scales are finite
    for (size_t i = 0; i < buffer.size(); ++i) buffer.data()[i] = static_cast<std::byte>(rng.next_u32() & 0x3F);
    return;
  }
  const size_t n = buffer.size() / size_of(dtype);
  for (size_t i = 0; i < n; ++i) {
    const float x = static_cast<float>(static_cast<int32_t>(rng.next_u32())) * 0x1.0p-36F + 0.01F;
    switch (dtype) {
      case DType::kBF16:
        reinterpret_cast<Bf16*>(buffer.data())[i] = to_bf16(x);
        break;
      case DType::kF16:
        reinterpret_cast<uint16_t*>(buffer.data())[i] = 0x2C00 | (rng.next_u32() & 0x3FF);
        break;
      default:
        reinterpret_cast<float*>(buffer.data())[i] = x;
        break;
    }
  }
}

struct Bench {
  ThreadPool& pool;
  CpuIsa isa;
  std::unique_ptr<ops::Backend> backend;
  const Buffer& memory;  // weights: more than the last-level cache
  MachineLimits limits;

  std::shared_ptr<ops::Preparation> prepare(const ConstTensorView& weight) const {
    auto copy = backend->prepare(weight);
    while (copy != nullptr && copy->advance() < weight.shape[0]) {
    }
    return copy;
  }

  // One token through `memory` full of [n, k] matrices.
  void decode(DType dtype, ops::Activations activations, int64_t t, int64_t n, int64_t k) {
    const size_t matrix_bytes = bytes_of(dtype, n * k);
    const size_t n_matrices = std::max<size_t>(1, memory.size() / matrix_bytes);
    const Buffer x(DType::kF32, {t, k}), y(DType::kF32, {t, n});
    fill(x, DType::kF32);
    std::vector<std::shared_ptr<ops::Preparation>> prepared;
    for (size_t i = 0; i < n_matrices; ++i) {
      prepared.push_back(prepare(memory.view(dtype, {n, k}, i * matrix_bytes)));
    }
    const double before = measure_read_gb_per_s(pool, isa, memory, 2);
    const double seconds = median_seconds(3, [&] {
      for (size_t i = 0; i < n_matrices; ++i) {
        backend->linear({.x = x.view(DType::kF32, {t, k}),
                         .weight = memory.view(dtype, {n, k}, i * matrix_bytes),
                         .bias = {},
                         .y = y.view(DType::kF32, {t, n}),
                         .activations = activations});
      }
    });
    const double limit = std::max(before, measure_read_gb_per_s(pool, isa, memory, 2));
    const double rate = static_cast<double>(n_matrices * matrix_bytes) / seconds / 1e9;
    fmt::print("decode  {:>4} x {:<4} T={:<3} [{:>6}, {:>5}]  {:8.1f} GB/s     {:5.1f} % of {:.1f}\n", name_of(dtype),
               activations == ops::Activations::kBF16 ? "BF16" : "F32", t, n, k, rate, 100 * rate / limit, limit);
  }

  void prefill(DType dtype, ops::Activations activations, int64_t t, int64_t n, int64_t k) {
    const Buffer x(DType::kF32, {t, k}), y(DType::kF32, {t, n});
    fill(x, DType::kF32);
    const auto prepared = prepare(memory.view(dtype, {n, k}));
    const double seconds = median_seconds(5, [&] {
      backend->linear({.x = x.view(DType::kF32, {t, k}),
                       .weight = memory.view(dtype, {n, k}),
                       .bias = {},
                       .y = y.view(DType::kF32, {t, n}),
                       .activations = activations});
    });
    const double rate = 2.0 * static_cast<double>(t * n * k) / seconds / 1e9;
    const double limit = is_block_type(dtype)                     ? limits.int8_gops
                         : activations == ops::Activations::kBF16 ? limits.bf16_gflops
                                                                  : limits.f32_gflops;
    fmt::print("prefill {:>4} x {:<4} T={:<3} [{:>6}, {:>5}]  {:8.1f} GFLOP/s  {:5.1f} % of {:.1f}\n", name_of(dtype),
               activations == ops::Activations::kBF16 ? "BF16" : "F32", t, n, k, rate, 100 * rate / limit, limit);
  }

  // T queries at the end of `depth` positions, one layer; `memory` holds enough layers to leave the caches.
  void attention(DType dtype, int64_t t, int64_t depth, int64_t heads, int64_t kv_heads, int64_t head_dim) {
    constexpr int64_t kPage = 256;
    const int64_t n_pages = (depth + kPage - 1) / kPage;
    const size_t page_bytes = static_cast<size_t>(kv_heads * kPage * padded_bytes(dtype, head_dim));
    const size_t layer_bytes = 2 * static_cast<size_t>(n_pages) * page_bytes;
    const size_t n_layers = t > 1 ? 1 : memory.size() / layer_bytes;
    const Buffer q(DType::kF32, {t, heads, head_dim}), out(DType::kF32, {t, heads, head_dim});
    fill(q, DType::kF32);
    std::vector<std::byte*> pages(2 * n_layers * static_cast<size_t>(n_pages));
    for (size_t i = 0; i < pages.size(); ++i) pages[i] = memory.data() + i * page_bytes;
    std::vector<int32_t> begin(static_cast<size_t>(t)), end(static_cast<size_t>(t));
    int64_t seen = 0;
    for (int64_t i = 0; i < t; ++i) {
      end[static_cast<size_t>(i)] = static_cast<int32_t>(depth - t + 1 + i);
      seen += depth - t + 1 + i;
    }
    const double seconds = median_seconds(3, [&] {
      for (size_t layer = 0; layer < n_layers; ++layer) {
        const auto* k = pages.data() + 2 * layer * static_cast<size_t>(n_pages);
        backend->attention(
            {.q = q.view(DType::kF32, {t, heads, head_dim}),
             .pages = {{k, static_cast<size_t>(n_pages)}, {k + n_pages, static_cast<size_t>(n_pages)}, dtype, kPage},
             .kv_heads = kv_heads,
             .kv_begin = begin,
             .kv_end = end,
             .scale = 1 / std::sqrt(static_cast<float>(head_dim)),
             .out = out.view(DType::kF32, {t, heads, head_dim})});
      }
    });
    const double gflops =
        4.0 * static_cast<double>(seen * heads * head_dim) * static_cast<double>(n_layers) / seconds / 1e9;
    fmt::print("attention {:>4} T={:<3} depth {:<5} {}/{} heads of {:<3} {:8.1f} GFLOP/s  {:5.1f} % of {:.1f}",
               name_of(dtype), t, depth, heads, kv_heads, head_dim, gflops, 100 * gflops / limits.f32_gflops,
               limits.f32_gflops);
    if (t == 1) {
      const double rate = static_cast<double>(n_layers * layer_bytes) / seconds / 1e9;
      const double limit = measure_read_gb_per_s(pool, isa, memory, 2);
      fmt::print("  {:.1f} GB/s, {:.1f} % of {:.1f}", rate, 100 * rate / limit, limit);
    }
    fmt::print("\n");
  }
};

constexpr int64_t kHidden = 2048, kIntermediate = 8192, kKvWidth = 512, kVocab = 128256;

void plain_types(Bench& bench) {
  for (const auto activations : {ops::Activations::kF32, ops::Activations::kBF16}) {
    for (const auto& [n, k] : {std::pair{kHidden, kHidden},
                               {kKvWidth, kHidden},
                               {kIntermediate, kHidden},
                               {kHidden, kIntermediate},
                               {kVocab, kHidden}}) {
      bench.decode(DType::kBF16, activations, 1, n, k);
    }
  }
  bench.decode(DType::kBF16, ops::Activations::kBF16, 3, kIntermediate, kHidden);
  bench.decode(DType::kBF16, ops::Activations::kBF16, 8, kIntermediate, kHidden);
  bench.decode(DType::kF32, ops::Activations::kF32, 1, kIntermediate, kHidden);
  for (const auto activations : {ops::Activations::kF32, ops::Activations::kBF16}) {
    for (const auto& [n, k] :
         {std::pair{kHidden, kHidden}, {kKvWidth, kHidden}, {kIntermediate, kHidden}, {kHidden, kIntermediate}}) {
      bench.prefill(DType::kBF16, activations, 512, n, k);
    }
  }
  bench.prefill(DType::kF32, ops::Activations::kF32, 512, kIntermediate, kHidden);
  bench.prefill(DType::kBF16, ops::Activations::kBF16, 64, kIntermediate, kHidden);
}

void block_types(Bench& bench, std::initializer_list<DType> dtypes) {
  for (const DType dtype : dtypes) {
    for (const int64_t t : {1, 2, 4, 8, 16, 32}) bench.decode(dtype, ops::Activations::kF32, t, kIntermediate, kHidden);
    bench.prefill(dtype, ops::Activations::kF32, 512, kIntermediate, kHidden);
    bench.prefill(dtype, ops::Activations::kF32, 512, kHidden, kIntermediate);
  }
}

void attention(Bench& bench) {
  for (const DType dtype : {DType::kQ8_0, DType::kF16, DType::kBF16, DType::kF32}) {
    bench.attention(dtype, 1, 8192, 32, 8, 64);
    bench.attention(dtype, 1, 8192, 32, 8, 128);
    bench.attention(dtype, 512, 512, 32, 8, 64);
    bench.attention(dtype, 512, 8192, 32, 8, 64);
  }
}

int run(int argc, char** argv) {
  ThreadPool pool(argc > 1 ? std::max(1, std::atoi(argv[1])) : available_cores());
  CpuIsa isa = runnable_cpu_isas().back();
  for (const CpuIsa candidate : runnable_cpu_isas()) {
    if (argc > 2 && to_string(candidate) == argv[2]) isa = candidate;
  }
  const Buffer memory(size_t{3} << 29);
  fill(memory, DType::kBF16);  // read as F32, its pairs are ordinary numbers too
  Bench bench{pool, isa, make_cpu_backend(pool, isa), memory, {}};
  bench.limits = {measure_read_gb_per_s(pool, isa, memory), measure_f32_gflops(pool, isa),
                  measure_bf16_gflops(pool, isa), measure_int8_gops(pool, isa)};
  fmt::print("{}, {} threads: read {:.1f} GB/s, F32 {:.1f} GFLOP/s, BF16 pairs {:.1f} GFLOP/s, int8 {:.1f} GOP/s\n",
             bench.backend->name(), pool.n_threads(), bench.limits.read_gb_per_s, bench.limits.f32_gflops,
             bench.limits.bf16_gflops, bench.limits.int8_gops);

  const std::string_view part = argc > 3 ? argv[3] : "";
  if (part.empty() || part == "plain") plain_types(bench);
  if (part.empty() || part == "blocks") {
    block_types(bench, {DType::kQ4_0, DType::kQ8_0, DType::kQ4_K, DType::kQ5_K, DType::kQ6_K, DType::kIQ4_XS});
  }
  if (part.empty() || part == "codebooks") {
    block_types(bench, {DType::kIQ1_S, DType::kIQ1_M, DType::kIQ2_XXS, DType::kIQ2_XS, DType::kIQ2_S, DType::kIQ3_XXS,
                        DType::kIQ3_S});
  }
  if (part.empty() || part == "attention") attention(bench);
  return 0;
}

}  // namespace
}  // namespace hermes::kernels

int main(int argc, char** argv) { return hermes::kernels::run(argc, argv); }
