#include "tensor/quant/q3_k.h"

#include "tensor/quant/block_groups.h"
#include "tensor/quant/scale_search.h"

namespace hermes {
namespace {

struct Q3KShape : quant::EvenLevels<-4, 3> {
  static constexpr int kElements = 16, kSubs = 16, kUnitLow = -32, kUnitHigh = 31;
  static constexpr float kPeaks[] = {-6.0F, -5.0F, -4.5F, -4.1F, -3.8F, -3.3F, -3.0F, 4.4F};
  static constexpr float kNearby[] = {1.0F};
  static constexpr float kUnitRatios[] = {1.0F, 1.04F, 1.08F, 1.13F};
};

int scale_of(const BlockQ3_K& block, int s) {
  const int low = s < 8 ? block.scales[s] & 15 : block.scales[s - 8] >> 4;
  return low | (block.scales[8 + s % 4] >> (2 * (s / 4)) & 3) << 4;
}

}  // namespace

void decode_q3_k(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockQ3_K*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d);
    for (int s = 0; s < 16; ++s) {
      const float scale = d * static_cast<float>(scale_of(*block, s) - 32);
      const uint8_t *q = block->q + 32 * (s / 8) + 16 * (s % 2), *high = block->high + 16 * (s % 2);
      const int shift = 2 * (s / 2 % 4);
      for (int i = 0; i < 16; ++i) {
        const int level = (q[i] >> shift & 3) + 4 * (high[i] >> (s / 2) & 1) - 4;
        *out++ = scale * static_cast<float>(level);
      }
    }
  }
}

void encode_q3_k(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockQ3_K*>(blocks);
  quant::encode_searching<quant::ScaleSearch, Q3KShape>(x, n, importance, [&](const auto& found, int64_t, int64_t) {
    *block = BlockQ3_K{};
    for (int s = 0; s < 16; ++s) {
      const int scale = found.scales[static_cast<size_t>(s)] + 32;
      uint8_t &low = block->scales[s % 8], &high = block->scales[8 + s % 4];
      low = static_cast<uint8_t>(low | (scale & 15) << (s < 8 ? 0 : 4));
      high = static_cast<uint8_t>(high | (scale >> 4) << (2 * (s / 4)));
    }
    const uint8_t* codes = found.codes.data();
    for (int i = 0; i < 32; ++i) {
      const auto lower = [&](int h) {
        const uint8_t* c = codes + 128 * h + i;
        return static_cast<uint8_t>((c[0] & 3) | (c[32] & 3) << 2 | (c[64] & 3) << 4 | (c[96] & 3) << 6);
      };
      const auto upper = [&](int h) {
        const uint8_t* c = codes + 128 * h + i;
        return c[0] >> 2 | c[32] >> 2 << 1 | c[64] >> 2 << 2 | c[96] >> 2 << 3;
      };
      block->q[i] = lower(0);
      block->q[32 + i] = lower(1);
      block->high[i] = static_cast<uint8_t>(upper(0) | upper(1) << 4);
    }
    block->d = found.d;
    ++block;
  });
}

}  // namespace hermes
