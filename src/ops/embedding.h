// Embedding: out[t, :] = table[tokens[t], :], widened to F32 exactly.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace hermes::ops {

struct EmbeddingArgs {
  std::span<const int32_t> tokens;  // [T], each in [0, V): checked by whoever accepts token ids
  ConstTensorView table;            // [V, H], F32, F16 or BF16
  TensorView out;                   // [T, H], F32; must not alias the table
};

}  // namespace hermes::ops
