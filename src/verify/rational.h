// Exact rational numbers of bounded size: numerator and denominator fit 126 bits, or there is no result.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace hermes::verify {

__extension__ typedef __int128 Int128;

class Rational {
 public:
  Rational() = default;
  Rational(int64_t whole) : numerator_(whole) {}  // NOLINT: implicit by design

  // nullopt where the denominator is zero or the lowest terms do not fit.
  static std::optional<Rational> make(Int128 numerator, Int128 denominator);
  // "12", "3.50", ".5", "1e3": digits, a point, an exponent of at most two digits; no sign, no separators. nullopt where
  // it is not that or does not fit. Leading zeros, and trailing ones after the point, count for nothing.
  static std::optional<Rational> parse(std::string_view text);

  // nullopt where the result does not fit, and for a division by zero.
  friend std::optional<Rational> operator+(const Rational& a, const Rational& b);
  friend std::optional<Rational> operator-(const Rational& a, const Rational& b);
  friend std::optional<Rational> operator*(const Rational& a, const Rational& b);
  friend std::optional<Rational> operator/(const Rational& a, const Rational& b);
  Rational operator-() const;

  friend bool operator==(const Rational&, const Rational&) = default;
  // nullopt where the cross products do not fit.
  std::optional<std::strong_ordering> compare(const Rational& other) const;

  Int128 numerator() const { return numerator_; }
  Int128 denominator() const { return denominator_; }
  bool is_integer() const { return denominator_ == 1; }
  std::string text() const;  // "-3", "7/2"

 private:
  Int128 numerator_ = 0;
  Int128 denominator_ = 1;  // positive, no common factor with the numerator
};

// A JSON number as the decimal that is written for it: the double 3.1 is 31/10. nullopt where it does not fit.
std::optional<Rational> to_rational(const json::value& number);

}  // namespace hermes::verify
