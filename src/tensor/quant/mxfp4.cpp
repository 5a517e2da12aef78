#include "tensor/quant/mxfp4.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <limits>

#include "tensor/quant/block_groups.h"
#include "tensor/quant/scale_search.h"

namespace hermes {
namespace {

using quant::Lanes;

constexpr auto kCodes = [] {  // of levels -12 to 12
  std::array<uint8_t, 25> table{};
  for (int code = 15; code >= 0; --code)
    table[static_cast<size_t>(kFp4Doubled[code] + 12)] = static_cast<uint8_t>(code);
  return table;
}();

struct Fp4Shape {
  static constexpr int kElements = 32, kSubs = 8, kUnitHigh = 0;
  static constexpr float kPeaks[] = {12.0F};  // of the base's search, which is not run
  static constexpr float kNearby[] = {1.0F};

  // Levels are 1, 2 and 4 apart, up to 4, 8 and 12.
  static Lanes nearest(Lanes x) {
    const Lanes a = min(absolute(x), Lanes(12));
    const Lanes by_4 = round(a * Lanes(0.25F)) * Lanes(4), by_2 = round(a * Lanes(0.5F)) * Lanes(2);
    const Lanes level = where_less(a, Lanes(4), round(a), where_less(a, Lanes(8), by_2, by_4));
    return where_less(x, Lanes(), Lanes() - level, level);
  }
  static void codes_of(Lanes levels, int* codes) {
    (levels + Lanes(12)).store_integers(codes);
    for (int s = 0; s < Lanes::kWidth; ++s) codes[s] = kCodes[static_cast<size_t>(codes[s])];
  }
};

// The scale is a power of two: for a block whose largest element is from 1 to 2, one of these. With 1/4 it comes to
// from 4 to 8 beside the largest number, 6. The smaller ones clip, which pays only where large elements have little
// importance.
constexpr int kPowers[] = {-2, -1, -3, -4};
constexpr int kPlainPowers = 2;                            // of these are tried without importance
constexpr int kFirstExponent = -121, kLastExponent = 126;  // all scales, and the factors 2^-e, are ordinary floats

float power_of_two(int e) { return std::bit_cast<float>(static_cast<uint32_t>(e + 127) << 23); }

// The base's codes; its scales are the exponents as they are stored.
template <class Shape, bool kWeighted>
class PowerSearch : public quant::ScaleSearch<Shape, kWeighted> {
 public:
  void encode(const float* x, const float* importance) {
    float scaled[quant::kGroup];
    std::array<bool, Shape::kSubs> zero{};
    std::array<int, Shape::kSubs> exponents{};
    for (int s = 0; s < Shape::kSubs; ++s) {
      const int first = s * Shape::kElements;
      Lanes each[Shape::kElements / Lanes::kWidth], magnitudes;
      for (size_t k = 0; k < std::size(each); ++k) {
        each[k] = quant::within(Lanes::load(x + first + k * Lanes::kWidth), std::numeric_limits<float>::max());
        magnitudes = max(magnitudes, absolute(each[k]));
      }
      const float magnitude = largest(magnitudes);
      const int exponent = static_cast<int>(std::bit_cast<uint32_t>(magnitude) >> 23) - 127;
      const auto at = static_cast<size_t>(s);
      exponents[at] = std::clamp(exponent, kFirstExponent, kLastExponent);
      zero[at] = magnitude == 0;
      const Lanes factor(power_of_two(-exponents[at]));
      for (size_t k = 0; k < std::size(each); ++k) (each[k] * factor).store(scaled + first + k * Lanes::kWidth);
    }
    this->load(scaled, importance);
    static_assert(PowerSearch::kChunks == 1);
    Lanes power, least(std::numeric_limits<float>::max());
    constexpr size_t kCandidates = kWeighted ? std::size(kPowers) : kPlainPowers;
    for (size_t k = 0; k < kCandidates; ++k) {
      const Lanes scale(power_of_two(kPowers[k] - 1));  // of doubled levels
      const Lanes error = this->error_of(this->sums_of(0, inverse(scale)), scale);
      power = where_less(error, least, Lanes(static_cast<float>(kPowers[k])), power);
      least = min(error, least);
    }
    float powers[Lanes::kWidth], scales_found[Lanes::kWidth];
    power.store(powers);
    for (size_t s = 0; s < Lanes::kWidth; ++s) {
      const int e = static_cast<int>(powers[s]);
      this->scales[s] = zero[s] ? 0 : exponents[s] + e + 127;
      scales_found[s] = power_of_two(e - 1);
    }
    this->store_codes(0, inverse(Lanes::load(scales_found)));
  }
};

}  // namespace

void decode_mxfp4(const void* blocks, int64_t n, float* out) {
  const auto* block = static_cast<const BlockMXFP4*>(blocks);
  for (; n > 0; n -= 32, out += 32, ++block) {
    // Half of 2^(e - 127), since the levels are doubled; the first two are denormal.
    const uint32_t e = block->e;
    const float d = std::bit_cast<float>(e < 2 ? 0x00200000U << e : (e - 1) << 23);
    for (int i = 0; i < 16; ++i) {
      out[i] = static_cast<float>(kFp4Doubled[block->q[i] & 15]) * d;
      out[i + 16] = static_cast<float>(kFp4Doubled[block->q[i] >> 4]) * d;
    }
  }
}

void encode_mxfp4(const float* x, int64_t n, const float* importance, void* blocks) {
  auto* block = static_cast<BlockMXFP4*>(blocks);
  quant::encode_searching<PowerSearch, Fp4Shape>(x, n, importance, [&](const auto& found, int64_t, int64_t n_here) {
    for (int64_t b = 0; b < n_here / 32; ++b, ++block) {
      block->e = static_cast<uint8_t>(found.scales[static_cast<size_t>(b)]);
      const uint8_t* codes = found.codes.data() + 32 * b;
      for (int i = 0; i < 16; ++i) block->q[i] = static_cast<uint8_t>(codes[i] | codes[i + 16] << 4);
    }
  });
}

}  // namespace hermes
