#include "kernels/cpu/cpu_backend.h"

#include <gtest/gtest.h>

#include "kernels/cpu/machine_limits.h"

namespace hermes::kernels {
namespace {

TEST(CpuIsas, BeginWithScalarAndRise) {
  const std::vector<CpuIsa> isas = runnable_cpu_isas();
  ASSERT_FALSE(isas.empty());
  EXPECT_EQ(isas.front(), CpuIsa::kScalar);
  for (size_t i = 1; i < isas.size(); ++i) EXPECT_LT(isas[i - 1], isas[i]);
}

TEST(CpuBackend, IsNamedForTheSetItUses) {
  ThreadPool pool(1);
  for (const CpuIsa isa : runnable_cpu_isas()) {
    EXPECT_EQ(make_cpu_backend(pool, isa)->name(), "cpu " + std::string(to_string(isa)));
  }
  EXPECT_EQ(make_cpu_backend(pool)->name(), "cpu " + std::string(to_string(runnable_cpu_isas().back())));
}

TEST(MachineLimits, ArePositiveAndOrdered) {
  ThreadPool pool(1);
  const MachineLimits scalar = measure_machine_limits(pool, CpuIsa::kScalar, 1 << 24);
  const CpuIsa best_isa = runnable_cpu_isas().back();
  const MachineLimits best = measure_machine_limits(pool, best_isa, 1 << 24);
  for (const MachineLimits& limits : {scalar, best}) {
    EXPECT_GT(limits.read_gb_per_s, 0.01);
    EXPECT_GT(limits.f32_gflops, 0.01);
    EXPECT_GT(limits.bf16_gflops, 0.01);
    EXPECT_LT(limits.f32_gflops, 1000);  // one core: more would mean that a compiler removed the work
  }
  EXPECT_LT(scalar.bf16_gflops, 1000);
  // A unit of tiles makes 2,048 a cycle: more than this is no processor.
  EXPECT_LT(best.bf16_gflops, best_isa == CpuIsa::kAmx ? 16000 : 1000);
}

}  // namespace
}  // namespace hermes::kernels
