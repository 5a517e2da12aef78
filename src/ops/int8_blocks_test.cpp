#include "ops/int8_blocks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/rng.h"

namespace hermes::ops {
namespace {

// What the header promises of a block that is kept, at magnitudes from nothing, through the denormal scales, to the largest.
TEST(KeptInt8, IsOffByHalfAScaleAtMost) {
  Rng rng(1);
  for (double magnitude = 1e-12; magnitude < 8e6; magnitude *= 1.7) {
    for (const int n : {1, 7, 32}) {
      float x[32];
      double largest = 0;
      for (int i = 0; i < n; ++i) {
        x[i] = static_cast<float>(magnitude * (2 * rng.uniform() - 1));
        largest = std::max(largest, std::fabs(static_cast<double>(x[i])));
      }
      int8_t q[32];
      const auto scale = static_cast<double>(to_float(round_to_kept_int8(x, n, q)));
      EXPECT_LE(scale, largest / 127 * (1 + 0x1p-10) + 0x1p-24);
      for (int i = 0; i < n; ++i) {
        EXPECT_LE(std::fabs(static_cast<double>(x[i]) - scale * q[i]), (0.5 + 0x1p-15) * scale)
            << magnitude << " " << i;
        EXPECT_GE(q[i], -127);
      }
      for (int i = n; i < 32; ++i) EXPECT_EQ(q[i], 0);
    }
  }
}

TEST(KeptInt8, HasAScaleThatIsNoNumberWhereThereIsNone) {
  for (const float special : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity(), 9e6F, 3e38F}) {
    const float x[] = {1, special, -2};
    int8_t q[32];
    EXPECT_FALSE(std::isfinite(to_float(round_to_kept_int8(x, 3, q)))) << special;
    for (const int8_t element : q) EXPECT_EQ(element, 0);
  }
}

TEST(KeptInt8, OfZerosIsZeros) {
  const float x[32] = {0.0F, -0.0F};
  int8_t q[32];
  EXPECT_EQ(round_to_kept_int8(x, 32, q).bits, 0);
  for (const int8_t element : q) EXPECT_EQ(element, 0);
}

}  // namespace
}  // namespace hermes::ops
