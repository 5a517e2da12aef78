// The CPU backend: kernels for several instruction sets in one binary, the best one that runs here chosen at run time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "ops/backend.h"

namespace hermes::kernels {

// kAmx is kAvx512 with products of BF16 weights on tiles (amx_linear.h); kNeon is that of ARM, with dots of bytes.
enum class CpuIsa { kScalar, kAvx2, kAvx512, kAmx, kNeon };

std::string_view to_string(CpuIsa isa);
// The sets that were built and that this processor and operating system run, worst first; never empty.
std::vector<CpuIsa> runnable_cpu_isas();

// `pool` is borrowed and must outlive the backend. Without `isa`, the best runnable one.
std::unique_ptr<ops::Backend> make_cpu_backend(ThreadPool& pool, std::optional<CpuIsa> isa = std::nullopt);

}  // namespace hermes::kernels
