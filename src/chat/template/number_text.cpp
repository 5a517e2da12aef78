#include "chat/template/number_text.h"

#include <charconv>
#include <limits>
#include <string>

#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(leading_space(text));
  text.remove_suffix(trailing_space(text));
  return text;
}

// Without the underscores that stand between two digits; nothing where one stands elsewhere.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  const auto alnum = [](char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || i + 1 == text.size() || !alnum(text[i - 1]) || !alnum(text[i + 1])) {
      return std::nullopt;
    }
  }
  return out;
}

bool take_sign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

}  // namespace

IntegerText read_integer(std::string_view text, int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) return {IntegerText::kNone, 0};
  text = trimmed(text);
  const bool negative = take_sign(text);
  const char letter = text.size() > 1 && text[0] == '0' ? static_cast<char>(text[1] | 0x20) : '\0';
  const int prefixed = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  if (prefixed != 0 && (base == 0 || base == prefixed)) {
    text.remove_prefix(2);
    if (text.starts_with('_')) text.remove_prefix(1);
    base = prefixed;
  }
  if (base == 0) {
    // As a literal: no zeros before other digits.
    if (text.size() > 1 && text[0] == '0' && text.find_first_not_of("0_") != std::string_view::npos) {
      return {IntegerText::kNone, 0};
    }
    base = 10;
  }
  const auto digits = without_underscores(text);
  if (!digits || digits->empty() || (*digits)[0] == '-') return {IntegerText::kNone, 0};
  uint64_t magnitude = 0;
  const auto end = std::from_chars(digits->data(), digits->data() + digits->size(), magnitude, static_cast<int>(base));
  if (end.ec == std::errc::invalid_argument || end.ptr != digits->data() + digits->size())
    return {IntegerText::kNone, 0};
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (end.ec != std::errc() || magnitude > kMost + (negative ? 1 : 0)) return {IntegerText::kTooLarge, 0};
  return {IntegerText::kRead, static_cast<int64_t>(negative ? ~magnitude + 1 : magnitude)};
}

std::optional<double> read_float(std::string_view text) {
  text = trimmed(text);
  const bool negative = take_sign(text);
  const std::string lower = to_lower(text);
  const auto signed_value = [negative](double v) { return negative ? -v : v; };
  if (lower == "inf" || lower == "infinity") return signed_value(std::numeric_limits<double>::infinity());
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  const auto digits = without_underscores(lower);
  if (!digits || digits->empty() || !(((*digits)[0] >= '0' && (*digits)[0] <= '9') || (*digits)[0] == '.')) {
    return std::nullopt;
  }
  double value = 0;
  const auto end = std::from_chars(digits->data(), digits->data() + digits->size(), value);
  if (end.ptr != digits->data() + digits->size() || end.ec == std::errc::invalid_argument) return std::nullopt;
  if (end.ec == std::errc::result_out_of_range) {
    const size_t e = digits->find('e');
    const bool small = e != std::string::npos && digits->substr(e + 1).starts_with('-');
    value = small ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return signed_value(value);
}

}  // namespace hermes::chat::jinja
