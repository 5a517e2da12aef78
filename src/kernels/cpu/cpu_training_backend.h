// Training on the CPU: the ops of ops/training_backend.h by kernels of the same instruction sets as the CPU backend.
// All in F32. For one instruction set the bits do not depend on the number of threads; between sets they may differ.
#pragma once

#include <memory>
#include <optional>

#include "base/thread_pool.h"
#include "kernels/cpu/cpu_backend.h"
#include "ops/training_backend.h"

namespace hermes::kernels {

// `pool` is borrowed and must outlive the backend. Without `isa`, the best runnable one.
std::unique_ptr<ops::TrainingBackend> make_cpu_training_backend(ThreadPool& pool,
                                                                std::optional<CpuIsa> isa = std::nullopt);

}  // namespace hermes::kernels
