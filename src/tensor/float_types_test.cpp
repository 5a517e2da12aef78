#include "tensor/float_types.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace hermes {
namespace {

float float_of(uint32_t bits) { return std::bit_cast<float>(bits); }

// Made with PyTorch 2.15: torch.tensor(x).to(dtype). Only E4M3 beyond 464 is not its answer: it saturates, we
// give NaN.
constexpr struct Conversion {
  uint32_t f32;
  uint16_t f16;
  uint16_t bf16;
  uint8_t e4m3;
  uint8_t e5m2;
} kConversions[] = {
    {0x00000000, 0x0000, 0x0000, 0x00, 0x00},  // 0
    {0x80000000, 0x8000, 0x8000, 0x80, 0x80},  // -0
    {0x3F800000, 0x3C00, 0x3F80, 0x38, 0x3C},  // 1
    {0xBF800000, 0xBC00, 0xBF80, 0xB8, 0xBC},  // -1
    {0x3DCCCCCD, 0x2E66, 0x3DCD, 0x1D, 0x2E},  // 0.100000001
    {0xBE99999A, 0xB4CD, 0xBE9A, 0xAA, 0xB5},  // -0.300000012
    {0x3EAAAAAB, 0x3555, 0x3EAB, 0x2B, 0x35},  // 0.333333343
    {0x40490FDB, 0x4248, 0x4049, 0x45, 0x42},  // 3.14159274
    {0x3F801000, 0x3C00, 0x3F80, 0x38, 0x3C},  // 1.00048828
    {0x3F803000, 0x3C02, 0x3F80, 0x38, 0x3C},  // 1.00146484
    {0x3F808000, 0x3C04, 0x3F80, 0x38, 0x3C},  // 1.00390625
    {0x3F818000, 0x3C0C, 0x3F82, 0x38, 0x3C},  // 1.01171875
    {0x3F880000, 0x3C40, 0x3F88, 0x38, 0x3C},  // 1.0625
    {0x3F980000, 0x3CC0, 0x3F98, 0x3A, 0x3D},  // 1.1875
    {0x3F900000, 0x3C80, 0x3F90, 0x39, 0x3C},  // 1.125
    {0x3FB00000, 0x3D80, 0x3FB0, 0x3B, 0x3E},  // 1.375
    {0x477FE000, 0x7BFF, 0x4780, 0x7F, 0x7C},  // 65504
    {0x477FEFFF, 0x7BFF, 0x4780, 0x7F, 0x7C},  // 65519.9961
    {0x477FF000, 0x7C00, 0x4780, 0x7F, 0x7C},  // 65520
    {0x47800000, 0x7C00, 0x4780, 0x7F, 0x7C},  // 65536
    {0x47600000, 0x7B00, 0x4760, 0x7F, 0x7B},  // 57344
    {0x476FFFFF, 0x7B80, 0x4770, 0x7F, 0x7B},  // 61439.9961
    {0x47700000, 0x7B80, 0x4770, 0x7F, 0x7C},  // 61440
    {0x43E00000, 0x5F00, 0x43E0, 0x7E, 0x5F},  // 448
    {0x43E7FFFF, 0x5F40, 0x43E8, 0x7E, 0x5F},  // 463.999969
    {0x43E80000, 0x5F40, 0x43E8, 0x7E, 0x5F},  // 464
    {0x43E80001, 0x5F40, 0x43E8, 0x7F, 0x5F},  // 464.000031
    {0x43F00000, 0x5F80, 0x43F0, 0x7F, 0x60},  // 480
    {0xC3FA0000, 0xDFD0, 0xC3FA, 0xFF, 0xE0},  // -500
    {0x7F7FFFFF, 0x7C00, 0x7F80, 0x7F, 0x7C},  // 3.40282347e+38
    {0x7F7F0000, 0x7C00, 0x7F7F, 0x7F, 0x7C},  // 3.38953139e+38
    {0x7F7F0906, 0x7C00, 0x7F7F, 0x7F, 0x7C},  // 3.38999991e+38
    {0x38800000, 0x0400, 0x3880, 0x00, 0x04},  // 6.10351562e-05
    {0x33800000, 0x0001, 0x3380, 0x00, 0x00},  // 5.96046448e-08
    {0x33000000, 0x0000, 0x3300, 0x00, 0x00},  // 2.98023224e-08
    {0x33000008, 0x0001, 0x3300, 0x00, 0x00},  // 2.98023508e-08
    {0x33C00000, 0x0002, 0x33C0, 0x00, 0x00},  // 8.94069672e-08
    {0x3C800000, 0x2400, 0x3C80, 0x08, 0x24},  // 0.015625
    {0x3B000000, 0x1800, 0x3B00, 0x01, 0x18},  // 0.001953125
    {0x3A800000, 0x1400, 0x3A80, 0x00, 0x14},  // 0.0009765625
    {0x3A800008, 0x1400, 0x3A80, 0x01, 0x14},  // 0.000976563431
    {0x3B400000, 0x1A00, 0x3B40, 0x02, 0x1A},  // 0.0029296875
    {0x37800000, 0x0100, 0x3780, 0x00, 0x01},  // 1.52587891e-05
    {0x37000000, 0x0080, 0x3700, 0x00, 0x00},  // 7.62939453e-06
    {0x37C00000, 0x0180, 0x37C0, 0x00, 0x02},  // 2.28881836e-05
    {0x00000001, 0x0000, 0x0000, 0x00, 0x00},  // 1.40129846e-45
    {0x000116C2, 0x0000, 0x0001, 0x00, 0x00},  // 9.9999461e-41
    {0x7F800000, 0x7C00, 0x7F80, 0x7F, 0x7C},  // inf
    {0xFF800000, 0xFC00, 0xFF80, 0xFF, 0xFC},  // -inf
};

TEST(FloatTypes, ConvertAsPyTorchDoes) {
  for (const Conversion& row : kConversions) {
    const float x = float_of(row.f32);
    EXPECT_EQ(to_f16(x).bits, row.f16) << x;
    EXPECT_EQ(to_bf16(x).bits, row.bf16) << x;
    EXPECT_EQ(to_f8_e4m3(x).bits, row.e4m3) << x;
    EXPECT_EQ(to_f8_e5m2(x).bits, row.e5m2) << x;
  }
}

// Every pattern must come back as it was; a NaN as some NaN.
template <class T, class Encode>
void expect_round_trip(uint32_t n_patterns, Encode encode) {
  for (uint32_t bits = 0; bits < n_patterns; ++bits) {
    const T x{static_cast<decltype(T::bits)>(bits)};
    const float value = to_float(x);
    const T back = encode(value);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(to_float(back))) << std::hex << bits;
      ASSERT_EQ(std::signbit(to_float(back)), std::signbit(value)) << std::hex << bits;
    } else {
      ASSERT_EQ(back.bits, x.bits) << std::hex << bits;
    }
  }
}

