// Blocks of sixteen rows, interleaved (quant_table.h says how). `V` and `Type` as in quant_kernels.h.
#pragma once

#include "kernels/cpu/quant_table.h"

namespace hermes::kernels {

template <class V, int Bytes, int Odd, int OddBytes>
void interleave_blocks(const std::byte* rows, int64_t row_bytes, int64_t n_blocks, std::byte* out) {
  constexpr int kColumns = (Bytes - OddBytes) / 4, kFirst = OddBytes > 0 && Odd == 0 ? OddBytes : 0;
  static_assert((Bytes - OddBytes) % 4 == 0 && (Odd == 0 || Odd == Bytes - OddBytes));
  for (int64_t b = 0; b < n_blocks; ++b, rows += Bytes, out += kQuantRows * Bytes) {
    // Four columns at a time: sixteen bytes of four rows to a register, four registers transposed.
    unrolled<kColumns / 4>([&](auto i) HERMES_LAMBDA_INLINE {
      using Lanes = typename V::Bytes;
      constexpr int kAt = decltype(i)::value;
      const std::byte* p = rows + kFirst + 16 * kAt;
      Lanes a = Lanes::load4(p, 4 * row_bytes), b4 = Lanes::load4(p + row_bytes, 4 * row_bytes);
      Lanes c = Lanes::load4(p + 2 * row_bytes, 4 * row_bytes), d = Lanes::load4(p + 3 * row_bytes, 4 * row_bytes);
      transpose4(a, b4, c, d);
      a.store(out + 256 * kAt);
      b4.store(out + 256 * kAt + 64);
      c.store(out + 256 * kAt + 128);
      d.store(out + 256 * kAt + 192);
    });
    for (int r = 0; r < kQuantRows; ++r) {
      const std::byte* row = rows + r * row_bytes;
      for (int j = kColumns / 4 * 4; j < kColumns; ++j) {
        __builtin_memcpy(out + 64 * j + 4 * r, row + kFirst + 4 * j, 4);
      }
      __builtin_memcpy(out + 64 * kColumns + OddBytes * r, row + Odd, OddBytes);
    }
  }
}

}  // namespace hermes::kernels
