#include "tensor/quant/q5_0.h"

#include "tensor/quant/affine_search.h"
#include "tensor/quant/block_groups.h"
#include "tensor/quant/plain_blocks.h"
#include "tensor/quant/scale_search.h"

namespace hermes {
namespace {

using quant::Lanes;

struct Q5_0Shape : quant::EvenLevels<-16, 15> {
  static constexpr int kElements = 32, kSubs = 8, kUnitHigh = 0;
  static constexpr float kPeaks[] = {-18.9F, -17.4F, -16.7F, -16.3F, -16.0F, -15.7F, -15.3F, -15.0F, -14.7F, 14.0F};
  static constexpr float kNearby[] = {1.0F, 0.975F, 1.025F, 0.99F, 1.01F};
};
struct Q5_1Shape {
  static constexpr int kElements = 32, kSubs = 8, kTop = 31, kUnitTop = 0;
  static constexpr quant::Margins kMargins[] = {{-1.2F, -0.8F}, {-1.2F, 0.2F}, {-1.0F, -1.0F}, {-0.8F, -1.2F},
                                                {-0.8F, 0.2F},  {-0.2F, 0.4F}, {0.0F, 0.2F},   {0.0F, 1.2F},
                                                {0.2F, -1.2F},  {0.2F, 0.0F},  {0.4F, -0.2F},  {1.4F, 0.0F}};
};

template <class Q, class Block>
void pack(const Q* q, Block& block) {
  uint32_t high = 0;
  for (int i = 0; i < 32; ++i) high |= static_cast<uint32_t>(q[i] >> 4) << i;
  block.high = high;
  for (int i = 0; i < 16; ++i) block.q[i] = static_cast<uint8_t>((q[i] & 15) | (q[i + 16] & 15) << 4);
}

template <class Block>
int q_of(const Block& block, int i) {
  const int low = i < 16 ? block.q[i] & 15 : block.q[i - 16] >> 4;
  return low | static_cast<int>(block.high >> i & 1) << 4;
}

}  // namespace

void decode_q5_0(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockQ5_0*>(blocks);
  for (; n > 0; n -= 32, out += 32, ++block) {
    const float d = to_float(block->d);
    for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(q_of(*block, i) - 16) * d;
  }
}

void decode_q5_1(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockQ5_1*>(blocks);
  for (; n > 0; n -= 32, out += 32, ++block) {
    const float d = to_float(block->d), m = to_float(block->m);
    for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(q_of(*block, i)) * d + m;
  }
}

void encode_q5_0(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockQ5_0*>(blocks);
  if (importance != nullptr) {
    using Search = quant::ScaleSearch<Q5_0Shape, true>;
    quant::encode_groups<Search>(x, n, importance, [&](const Search& found, int64_t, int64_t n_here) {
      for (int64_t i = 0; i < n_here; i += 32, ++block) {
        block->d = found.own_scale[static_cast<size_t>(i / 32)];
        pack(found.codes.data() + i, *block);
      }
    });
    return;
  }
  for (; n > 0; n -= 32, x += 32, ++block) {
    const quant::FiniteBlock finite(x);
    const float d = quant::within(finite.farthest() / -16, quant::kLargestF16), inverse = quant::inverse_scale(d);
    block->d = to_f16(d);
    int q[32];
    for (int i = 0; i < 32; i += Lanes::kWidth) {
      clamped(finite.at(i) * Lanes(inverse) + Lanes(16.5F), 0, 31.5F).store_integers(q + i);
    }
    pack(q, *block);
  }
}

void encode_q5_1(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockQ5_1*>(blocks);
  if (importance != nullptr) {
    using Search = quant::AffineSearch<Q5_1Shape, true>;
    quant::encode_groups<Search>(x, n, importance, [&](const Search& found, int64_t, int64_t n_here) {
      for (int64_t i = 0; i < n_here; i += 32, ++block) {
        block->d = found.own_scale[static_cast<size_t>(i / 32)];
        block->m = found.own_offset[static_cast<size_t>(i / 32)];
        pack(found.q.data() + i, *block);
      }
    });
    return;
  }
  for (; n > 0; n -= 32, x += 32, ++block) {
    const quant::FiniteBlock finite(x);
    const float lowest = quant::within(finite.lowest(), quant::kLargestF16);
    const float d = quant::within((finite.highest() - lowest) / 31, quant::kLargestF16),
                inverse = quant::inverse_scale(d);
    block->d = to_f16(d);
    block->m = to_f16(lowest);
    int q[32];
    for (int i = 0; i < 32; i += Lanes::kWidth) {
      clamped((finite.at(i) - Lanes(lowest)) * Lanes(inverse) + Lanes(0.5F), 0, 31.5F).store_integers(q + i);
    }
    pack(q, *block);
  }
}

}  // namespace hermes
