#include "verify/rational.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>

namespace hermes::verify {
namespace {

constexpr Int128 kLimit = Int128{1} << 126;

Int128 magnitude(Int128 x) { return x < 0 ? -x : x; }

Int128 common_divisor(Int128 a, Int128 b) {
  while (b != 0) {
    const Int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

std::optional<Int128> times(Int128 a, Int128 b) {
  Int128 out;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

std::optional<Int128> plus(Int128 a, Int128 b) {
  Int128 out;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string digits_of(Int128 value) {
  std::string out;
  for (Int128 rest = magnitude(value); rest != 0; rest /= 10)
    out += static_cast<char>('0' + static_cast<int>(rest % 10));
  if (out.empty()) out += '0';
  if (value < 0) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

std::optional<Rational> Rational::make(Int128 numerator, Int128 denominator) {
  constexpr Int128 kLowest = -kLimit - kLimit;
  if (denominator == 0 || numerator == kLowest || denominator == kLowest) return std::nullopt;
  const Int128 divisor = common_divisor(magnitude(numerator), magnitude(denominator));
  Rational out;
  out.numerator_ = (denominator < 0 ? -numerator : numerator) / divisor;
  out.denominator_ = magnitude(denominator) / divisor;
  if (magnitude(out.numerator_) >= kLimit || out.denominator_ >= kLimit) return std::nullopt;
  return out;
}

std::optional<Rational> Rational::parse(std::string_view text) {
  constexpr size_t kMostDigits = 37;  // below 2^126
  int exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = text.substr(e + 1);
    text = text.substr(0, e);
    const bool negative = power.starts_with('-');
    if (negative || power.starts_with('+')) power.remove_prefix(1);
    if (power.empty() || power.size() > 2 || !std::all_of(power.begin(), power.end(), is_digit)) return std::nullopt;
    for (const char c : power) exponent = exponent * 10 + (c - '0');
    if (negative) exponent = -exponent;
  }
  const size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view part = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (!std::all_of(whole.begin(), whole.end(), is_digit) || !std::all_of(part.begin(), part.end(), is_digit) ||
      (whole.empty() && part.empty()) || (point != std::string_view::npos && part.empty())) {
    return std::nullopt;
  }
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  part = part.substr(0, part.find_last_not_of('0') + 1);
  if (whole.size() + part.size() > kMostDigits) return std::nullopt;
  Int128 value = 0;
  for (const char c : whole) value = value * 10 + (c - '0');
  for (const char c : part) value = value * 10 + (c - '0');
  if (value == 0) return Rational(0);
  exponent -= static_cast<int>(part.size());
  Int128 scale = 1;
  for (int i = 0; i < std::abs(exponent); ++i) {
    const std::optional<Int128> next = times(scale, 10);
    if (!next) return std::nullopt;
    scale = *next;
  }
  if (exponent < 0) return make(value, scale);
  const std::optional<Int128> scaled = times(value, scale);
  return scaled ? make(*scaled, 1) : std::nullopt;
}

std::optional<Rational> operator+(const Rational& a, const Rational& b) {
  const Int128 divisor = common_divisor(a.denominator_, b.denominator_);
  const auto left = times(a.numerator_, b.denominator_ / divisor),
             right = times(b.numerator_, a.denominator_ / divisor);
  const auto denominator = times(a.denominator_, b.denominator_ / divisor);
  if (!left || !right || !denominator) return std::nullopt;
  const auto sum = plus(*left, *right);
  return sum ? Rational::make(*sum, *denominator) : std::nullopt;
}

std::optional<Rational> operator-(const Rational& a, const Rational& b) { return a + -b; }

std::optional<Rational> operator*(const Rational& a, const Rational& b) {
  const Int128 one = common_divisor(magnitude(a.numerator_), b.denominator_);
  const Int128 two = common_divisor(magnitude(b.numerator_), a.denominator_);
  const auto numerator = times(a.numerator_ / one, b.numerator_ / two);
  const auto denominator = times(a.denominator_ / two, b.denominator_ / one);
  return numerator && denominator ? Rational::make(*numerator, *denominator) : std::nullopt;
}

std::optional<Rational> operator/(const Rational& a, const Rational& b) {
  const std::optional<Rational> inverse = Rational::make(b.denominator_, b.numerator_);
  return inverse ? a * *inverse : std::nullopt;
}

Rational Rational::operator-() const {
  Rational out = *this;
  out.numerator_ = -out.numerator_;
  return out;
}

std::optional<std::strong_ordering> Rational::compare(const Rational& other) const {
  const auto left = times(numerator_, other.denominator_), right = times(other.numerator_, denominator_);
  if (!left || !right) return std::nullopt;
  return *left <=> *right;
}

std::string Rational::text() const {
  return is_integer() ? digits_of(numerator_) : digits_of(numerator_) + "/" + digits_of(denominator_);
}

std::optional<Rational> to_rational(const json::value& number) {
  if (const int64_t* i = number.if_int64()) return Rational(*i);
  if (const uint64_t* u = number.if_uint64()) return Rational::make(Int128{*u}, 1);
  if (const double* d = number.if_double()) {
    const std::string text = fmt::format("{}", *d);
    const bool negative = text.starts_with('-');
    const std::optional<Rational> value = Rational::parse(std::string_view(text).substr(negative ? 1 : 0));
    return value && negative ? -*value : value;
  }
  return std::nullopt;
}

}  // namespace hermes::verify
