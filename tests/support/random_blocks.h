// Blocks of the IQ1, IQ2 and IQ3 types, which have no encoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace hermes::test {

// Whole blocks of any bytes; only their scales (d) are chosen, so that the elements' root mean square is about `rms`.
void fill_random_blocks(DType dtype, std::span<std::byte> blocks, uint64_t seed, double rms);

}  // namespace hermes::test
