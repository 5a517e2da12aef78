// What a driver of the CPU backend works with: threads, the kernels of one instruction set, and scratch.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/prepared_weights.h"
#include "kernels/cpu/scratch.h"
#include "ops/backend.h"

namespace hermes::kernels {

// `isa`, which must be runnable; without it the best one.
CpuIsa runnable_or_best(std::optional<CpuIsa> isa);
// Only for sets of runnable_cpu_isas().
const KernelTable& kernel_table(CpuIsa isa);

// cos and sin of the angles of rope for one list of positions. All layers of a pass ask for the same list, q and k
// alike: it is worked out once.
class RotationTable {
 public:
  // [T][head_dim]: half of cos, half of sin, for each position.
  const float* angles(ThreadPool& pool, std::span<const int32_t> positions, std::span<const float> inv_freq);

 private:
  std::vector<int32_t> positions_;  // of what the table holds
  std::vector<float> inv_freq_;
  Scratch table_;
};

struct CpuContext {
  CpuContext(ThreadPool& threads, CpuIsa isa)
      : pool(threads),
        kernels(kernel_table(isa)),
        has_tiles(isa == CpuIsa::kAmx),
        per_thread(static_cast<size_t>(threads.n_threads())) {}

  // n floats of any float type as F32: `values` itself or a copy in `scratch`.
  const float* widened(const ConstTensorView& values, Scratch& scratch) const;
  void widen(const void* values, DType dtype, int64_t n, float* out) const;

  ThreadPool& pool;
  const KernelTable& kernels;
  const bool has_tiles;
  Scratch shared, weights;  // packed operands, partial sums; the weight of a norm or a bias, widened
  RotationTable rotations;
  PreparedWeights prepared;
  std::vector<Scratch> per_thread;  // one each, for the time of a piece
};

void run_linear(CpuContext& context, const ops::LinearArgs& args);
void run_linear_quant(CpuContext& context, const ops::LinearArgs& args);  // weights of a block type
std::shared_ptr<ops::Preparation> prepare_quant(CpuContext& context, const ConstTensorView& weight);
void run_linear_amx(CpuContext& context, const ops::LinearArgs& args);  // BF16 weights, has_tiles
void run_attention(CpuContext& context, const ops::AttentionArgs& args);
void run_kv_store(CpuContext& context, const ops::KvStoreArgs& args);
void run_rope(CpuContext& context, const ops::RopeArgs& args);
void run_rope_backward(CpuContext& context, const ops::RopeBackwardArgs& args);

}  // namespace hermes::kernels
