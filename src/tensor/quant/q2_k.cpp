#include "tensor/quant/q2_k.h"

#include "tensor/quant/affine_search.h"
#include "tensor/quant/block_groups.h"

namespace hermes {
namespace {

struct Q2KShape {
  static constexpr int kElements = 16, kSubs = 16, kTop = 3, kUnitTop = 15;
  static constexpr quant::Margins kMargins[] = {{-0.35F, 0.25F}, {0.1F, -0.8F}, {0.1F, -0.05F}, {0.1F, 0.4F},
                                                {0.1F, 0.7F},    {0.1F, 1.3F},  {0.4F, 0.4F},   {0.7F, -0.05F},
                                                {0.7F, 0.25F},   {0.85F, 1.3F}, {1.3F, -0.2F},  {1.3F, 1.0F}};
  static constexpr float kUnitRatios[] = {1.0F, 0.94F, 1.06F};
};

}  // namespace

void decode_q2_k(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockQ2_K*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d), dmin = to_float(block->dmin);
    for (int s = 0; s < 16; ++s) {
      const float scale = d * static_cast<float>(block->scales[s] & 15);
      const float minimum = dmin * static_cast<float>(block->scales[s] >> 4);
      const uint8_t* q = block->q + 32 * (s / 8) + 16 * (s % 2);
      const int shift = 2 * (s / 2 % 4);
      for (int i = 0; i < 16; ++i) *out++ = scale * static_cast<float>(q[i] >> shift & 3) - minimum;
    }
  }
}

void encode_q2_k(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockQ2_K*>(blocks);
  quant::encode_searching<quant::AffineSearch, Q2KShape>(x, n, importance, [&](const auto& found, int64_t, int64_t) {
    for (size_t s = 0; s < 16; ++s) block->scales[s] = static_cast<uint8_t>(found.scales[s] | found.minimums[s] << 4);
    for (int h = 0; h < 2; ++h) {
      const uint8_t* q = found.q.data() + 128 * h;
      for (int i = 0; i < 32; ++i) {
        block->q[32 * h + i] = static_cast<uint8_t>(q[i] | q[i + 32] << 2 | q[i + 64] << 4 | q[i + 96] << 6);
      }
    }
    block->d = found.d;
    block->dmin = found.dmin;
    ++block;
  });
}

}  // namespace hermes
