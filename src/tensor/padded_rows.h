// Rows that are padded to whole blocks of their type, as of a cache: plain types need no padding.
#pragma once

#include "tensor/dtype.h"

namespace hermes {

// n, rounded up to whole blocks.
inline int64_t padded_elements(DType dtype, int64_t n) {
  const int64_t block = info_of(dtype).block_elements;
  return (n + block - 1) / block * block;
}
inline int64_t padded_bytes(DType dtype, int64_t n) {
  return static_cast<int64_t>(bytes_of(dtype, padded_elements(dtype, n)));
}

}  // namespace hermes
