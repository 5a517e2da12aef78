#include "tensor/quant/q4_k.h"

#include "tensor/quant/affine_search.h"
#include "tensor/quant/block_groups.h"

namespace hermes {
namespace {

struct Q4KShape {
  static constexpr int kElements = 32, kSubs = 8, kTop = 15, kUnitTop = 63;
  static constexpr quant::Margins kMargins[] = {{-1.2F, 0.2F}, {-0.8F, -0.8F}, {-0.8F, -0.2F}, {-0.2F, 0.6F},
                                                {0.0F, -0.2F}, {0.0F, 0.4F},   {0.2F, -0.8F},  {0.2F, 0.2F},
                                                {0.2F, 1.4F},  {0.4F, 0.0F},   {0.6F, 0.6F},   {0.8F, 0.0F}};
  static constexpr float kUnitRatios[] = {1.0F, 1.05F};
};

}  // namespace

ScalesMinsK ScalesMinsK::of(const uint8_t* scales, const uint8_t* minimums) {
  ScalesMinsK r{};
  for (int s = 0; s < 4; ++s) {
    r.bytes[s] = static_cast<uint8_t>(scales[s] | scales[s + 4] >> 4 << 6);
    r.bytes[s + 4] = static_cast<uint8_t>(minimums[s] | minimums[s + 4] >> 4 << 6);
    r.bytes[s + 8] = static_cast<uint8_t>((scales[s + 4] & 15) | (minimums[s + 4] & 15) << 4);
  }
  return r;
}

void decode_q4_k(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockQ4_K*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d), dmin = to_float(block->dmin);
    for (int s = 0; s < 8; ++s) {
      const float scale = d * static_cast<float>(block->scales.scale(s));
      const float minimum = dmin * static_cast<float>(block->scales.minimum(s));
      const uint8_t* q = block->q + 32 * (s / 2);
      const int shift = 4 * (s % 2);
      for (int i = 0; i < 32; ++i) *out++ = scale * static_cast<float>(q[i] >> shift & 15) - minimum;
    }
  }
}

void encode_q4_k(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockQ4_K*>(blocks);
  quant::encode_searching<quant::AffineSearch, Q4KShape>(x, n, importance, [&](const auto& found, int64_t, int64_t) {
    block->d = found.d;
    block->dmin = found.dmin;
    block->scales = ScalesMinsK::of(found.scales.data(), found.minimums.data());
    for (int h = 0; h < 4; ++h) {
      const uint8_t* q = found.q.data() + 64 * h;
      for (int i = 0; i < 32; ++i) block->q[32 * h + i] = static_cast<uint8_t>(q[i] | q[i + 32] << 4);
    }
    ++block;
  });
}

}  // namespace hermes
