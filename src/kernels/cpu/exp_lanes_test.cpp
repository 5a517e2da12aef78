#include "kernels/cpu/exp_lanes.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "kernels/cpu/scalar/lanes.h"

namespace hermes::kernels {
namespace {

// The scalar lanes; other sets give the same bits (rows_test.cpp).
float exp_of(float x) { return exp(scalar::Lanes::broadcast(x)).v[0]; }

double ulp_at(double exact) {
  const int exponent = std::max(std::ilogb(exact), -126);  // below the normal range ulps stop shrinking
  return std::ldexp(1.0, exponent - 23);
}

TEST(Exp, IsWithinTwoUlpWhereverItIsFinite) {
  double worst = 0;
  // A prime step through the bit patterns: all exponents and many mantissas of both signs.
  for (uint32_t bits = 0; bits < 0x43000000; bits += 49999) {  // to 128
    for (const float x : {std::bit_cast<float>(bits), -std::bit_cast<float>(bits)}) {
      if (x > 88.72F || x < -103.9F) continue;
      const double exact = std::exp(static_cast<double>(x));
      worst = std::max(worst, std::fabs(static_cast<double>(exp_of(x)) - exact) / ulp_at(exact));
    }
  }
  EXPECT_LE(worst, 2.0);
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(Exp, IsExactWhereItMustBe) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(exp_of(0.0F), 1.0F);
  EXPECT_EQ(exp_of(-0.0F), 1.0F);
  EXPECT_EQ(exp_of(-kInfinity), 0.0F);
  EXPECT_EQ(exp_of(kInfinity), kInfinity);
  EXPECT_EQ(exp_of(89.0F), kInfinity);
  EXPECT_EQ(exp_of(1e30F), kInfinity);
  EXPECT_EQ(exp_of(-104.0F), 0.0F);
  EXPECT_EQ(exp_of(-1e30F), 0.0F);
  EXPECT_TRUE(std::isnan(exp_of(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Exp, KeepsDenormals) {
  EXPECT_GT(exp_of(-100.0F), 0.0F);
  EXPECT_LT(exp_of(-100.0F), std::numeric_limits<float>::min());
}

float exp_of_nonpositive(float x) { return kernels::exp_of_nonpositive(scalar::Lanes::broadcast(x)).v[0]; }

TEST(ExpOfNonpositive, IsWithinTwoUlpDownToTheNormalRange) {
  double worst = 0;
  for (uint32_t bits = 0; bits < std::bit_cast<uint32_t>(87.33F); bits += 4999) {
    const float x = -std::bit_cast<float>(bits);
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::fabs(static_cast<double>(exp_of_nonpositive(x)) - exact) / ulp_at(exact));
  }
  EXPECT_LE(worst, 2.0);
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(ExpOfNonpositive, IsExactAtZeroAndNothingBelowItsRange) {
  EXPECT_EQ(exp_of_nonpositive(0.0F), 1.0F);
  EXPECT_EQ(exp_of_nonpositive(-0.0F), 1.0F);
  for (const float x : {-87.7F, -88.0F, -88.5F, -1000.0F, -3e38F, -std::numeric_limits<float>::infinity()}) {
    EXPECT_EQ(exp_of_nonpositive(x), 0.0F) << x;
  }
  // Between the normal range and 0: off by at most the smallest normal number.
  for (float x = -87.33F; x > -87.7F; x -= 0.001F) {
    EXPECT_NEAR(exp_of_nonpositive(x), std::exp(x), std::numeric_limits<float>::min()) << x;
  }
  EXPECT_TRUE(std::isnan(exp_of_nonpositive(std::numeric_limits<float>::quiet_NaN())));
}

}  // namespace
}  // namespace hermes::kernels
