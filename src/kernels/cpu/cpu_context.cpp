#include "kernels/cpu/cpu_context.h"

#include <algorithm>
#include <atomic>

namespace hermes::kernels {

void CpuContext::for_pieces(int64_t n, int64_t piece, FunctionRef<void(int, int64_t, int64_t)> fn) {
  HERMES_CHECK(piece > 0);
  if (pool.n_threads() == 1 || n <= piece) {
    for (int64_t begin = 0; begin < n; begin += piece) fn(0, begin, std::min(n, begin + piece));
    return;
  }
  std::atomic<int64_t> next{0};
  pool.run([&](int thread) {
    for (;;) {
      const int64_t begin = next.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= n) return;
      fn(thread, begin, std::min(n, begin + piece));
    }
  });
}

void CpuContext::widen(const void* values, DType dtype, int64_t n, float* out) const {
  switch (dtype) {
    case DType::kF16:
      return kernels.rows.widen_f16(static_cast<const F16*>(values), n, out);
    case DType::kBF16:
      return kernels.rows.widen_bf16(static_cast<const Bf16*>(values), n, out);
    default:
      std::copy_n(static_cast<const float*>(values), n, out);
  }
}

const float* CpuContext::widened(const ConstTensorView& values, Scratch& scratch) const {
  if (values.dtype == DType::kF32) return values.f32();
  float* out = scratch.reserve_floats(values.shape.elements());
  widen(values.data, values.dtype, values.shape.elements(), out);
  return out;
}

}  // namespace hermes::kernels