TEST(FloatTypes, EveryPatternGoesRound) {
  expect_round_trip<F16>(65536, to_f16);
  expect_round_trip<Bf16>(65536, to_bf16);
  expect_round_trip<F8E4M3>(256, to_f8_e4m3);
  expect_round_trip<F8E5M2>(256, to_f8_e5m2);
}

// Between two neighbours of the narrow type, the midpoint goes to the even pattern and everything else to the
// nearer. `largest` is the pattern of the largest finite number; one above it would be the next number if
// there were one.
template <class T, class Encode>
void expect_nearest_even(uint32_t largest, uint32_t sign_bit, Encode encode) {
  const auto value = [](uint32_t bits) { return to_float(T{static_cast<decltype(T::bits)>(bits)}); };
  for (uint32_t bits = 0; bits < largest; ++bits) {
    const float below = value(bits);
    const float tie = below + (value(bits + 1) - below) / 2;  // exact: one bit more than the narrow type has
    const uint32_t even = bits % 2 == 0 ? bits : bits + 1;
    ASSERT_EQ(encode(tie).bits, even) << std::hex << bits;
    ASSERT_EQ(encode(std::nextafter(tie, 0.0F)).bits, bits) << std::hex << bits;
    ASSERT_EQ(encode(std::nextafter(tie, std::numeric_limits<float>::infinity())).bits, bits + 1) << std::hex << bits;
    ASSERT_EQ(encode(-tie).bits, even | sign_bit) << std::hex << bits;
  }
}

TEST(FloatTypes, RoundToNearestTiesToEven) {
  expect_nearest_even<F16>(0x7BFF, 0x8000, to_f16);
  expect_nearest_even<Bf16>(0x7F7F, 0x8000, to_bf16);
  expect_nearest_even<F8E4M3>(0x7E, 0x80, to_f8_e4m3);
  expect_nearest_even<F8E5M2>(0x7B, 0x80, to_f8_e5m2);
}

TEST(FloatTypes, KnowTheirLargestAndSmallest) {
  EXPECT_EQ(to_float(F16{0x7BFF}), 65504.0F);
  EXPECT_EQ(to_float(F16{0x0001}), 0x1p-24F);
  EXPECT_EQ(to_float(F8E4M3{0x7E}), 448.0F);
  EXPECT_EQ(to_float(F8E4M3{0x01}), 0x1p-9F);
  EXPECT_EQ(to_float(F8E5M2{0x7B}), 57344.0F);
  EXPECT_EQ(to_float(F8E5M2{0x01}), 0x1p-16F);
  EXPECT_TRUE(std::isnan(to_float(F8E4M3{0xFF})));
  EXPECT_TRUE(std::isinf(to_float(F8E5M2{0xFC})));
}

TEST(FloatTypes, SignOfZeroIsKept) {
  EXPECT_EQ(to_f16(-0.0F).bits, 0x8000);
  EXPECT_EQ(to_bf16(-0.0F).bits, 0x8000);
  EXPECT_EQ(to_f8_e4m3(-1e-30F).bits, 0x80);
  EXPECT_EQ(to_f8_e5m2(-1e-30F).bits, 0x80);
}

TEST(FloatTypes, NanStaysNan) {
  for (const uint32_t bits : {0x7F800001U, 0x7FC00000U, 0x7FFFFFFFU, 0xFF800001U, 0xFFFFFFFFU}) {
    const float nan = float_of(bits);
    EXPECT_TRUE(std::isnan(to_float(to_f16(nan))));
    EXPECT_TRUE(std::isnan(to_float(to_bf16(nan))));
    EXPECT_TRUE(std::isnan(to_float(to_f8_e4m3(nan))));
    EXPECT_TRUE(std::isnan(to_float(to_f8_e5m2(nan))));
  }
}

}  // namespace
}  // namespace hermes
