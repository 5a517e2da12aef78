#include "tensor/quant/q4_0.h"

#include <iterator>

#include "tensor/quant/affine_search.h"
#include "tensor/quant/block_groups.h"
#include "tensor/quant/plain_blocks.h"
#include "tensor/quant/scale_search.h"

namespace hermes {
namespace {

using quant::Lanes;

struct Q4_0Shape : quant::EvenLevels<-8, 7> {
  static constexpr int kElements = 32, kSubs = 8, kUnitHigh = 0;
  static constexpr float kPeaks[] = {-10.8F, -9.5F, -8.8F, -8.4F, -8.0F, -7.7F, -7.3F, -7.0F, 6.2F, 8.4F};
  static constexpr float kNearby[] = {1.0F, 0.975F, 1.025F, 0.99F, 1.01F};
};
struct Q4_1Shape {
  static constexpr int kElements = 32, kSubs = 8, kTop = 15, kUnitTop = 0;
  static constexpr quant::Margins kMargins[] = {{-1.2F, 0.2F}, {-0.8F, -0.8F}, {-0.8F, -0.2F}, {-0.2F, 0.6F},
                                                {0.0F, -0.2F}, {0.0F, 0.4F},   {0.2F, -0.8F},  {0.2F, 0.2F},
                                                {0.2F, 1.4F},  {0.4F, 0.0F},   {0.6F, 0.6F},   {0.8F, 0.0F}};
};

template <class Q>
void pack(const Q* q, uint8_t* bytes) {
  for (int i = 0; i < 16; ++i) bytes[i] = static_cast<uint8_t>(q[i] | q[i + 16] << 4);
}

}  // namespace

void decode_q4_0(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockQ4_0*>(blocks);
  for (; n > 0; n -= 32, out += 32, ++block) {
    const float d = to_float(block->d);
    for (int i = 0; i < 16; ++i) {
      out[i] = static_cast<float>((block->q[i] & 15) - 8) * d;
      out[i + 16] = static_cast<float>((block->q[i] >> 4) - 8) * d;
    }
  }
}

void decode_q4_1(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockQ4_1*>(blocks);
  for (; n > 0; n -= 32, out += 32, ++block) {
    const float d = to_float(block->d), m = to_float(block->m);
    for (int i = 0; i < 16; ++i) {
      out[i] = static_cast<float>(block->q[i] & 15) * d + m;
      out[i + 16] = static_cast<float>(block->q[i] >> 4) * d + m;
    }
  }
}

void encode_q4_0(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockQ4_0*>(blocks);
  if (importance != nullptr) {
    using Search = quant::ScaleSearch<Q4_0Shape, true>;
    quant::encode_groups<Search>(x, n, importance, [&](const Search& found, int64_t, int64_t n_here) {
      for (int64_t i = 0; i < n_here; i += 32, ++block) {
        block->d = found.own_scale[static_cast<size_t>(i / 32)];
        pack(found.codes.data() + i, block->q);
      }
    });
    return;
  }
  for (; n > 0; n -= 32, x += 32, ++block) {
    const quant::FiniteBlock finite(x);
    const float d = quant::within(finite.farthest() / -8, quant::kLargestF16), inverse = quant::inverse_scale(d);
    block->d = to_f16(d);
    int q[32];
    for (int i = 0; i < 32; i += Lanes::kWidth) {
      clamped(finite.at(i) * Lanes(inverse) + Lanes(8.5F), 0, 15.5F).store_integers(q + i);
    }
    pack(q, block->q);
  }
}

void encode_q4_1(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockQ4_1*>(blocks);
  if (importance != nullptr) {
    using Search = quant::AffineSearch<Q4_1Shape, true>;
    quant::encode_groups<Search>(x, n, importance, [&](const Search& found, int64_t, int64_t n_here) {
      for (int64_t i = 0; i < n_here; i += 32, ++block) {
        block->d = found.own_scale[static_cast<size_t>(i / 32)];
        block->m = found.own_offset[static_cast<size_t>(i / 32)];
        pack(found.q.data() + i, block->q);
      }
    });
    return;
  }
  for (; n > 0; n -= 32, x += 32, ++block) {
    const quant::FiniteBlock finite(x);
    const float lowest = quant::within(finite.lowest(), quant::kLargestF16);
    const float d = quant::within((finite.highest() - lowest) / 15, quant::kLargestF16),
                inverse = quant::inverse_scale(d);
    block->d = to_f16(d);
    block->m = to_f16(lowest);
    int q[32];
    for (int i = 0; i < 32; i += Lanes::kWidth) {
      clamped((finite.at(i) - Lanes(lowest)) * Lanes(inverse) + Lanes(0.5F), 0, 15.5F).store_integers(q + i);
    }
    pack(q, block->q);
  }
}

}  // namespace hermes
