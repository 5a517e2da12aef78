// What this machine can do at most, measured and not assumed: the figures that speeds are shares of. Measure them in
// the same run as whatever is compared with them: on shared machines they change by the minute.
#pragma once

#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/cpu/cpu_backend.h"
#include "tensor/tensor.h"

namespace hermes::kernels {

struct MachineLimits {
  double read_gb_per_s = 0;  // 10^9 bytes read from memory, all threads together, one stream each
  double f32_gflops = 0;     // fused multiply-adds of F32 in registers; one counts as two
  double bf16_gflops = 0;    // the same for pairs of BF16 summed in F32; emulated where the set has no instruction
  double int8_gops = 0;      // multiply-adds of bytes summed in int32; one counts as two
};

// Reads `memory`, much larger than the last-level cache, `passes` times; the best pass counts.
double measure_read_gb_per_s(ThreadPool& pool, CpuIsa isa, const Buffer& memory, int passes = 5);
double measure_f32_gflops(ThreadPool& pool, CpuIsa isa);
double measure_bf16_gflops(ThreadPool& pool, CpuIsa isa);
double measure_int8_gops(ThreadPool& pool, CpuIsa isa);

// All of them; `read_bytes` of memory are taken for the time of the call.
MachineLimits measure_machine_limits(ThreadPool& pool, CpuIsa isa, int64_t read_bytes = int64_t{1} << 30);

}  // namespace hermes::kernels
