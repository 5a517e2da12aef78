#include "synth/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/check.h"

namespace hermes::synth {
namespace {

std::vector<int> digits_from_right(int64_t value) {
  std::vector<int> digits;
  do {
    digits.push_back(static_cast<int>(value % 10));
    value /= 10;
  } while (value > 0);
  return digits;
}

bool is_digit(int64_t value) { return value >= 0 && value < 10; }

// One digit times a number, both at least 0.
std::string times_digit(int64_t digit, int64_t number) {
  std::string out = fmt::format("{}*{}: ", digit, number);
  int64_t carry = 0;
  for (const int d : digits_from_right(number)) {
    const int64_t product = digit * d + carry;
    out += carry > 0 ? fmt::format("{}*{}+{}={}, ", digit, d, carry, product)
                     : fmt::format("{}*{}={}, ", digit, d, product);
    carry = product / 10;
  }
  return out + fmt::format("{}*{}={}", digit, number, digit * number);
}

}  // namespace

std::string add_steps(int64_t a, int64_t b) {
  if (a < 0 && b < 0) return fmt::format("{}\n{}+({})={}", add_steps(-a, -b), a, b, a + b);
  if (a < 0) return fmt::format("{}\n{}+{}={}", subtract_steps(b, -a), a, b, a + b);
  if (b < 0) return fmt::format("{}\n{}+({})={}", subtract_steps(a, -b), a, b, a + b);
  if (is_digit(a) && is_digit(b)) return fmt::format("{}+{}={}", a, b, a + b);
  const std::vector<int> left = digits_from_right(a), right = digits_from_right(b);
  std::string out = fmt::format("{}+{}: ", a, b);
  int carry = 0;
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const int l = i < left.size() ? left[i] : 0, r = i < right.size() ? right[i] : 0, sum = l + r + carry;
    out += carry > 0 ? fmt::format("{}+{}+{}={}, ", l, r, carry, sum) : fmt::format("{}+{}={}, ", l, r, sum);
    carry = sum / 10;
  }
  return out + fmt::format("{}+{}={}", a, b, a + b);
}

std::string subtract_steps(int64_t a, int64_t b) {
  if (b < 0) return fmt::format("{}\n{}-({})={}", add_steps(a, -b), a, b, a - b);
  if (a < 0) return fmt::format("{}\n{}-{}={}", add_steps(-a, b), a, b, a - b);
  if (a < b) return fmt::format("{}\n{}-{}={}", subtract_steps(b, a), a, b, a - b);
  if (is_digit(a) && is_digit(b)) return fmt::format("{}-{}={}", a, b, a - b);
  const std::vector<int> left = digits_from_right(a), right = digits_from_right(b);
  std::string out = fmt::format("{}-{}: ", a, b);
  int borrow = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    const int r = i < right.size() ? right[i] : 0;
    const bool borrows = left[i] - borrow - r < 0;
    const int digit = left[i] - borrow - r + (borrows ? 10 : 0);
    out += fmt::format("{}{}{}-{}={}, ", left[i], borrow > 0 ? "-1" : "", borrows ? "+10" : "", r, digit);
    borrow = borrows ? 1 : 0;
  }
  return out + fmt::format("{}-{}={}", a, b, a - b);
}

std::string multiply_steps(int64_t a, int64_t b) {
  if (a < 0 || b < 0) {
    return fmt::format("{}\n{}*{}={}", multiply_steps(std::abs(a), std::abs(b)), a,
                       b < 0 ? fmt::format("({})", b) : fmt::format("{}", b), a * b);
  }
  if (is_digit(a) && is_digit(b)) return fmt::format("{}*{}={}", a, b, a * b);
  if (is_digit(a)) return times_digit(a, b);
  if (is_digit(b)) return times_digit(b, a);
  // One line for each digit of the shorter number, then the partial products are added.
  const int64_t shorter = std::min(a, b), longer = std::max(a, b);
  std::string out;
  int64_t total = 0, place = 1;
  for (const int digit : digits_from_right(shorter)) {
    if (digit != 0) {
      const int64_t part = digit * place * longer;
      out += times_digit(digit, longer);
      if (place > 1) out += fmt::format(", {}*{}={}", digit * place, longer, part);
      out += '\n';
      if (total > 0) out += add_steps(total, part) + '\n';
      total += part;
    }
    place *= 10;
  }
  return out + fmt::format("{}*{}={}", a, b, a * b);
}

std::string sum_steps(std::span<const int64_t> numbers) {
  HERMES_CHECK(!numbers.empty());
  std::string out;
  int64_t total = numbers.front();
  for (const int64_t number : numbers.subspan(1)) {
    if (!out.empty()) out += '\n';
    out += add_steps(total, number);
    total += number;
  }
  return out;
}

}  // namespace hermes::synth
