// Block types: a row of weights stored as blocks of 32 or 256 elements that share scales. One header for each type or
// tight family holds the packed block and its two functions; docs/formats/quantised_types.md has all layouts side by
// side. These functions are the oracle: kernels that read blocks are tested against `decode`.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace hermes {

struct QuantFormat {
  DType dtype;
  // n elements, a multiple of block_elements; the blocks need no alignment. The same floats, bit for bit, as ggml
  // gives, for any bytes (where a scale is infinite or NaN: up to the sign and payload of NaN).
  void (*decode)(const void* blocks, int64_t n, float* out);
  // importance: n weights of the squared errors, finite and not negative, or nullptr for all ones. A function of its
  // arguments alone: 256 elements at a time, whatever stands beside them. nullptr as the function: only read.
  // Any floats are taken: NaN counts as 0, and what a block cannot hold (infinities too) becomes the largest it can.
  void (*encode)(const float* x, int64_t n, const float* importance, void* blocks);
};

const QuantFormat* quant_format(DType dtype);  // nullptr for plain types

}  // namespace hermes
