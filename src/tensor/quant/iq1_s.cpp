#include "tensor/quant/iq1_s.h"

#include "tensor/quant/iq_grids.h"

namespace hermes {
namespace {

constexpr float kShift = 0.125F;

float* decode_point(uint32_t index, bool minus, float scale, float* out) {
  const uint32_t point = kIq1Grid[index];
  const float shift = minus ? -kShift : kShift;
  for (int i = 0; i < 8; ++i) *out++ = scale * (static_cast<float>(static_cast<int>(point >> (2 * i) & 3) - 1) + shift);
  return out;
}

}  // namespace

void decode_iq1_s(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockIQ1_S*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d);
    for (int p = 0; p < 32; ++p) {
      const uint32_t high = block->high[p / 4];
      const float scale = d * static_cast<float>(2 * (high >> 12 & 7) + 1);
      const uint32_t index = block->q[p] | (high >> (3 * (p % 4)) & 7) << 8;
      out = decode_point(index, (high & 0x8000) != 0, scale, out);
    }
  }
}

void decode_iq1_m(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockIQ1_M*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    uint32_t d_bits = 0;
    for (int k = 0; k < 4; ++k) d_bits |= static_cast<uint32_t>(block->scales[k] >> 12) << (4 * k);
    const float d = to_float(F16{static_cast<uint16_t>(d_bits)});
    for (int p = 0; p < 32; ++p) {
      const float scale = d * static_cast<float>(2 * (block->scales[p / 8] >> (3 * (p / 2 % 4)) & 7) + 1);
      const uint32_t high = block->high[p / 2] >> (4 * (p % 2)) & 15U;
      out = decode_point(block->q[p] | (high & 7) << 8, (high & 8) != 0, scale, out);
    }
  }
}

}  // namespace hermes
