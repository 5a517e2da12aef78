// What the doors of all ops ask of one operand or of two (checks.h); part of the implementation of ops/.
#pragma once

#include <string_view>

#include "tensor/tensor.h"

namespace hermes::ops {

inline void check_f32(std::string_view op, std::string_view operand, const ConstTensorView& view) {
  HERMES_CHECK(view.dtype == DType::kF32, "{}: {} is {}, expected F32", op, operand, name_of(view.dtype));
}

// The weight of a product, or a table of rows: a float or a block type.
inline void check_weight(std::string_view op, std::string_view operand, DType dtype) {
  HERMES_CHECK(dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 || is_block_type(dtype),
               "{}: {} is {}, expected F32, F16, BF16 or a block type", op, operand, name_of(dtype));
}
inline void check_float(std::string_view op, std::string_view operand, DType dtype) {
  HERMES_CHECK(dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16,
               "{}: {} is {}, expected F32, F16 or BF16", op, operand, name_of(dtype));
}

inline bool overlap(const ConstTensorView& a, const ConstTensorView& b) {
  const auto* a_begin = a.as<std::byte>();
  const auto* b_begin = b.as<std::byte>();
  return a_begin < b_begin + b.bytes() && b_begin < a_begin + a.bytes();
}

inline void check_apart(std::string_view op, std::string_view operand, const ConstTensorView& out,
                        const ConstTensorView& in) {
  HERMES_CHECK(!overlap(out, in), "{}: the output overlaps {}", op, operand);
}

// The same memory or none of it: a shifted overlap would be read after it was written.
inline void check_same_or_apart(std::string_view op, std::string_view operand, const ConstTensorView& out,
                                const ConstTensorView& in) {
  HERMES_CHECK(out.data == in.data || !overlap(out, in), "{}: the output partly overlaps {}", op, operand);
}

inline void check_length(std::string_view op, std::string_view operand, size_t actual, int64_t expected) {
  HERMES_CHECK(static_cast<int64_t>(actual) == expected, "{}: {} has {} entries, expected {}", op, operand, actual,
               expected);
}

}  // namespace hermes::ops
