// Elements of any float tensor as doubles, exactly.
#pragma once

#include "tensor/float_types.h"
#include "tensor/tensor.h"

namespace hermes::ops::reference {

inline double element(const void* values, DType dtype, int64_t i) {
  switch (dtype) {
    case DType::kF32:
      return static_cast<double>(static_cast<const float*>(values)[i]);
    case DType::kF16:
      return static_cast<double>(to_float(static_cast<const F16*>(values)[i]));
    case DType::kBF16:
      return static_cast<double>(to_float(static_cast<const Bf16*>(values)[i]));
    case DType::kF8_E4M3:
      return static_cast<double>(to_float(static_cast<const F8E4M3*>(values)[i]));
    default:
      HERMES_CHECK(false, "no such elements: {}", name_of(dtype));
  }
  return 0;
}

inline double element(const ConstTensorView& view, int64_t i) { return element(view.data, view.dtype, i); }

}  // namespace hermes::ops::reference
