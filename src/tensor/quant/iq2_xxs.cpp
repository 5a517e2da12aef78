#include "tensor/quant/iq2_xxs.h"

#include "tensor/quant/iq_grids.h"

namespace hermes {
namespace {

float* decode_point(uint32_t point, uint32_t signs, float scale, float* out) {
  for (int i = 0; i < 8; ++i) {
    const float x = scale * static_cast<float>(kIq2Levels[point >> (2 * i) & 3]);
    *out++ = (signs >> i & 1) != 0 ? -x : x;
  }
  return out;
}

float scale_of(float d, uint32_t scale) { return d * (0.5F + static_cast<float>(scale)) * 0.25F; }

}  // namespace

void decode_iq2_xxs(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockIQ2_XXS*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d);
    for (const BlockIQ2_XXS::Part& part : block->parts) {
      const uint32_t signs_scale = part.signs_scale;
      const float scale = scale_of(d, signs_scale >> 28);
      for (int p = 0; p < 4; ++p) {
        out = decode_point(kIq2XxsGrid[part.index[p]], signs_with_parity(signs_scale >> (7 * p) & 127), scale, out);
      }
    }
  }
}

void decode_iq2_xs(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockIQ2_XS*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d);
    for (int p = 0; p < 32; ++p) {
      const float scale = scale_of(d, block->scales[p / 4] >> (4 * (p / 2 % 2)) & 15U);
      const uint32_t q = block->q[p];
      out = decode_point(kIq2XsGrid[q & 511], signs_with_parity(q >> 9), scale, out);
    }
  }
}

void decode_iq2_s(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockIQ2_S*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d);
    for (int p = 0; p < 32; ++p) {
      const float scale = scale_of(d, block->scales[p / 4] >> (4 * (p / 2 % 2)) & 15U);
      const uint32_t index = block->q[p] | (block->high[p / 4] >> (2 * (p % 4)) & 3U) << 8;
      out = decode_point(kIq2SGrid[index], block->signs[p], scale, out);
    }
  }
}

}  // namespace hermes
