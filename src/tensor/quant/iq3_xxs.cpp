#include "tensor/quant/iq3_xxs.h"

#include "tensor/quant/iq_grids.h"

namespace hermes {
namespace {

float signed_by(float x, uint32_t signs, int i) { return (signs >> i & 1) != 0 ? -x : x; }

}  // namespace

void decode_iq3_xxs(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockIQ3_XXS*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d);
    for (int p = 0; p < 64; ++p) {
      const uint32_t signs_scale = block->signs_scale[p / 8];
      const float scale = d * (0.5F + static_cast<float>(signs_scale >> 28)) * 0.5F;
      const uint32_t signs = signs_with_parity(signs_scale >> (7 * (p / 2 % 4)) & 127) >> (4 * (p % 2));
      const uint32_t point = kIq3XxsGrid[block->q[p]];
      for (int i = 0; i < 4; ++i) {
        *out++ = signed_by(scale * static_cast<float>(kIq3XxsLevels[point >> (3 * i) & 7]), signs, i);
      }
    }
  }
}

void decode_iq3_s(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockIQ3_S*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d);
    for (int p = 0; p < 64; ++p) {
      const uint32_t units = block->scales[p / 16] >> (4 * (p / 8 % 2)) & 15U;
      const float scale = d * static_cast<float>(1 + 2 * units);
      const uint32_t point = kIq3SGrid[block->q[p] | (block->high[p / 8] >> (p % 8) & 1U) << 8];
      const uint32_t signs = static_cast<uint32_t>(block->signs[p / 2]) >> (4 * (p % 2));
      for (int i = 0; i < 4; ++i)
        *out++ = signed_by(scale * static_cast<float>(2 * (point >> (3 * i) & 7) + 1), signs, i);
    }
  }
}

}  // namespace hermes
