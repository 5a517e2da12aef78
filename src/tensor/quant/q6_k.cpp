#include "tensor/quant/q6_k.h"

#include "tensor/quant/block_groups.h"
#include "tensor/quant/scale_search.h"

namespace hermes {
namespace {

struct Q6KShape : quant::EvenLevels<-32, 31> {
  static constexpr int kElements = 16, kSubs = 16, kUnitLow = -128, kUnitHigh = 127;
  static constexpr float kPeaks[] = {-33.625F, -32.625F, -32.125F, -31.75F, -31.0F, -30.0F, 28.0F, 29.0F};
  static constexpr float kNearby[] = {1.0F};
  static constexpr float kUnitRatios[] = {1.0F, 1.04F, 1.08F, 1.13F};
};

}  // namespace

void decode_q6_k(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockQ6_K*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d);
    for (int s = 0; s < 16; ++s) {
      const float scale = d * static_cast<float>(block->scales[s]);
      const int h = s / 8, j = s / 2 % 4, first = 16 * (s % 2);
      const uint8_t *q = block->q + 64 * h + 32 * (j % 2) + first, *high = block->high + 32 * h + first;
      for (int i = 0; i < 16; ++i) {
        const int level = (q[i] >> (4 * (j / 2)) & 15) | (high[i] >> (2 * j) & 3) << 4;
        *out++ = scale * static_cast<float>(level - 32);
      }
    }
  }
}

void encode_q6_k(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockQ6_K*>(blocks);
  quant::encode_searching<quant::ScaleSearch, Q6KShape>(x, n, importance, [&](const auto& found, int64_t, int64_t) {
    for (int h = 0; h < 2; ++h) {
      const uint8_t* codes = found.codes.data() + 128 * h;
      for (int i = 0; i < 32; ++i) {
        const int a = codes[i], b = codes[i + 32], c = codes[i + 64], e = codes[i + 96];
        block->q[64 * h + i] = static_cast<uint8_t>((a & 15) | (c & 15) << 4);
        block->q[64 * h + 32 + i] = static_cast<uint8_t>((b & 15) | (e & 15) << 4);
        block->high[32 * h + i] = static_cast<uint8_t>(a >> 4 | b >> 4 << 2 | c >> 4 << 4 | e >> 4 << 6);
      }
    }
    for (size_t s = 0; s < 16; ++s) block->scales[s] = static_cast<int8_t>(found.scales[s]);
    block->d = found.d;
    ++block;
  });
}

}  // namespace hermes
