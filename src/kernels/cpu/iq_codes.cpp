#include "kernels/cpu/iq_codes.h"

#include <bit>

#include "tensor/quant/iq_grids.h"

namespace hermes::kernels {
namespace {

// The codes of IQ2 are the corners of a cube in four dimensions. Each of the three levels owns some of them, among which
// there is an edge in every direction, and the corners with an odd number of ones are negative. So for each level and i
// there is a positive code that bit i turns negative, and the signs of a point can be taken as they lie in their byte.
constexpr uint32_t kLevelOf[16] = {0, 0, 0, 1, 0, 1, 2, 1, 0, 2, 1, 1, 2, 2, 2, 2};
constexpr uint32_t kPositive[3][4] = {{0, 0, 0, 0}, {10, 5, 3, 3}, {12, 12, 9, 6}};

constexpr bool has_odd_ones(uint32_t x) { return std::popcount(x) % 2 == 1; }
static_assert([] {
  for (uint32_t level = 0; level < 3; ++level) {
    for (uint32_t i = 0; i < 4; ++i) {
      const uint32_t code = kPositive[level][i], negative = code ^ (1U << i);
      if (has_odd_ones(code) || kLevelOf[code] != level || kLevelOf[negative] != level) return false;
    }
  }
  return true;
}());

constexpr uint32_t iq1_code(uint32_t point) {
  uint32_t code = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    code |= (point >> (2 * i) & 3) << (8 * i + 3) | (point >> (2 * i + 8) & 3) << (8 * i + 6);
  }
  return code;
}

constexpr uint32_t iq2_code(uint32_t point) {
  uint32_t code = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    code |= kPositive[point >> (2 * i) & 3][i] << (8 * i) | kPositive[point >> (2 * i + 8) & 3][i] << (8 * i + 4);
  }
  return code;
}

template <class Level>
constexpr uint32_t iq3_code(uint32_t point, const Level& level) {
  uint32_t code = 0;
  for (uint32_t i = 0; i < 4; ++i) code |= (kIqZero + level(point >> (3 * i) & 7)) << (8 * i);
  return code;
}
constexpr uint32_t iq3_xxs_code(uint32_t point) {
  return iq3_code(point, [](uint32_t q) -> uint32_t { return kIq3XxsLevels[q]; });
}
constexpr uint32_t iq3_s_code(uint32_t point) {
  return iq3_code(point, [](uint32_t q) { return 2 * q + 1; });
}

template <int N>
constexpr IqCodes<N> codes_of(const uint16_t (&grid)[N], uint32_t (*code)(uint32_t point)) {
  IqCodes<N> codes{};
  for (int i = 0; i < N; ++i) codes.of[i] = code(grid[i]);
  return codes;
}

constexpr uint8_t iq2_value(uint32_t code) {
  const int level = kIq2Levels[kLevelOf[code]];
  return static_cast<uint8_t>(kIqZero + (has_odd_ones(code) ? -level : level));
}

}  // namespace

constinit const IqCodes<2048> kIq1Codes = codes_of(kIq1Grid, iq1_code);
constinit const IqCodes<256> kIq2XxsCodes = codes_of(kIq2XxsGrid, iq2_code);
constinit const IqCodes<512> kIq2XsCodes = codes_of(kIq2XsGrid, iq2_code);
constinit const IqCodes<1024> kIq2SCodes = codes_of(kIq2SGrid, iq2_code);
constinit const IqCodes<256> kIq3XxsCodes = codes_of(kIq3XxsGrid, iq3_xxs_code);
constinit const IqCodes<512> kIq3SCodes = codes_of(kIq3SGrid, iq3_s_code);

alignas(16) constinit const uint8_t kIq2Values[16] = {iq2_value(0),  iq2_value(1),  iq2_value(2),  iq2_value(3),
                                                      iq2_value(4),  iq2_value(5),  iq2_value(6),  iq2_value(7),
                                                      iq2_value(8),  iq2_value(9),  iq2_value(10), iq2_value(11),
                                                      iq2_value(12), iq2_value(13), iq2_value(14), iq2_value(15)};

}  // namespace hermes::kernels
