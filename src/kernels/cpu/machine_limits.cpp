#include "kernels/cpu/machine_limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "kernels/cpu/amx_linear.h"
#include "kernels/cpu/cpu_context.h"

namespace hermes::kernels {
namespace {

constexpr int kTrials = 5;
constexpr double kTrialSeconds = 0.02;

std::atomic<float> g_sink{0};  // what the loops compute ends here, so that no compiler drops them

double seconds_of(FunctionRef<void()> fn) {
  const auto begin = std::chrono::steady_clock::now();
  fn();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double best_gflops(ThreadPool& pool, float (*loop)(int64_t), int64_t flops_per_round) {
  int64_t rounds = 1000;
  const auto trial = [&] { return seconds_of([&] { pool.run([&](int) { g_sink = g_sink + loop(rounds); }); }); };
  while (trial() < kTrialSeconds) rounds *= 2;
  double best = 0;
  for (int i = 0; i < kTrials; ++i) {
    const auto flops = static_cast<double>(rounds * flops_per_round * pool.n_threads());
    best = std::max(best, flops / trial() / 1e9);
  }
  return best;
}

}  // namespace

double measure_read_gb_per_s(ThreadPool& pool, CpuIsa isa, const Buffer& memory, int passes) {
  const LimitKernels& kernels = kernel_table(isa).limits;
  const int64_t piece = 1 << 18;  // floats; a megabyte
  const int64_t n = static_cast<int64_t>(memory.size() / sizeof(float)) / piece * piece;
  const auto* x = reinterpret_cast<const float*>(memory.data());
  double best = 0;
  for (int i = 0; i < passes; ++i) {
    const double seconds = seconds_of([&] {
      pool.parallel_for(n, piece,
                        [&](int64_t begin, int64_t end) { g_sink = g_sink + kernels.read(x + begin, end - begin); });
    });
    best = std::max(best, static_cast<double>(n) * sizeof(float) / seconds / 1e9);
  }
  return best;
}

double measure_f32_gflops(ThreadPool& pool, CpuIsa isa) {
  const LimitKernels& kernels = kernel_table(isa).limits;
  return best_gflops(pool, kernels.f32_fma, kernels.flops_per_round_f32);
}

double measure_bf16_gflops(ThreadPool& pool, CpuIsa isa) {
#if defined(HERMES_CPU_X86)
  if (isa == CpuIsa::kAmx) return best_gflops(pool, amx::multiply_rounds, amx::kFlopsPerRound);
#endif
  const LimitKernels& kernels = kernel_table(isa).limits;
  return best_gflops(pool, kernels.bf16_fma, kernels.flops_per_round_bf16);
}

double measure_int8_gops(ThreadPool& pool, CpuIsa isa) {
  const LimitKernels& kernels = kernel_table(isa).limits;
  return best_gflops(pool, kernels.int8_dot, kernels.ops_per_round_int8);
}

MachineLimits measure_machine_limits(ThreadPool& pool, CpuIsa isa, int64_t read_bytes) {
  const Buffer memory(static_cast<size_t>(read_bytes));
  // Written first: pages never touched all map to one page of zeros.
  std::fill_n(reinterpret_cast<float*>(memory.data()), memory.size() / sizeof(float), 1.0F);
  return {measure_read_gb_per_s(pool, isa, memory), measure_f32_gflops(pool, isa), measure_bf16_gflops(pool, isa),
          measure_int8_gops(pool, isa)};
}

}  // namespace hermes::kernels
