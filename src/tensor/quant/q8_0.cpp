#include "tensor/quant/q8_0.h"

#include <cmath>

#include "tensor/quant/block_groups.h"
#include "tensor/quant/plain_blocks.h"
#include "tensor/quant/scale_search.h"

namespace hermes {
namespace {

using quant::Lanes;

struct Q8_0Shape : quant::EvenLevels<-127, 127> {
  static constexpr int kElements = 32, kSubs = 8, kUnitHigh = 0;
  static constexpr float kPeaks[] = {127.0F, 126.5F, 127.5F};
  static constexpr float kNearby[] = {1.0F};
};

}  // namespace

void decode_q8_0(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockQ8_0*>(blocks);
  for (; n > 0; n -= 32, out += 32, ++block) {
    const float d = to_float(block->d);
    for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(block->q[i]) * d;
  }
}

void encode_q8_0(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockQ8_0*>(blocks);
  if (importance != nullptr) {
    using Search = quant::ScaleSearch<Q8_0Shape, true>;
    quant::encode_groups<Search>(x, n, importance, [&](const Search& found, int64_t, int64_t n_here) {
      for (int64_t i = 0; i < n_here; i += 32, ++block) {
        block->d = found.own_scale[static_cast<size_t>(i / 32)];
        for (int k = 0; k < 32; ++k) block->q[k] = static_cast<int8_t>(found.codes[static_cast<size_t>(i + k)] - 127);
      }
    });
    return;
  }
  for (; n > 0; n -= 32, x += 32, ++block) {
    const quant::FiniteBlock finite(x);
    const float d = quant::within(std::fabs(finite.farthest()) / 127, quant::kLargestF16);
    const float inverse = quant::inverse_scale(d);
    block->d = to_f16(d);
    int q[32];
    for (int i = 0; i < 32; i += Lanes::kWidth) {
      // To the nearest, halves away from zero.
      const Lanes v = clamped(finite.at(i) * Lanes(inverse), -127, 127), whole = truncate(v);
      const Lanes away = whole + where_less(v, Lanes(), Lanes(-1), Lanes(1));
      where_less(absolute(v - whole), Lanes(0.5F), whole, away).store_integers(q + i);
    }
    for (int i = 0; i < 32; ++i) block->q[i] = static_cast<int8_t>(q[i]);
  }
}

}  // namespace hermes
