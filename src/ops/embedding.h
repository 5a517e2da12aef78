// Embedding: out[t, :] = table[tokens[t], :], widened to F32 exactly.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace hermes::ops {

struct EmbeddingArgs {
  std::span<const int32_t> tokens;  // [T], each in [0, V): checked by whoever accepts token ids
  ConstTensorView table;            // [V, H], F32, F16, BF16 or a block type
  TensorView out;                   // [T, H], F32; must not alias the table
};

// Backward: d_table[tokens[t], :] += d_out[t, :], in ascending t for each row: a fixed order for any number of threads.
struct EmbeddingBackwardArgs {
  std::span<const int32_t> tokens;  // [T]
  ConstTensorView d_out;            // [T, H], F32
  TensorView d_table;               // [V, H], F32, added to
};

}  // namespace hermes::ops
