#include "tensor/float_types.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace hermes {
namespace {

// A small IEEE-like format: sign, `exponent_bits`, `mantissa_bits`, subnormals. `has_infinity` false means E4M3FN: the
// top exponent holds ordinary numbers too, all but the pattern of ones, which is NaN.
struct SmallFloat {
  int exponent_bits;
  int mantissa_bits;
  bool has_infinity;

  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  constexpr uint32_t exponent_mask() const { return (1U << exponent_bits) - 1; }
  constexpr uint32_t mantissa_mask() const { return (1U << mantissa_bits) - 1; }
  constexpr uint32_t sign_bit() const { return 1U << (exponent_bits + mantissa_bits); }

  float decode(uint32_t bits) const {
    const float sign = (bits & sign_bit()) != 0 ? -1.0F : 1.0F;
    const uint32_t exponent = (bits >> mantissa_bits) & exponent_mask();
    const uint32_t mantissa = bits & mantissa_mask();
    if (exponent == exponent_mask()) {
      if (!has_infinity && mantissa != mantissa_mask()) {
        return sign * std::ldexp(static_cast<float>(mantissa | (1U << mantissa_bits)),
                                 static_cast<int>(exponent) - bias() - mantissa_bits);
      }
      if (has_infinity && mantissa == 0) return sign * std::numeric_limits<float>::infinity();
      return std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
    }
    if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), 1 - bias() - mantissa_bits);
    return sign * std::ldexp(static_cast<float>(mantissa | (1U << mantissa_bits)),
                             static_cast<int>(exponent) - bias() - mantissa_bits);
  }

  uint32_t encode(float x) const {
    const uint32_t sign = std::signbit(x) ? sign_bit() : 0;
    const uint32_t infinity = exponent_mask() << mantissa_bits;
    const uint32_t nan = infinity | (has_infinity ? 1U << (mantissa_bits - 1) : mantissa_mask());
    if (std::isnan(x)) return sign | nan;
    if (std::isinf(x)) return sign | (has_infinity ? infinity : nan);
    if (x == 0.0F) return sign;
    // Units in the last place at this magnitude; below the smallest normal they stop shrinking.
    const int exponent = std::max(std::ilogb(std::fabs(x)), 1 - bias());
    const float ulp_count = std::ldexp(std::fabs(x), mantissa_bits - exponent);  // exact: a power of two
    const auto rounded = static_cast<uint32_t>(std::nearbyint(ulp_count));       // ties to even
    // A carry out of the mantissa walks into the exponent by itself.
    const uint32_t magnitude = rounded + (static_cast<uint32_t>(exponent + bias() - 1) << mantissa_bits);
    const uint32_t limit = has_infinity ? infinity : (infinity | mantissa_mask());
    if (magnitude >= limit) return sign | limit;
    return sign | magnitude;
  }
};

constexpr SmallFloat kE4M3{4, 3, false};
constexpr SmallFloat kE5M2{5, 2, true};

template <class Bits, int N>
std::array<float, N> decode_all(const SmallFloat& format) {
  std::array<float, N> table{};
  for (int i = 0; i < N; ++i) table[static_cast<size_t>(i)] = format.decode(static_cast<Bits>(i));
  return table;
}

}  // namespace

// F16 stands in every block of quantised weights, so its two conversions are written out.
float to_float(F16 x) {
  const uint32_t sign = (x.bits & 0x8000U) << 16, magnitude = x.bits & 0x7FFFU;
  if (magnitude >= 0x7C00) {  // infinity; NaN, made quiet
    return std::bit_cast<float>(sign | 0x7F800000U | magnitude << 13 | (magnitude > 0x7C00 ? 0x400000U : 0U));
  }
  const uint32_t normal = (magnitude << 13) + (112U << 23);
  const uint32_t denormal = std::bit_cast<uint32_t>(static_cast<float>(magnitude) * 0x1.0p-24F);
  return std::bit_cast<float>(sign | (magnitude < 0x400 ? denormal : normal));
}

F16 to_f16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), sign = bits >> 16 & 0x8000U, magnitude = bits & 0x7FFFFFFFU;
  uint32_t rounded = 0;
  if (magnitude > 0x7F800000) {
    rounded = 0x7E00;
  } else if (magnitude >= 0x477FF000) {  // from 65,520 on
    rounded = 0x7C00;
  } else if (magnitude < 0x38800000) {  // below 2^-14: one half has the unit of the denormals in its last place
    rounded = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - std::bit_cast<uint32_t>(0.5F);
  } else {  // a carry out of the mantissa walks into the exponent by itself
    rounded = (magnitude + 0xFFF + (magnitude >> 13 & 1) - (112U << 23)) >> 13;
  }
  return {static_cast<uint16_t>(sign | rounded)};
}

float to_float(F8E4M3 x) {
  static const auto table = decode_all<uint8_t, 256>(kE4M3);
  return table[x.bits];
}
F8E4M3 to_f8_e4m3(float x) { return {static_cast<uint8_t>(kE4M3.encode(x))}; }

float to_float(F8E5M2 x) {
  static const auto table = decode_all<uint8_t, 256>(kE5M2);
  return table[x.bits];
}
F8E5M2 to_f8_e5m2(float x) { return {static_cast<uint8_t>(kE5M2.encode(x))}; }

}  // namespace hermes
