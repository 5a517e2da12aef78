#include "tensor/quant/iq4_nl.h"

#include <array>
#include <cstddef>

#include "tensor/quant/block_groups.h"
#include "tensor/quant/scale_search.h"

namespace hermes {
namespace {

using quant::Lanes;

// The borders between levels are multiples of 1/2, so all numbers between two such multiples have one nearest level.
constexpr int kHalves = 512, kFirstHalf = -256;

constexpr int nearest_code(int half) {  // of half / 2 to (half + 1) / 2
  int best = 0;
  for (int k = 1; k < 16; ++k) {
    const auto distance = [&](int code) {  // four times that of the middle
      const int difference = 4 * kIq4Levels[code] - (2 * half + 1);
      return difference < 0 ? -difference : difference;
    };
    if (distance(k) < distance(best)) best = k;
  }
  return best;
}
constexpr auto kNearest = [] {
  std::array<float, kHalves> table{};
  for (int i = 0; i < kHalves; ++i) {
    table[static_cast<size_t>(i)] = static_cast<float>(kIq4Levels[nearest_code(i + kFirstHalf)]);
  }
  return table;
}();
constexpr auto kCodes = [] {
  std::array<uint8_t, 256> table{};
  for (int code = 0; code < 16; ++code) table[static_cast<size_t>(kIq4Levels[code] + 128)] = static_cast<uint8_t>(code);
  return table;
}();

struct Iq4Levels {
  static Lanes nearest(Lanes x) {
    const Lanes halves = clamped(x, kIq4Levels[0], kIq4Levels[15]) * Lanes(2) - Lanes(kFirstHalf);
    int at[Lanes::kWidth];
    halves.store_integers(at);
    float levels[Lanes::kWidth];
    for (int s = 0; s < Lanes::kWidth; ++s) levels[s] = kNearest[static_cast<size_t>(at[s])];
    return Lanes::load(levels);
  }
  static void codes_of(Lanes levels, int* codes) {
    (levels + Lanes(128)).store_integers(codes);
    for (int s = 0; s < Lanes::kWidth; ++s) codes[s] = kCodes[static_cast<size_t>(codes[s])];
  }

  static constexpr float kPeaks[] = {-159.5F, -141.5F, -132.5F, -126.5F, -120.5F,
                                     -110.0F, 91.0F,   112.0F,  119.5F,  130.0F};
  static constexpr float kNearby[] = {1.0F, 0.985F, 1.015F};
};
struct Iq4NlShape : Iq4Levels {
  static constexpr int kElements = 32, kSubs = 8, kUnitHigh = 0;
};
struct Iq4XsShape : Iq4Levels {
  static constexpr int kElements = 32, kSubs = 8, kUnitLow = -32, kUnitHigh = 31;
  static constexpr float kUnitRatios[] = {1.0F, 1.04F, 1.08F, 1.13F};
};

void decode_16_bytes(const uint8_t* q, float scale, float* out) {
  for (int i = 0; i < 16; ++i) {
    out[i] = scale * static_cast<float>(kIq4Levels[q[i] & 15]);
    out[i + 16] = scale * static_cast<float>(kIq4Levels[q[i] >> 4]);
  }
}
void pack(const uint8_t* codes, uint8_t* q) {
  for (int i = 0; i < 16; ++i) q[i] = static_cast<uint8_t>(codes[i] | codes[i + 16] << 4);
}

}  // namespace

void decode_iq4_nl(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockIQ4_NL*>(blocks);
  for (; n > 0; n -= 32, out += 32, ++block) decode_16_bytes(block->q, to_float(block->d), out);
}

void decode_iq4_xs(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockIQ4_XS*>(blocks);
  for (; n > 0; n -= 256, ++block) {
    const float d = to_float(block->d);
    for (int s = 0; s < 8; ++s, out += 32) {
      const int low = block->scales_low[s / 2] >> (4 * (s % 2)) & 15, high = block->scales_high >> (2 * s) & 3;
      decode_16_bytes(block->q + 16 * s, d * static_cast<float>((low | high << 4) - 32), out);
    }
  }
}

void encode_iq4_nl(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockIQ4_NL*>(blocks);
  quant::encode_searching<quant::ScaleSearch, Iq4NlShape>(x, n, importance,
                                                          [&](const auto& found, int64_t, int64_t n_here) {
                                                            for (int64_t i = 0; i < n_here; i += 32, ++block) {
                                                              block->d = found.own_scale[static_cast<size_t>(i / 32)];
                                                              pack(found.codes.data() + i, block->q);
                                                            }
                                                          });
}

void encode_iq4_xs(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockIQ4_XS*>(blocks);
  quant::encode_searching<quant::ScaleSearch, Iq4XsShape>(x, n, importance, [&](const auto& found, int64_t, int64_t) {
    block->d = found.d;
    uint32_t high = 0;
    for (int s = 0; s < 8; ++s) {
      const int scale = found.scales[static_cast<size_t>(s)] + 32;
      uint8_t& low = block->scales_low[s / 2];
      low = static_cast<uint8_t>(s % 2 == 0 ? scale & 15 : low | (scale & 15) << 4);
      high |= static_cast<uint32_t>(scale >> 4) << (2 * s);
      pack(found.codes.data() + 32 * s, block->q + 16 * s);
    }
    block->scales_high = static_cast<uint16_t>(high);
    ++block;
  });
}

}  // namespace hermes
