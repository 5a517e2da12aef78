#include "kernels/cpu/cpu_context.h"

#include <algorithm>

#include "tensor/quant/quant_format.h"

namespace hermes::kernels {

void CpuContext::widen(const void* values, DType dtype, int64_t n, float* out) const {
  if (is_block_type(dtype)) return quant_format(dtype)->decode(values, n, out);
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
