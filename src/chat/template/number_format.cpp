#include "chat/template/number_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "chat/template/repr.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

constexpr std::string_view kAligns = "<>^=";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string grouped(std::string digits, char separator, size_t every) {
  const size_t whole = std::min(digits.find_first_not_of("0123456789abcdefABCDEF"), digits.size());
  for (size_t at = whole; at > every; at -= every) digits.insert(at - every, 1, separator);
  return digits;
}

// Sign and prefix, then digits, padded to the width.
Value lay_out(Run& run, const FormatSpec& spec, std::string_view head, std::string digits, char own_align) {
  const char align = spec.align != 0 ? spec.align : spec.zero ? '=' : own_align;
  const std::string_view fill = spec.fill;
  if (spec.grouping != 0 && align == '=' && fill == "0") {
    // Zeros that fill up are grouped like digits.
    const size_t every = spec.type == 'x' || spec.type == 'X' || spec.type == 'b' || spec.type == 'o' ? 4 : 3;
    std::string plain;
    std::copy_if(digits.begin(), digits.end(), std::back_inserter(plain), [&](char c) { return c != spec.grouping; });
    while (static_cast<int64_t>(head.size() + digits.size()) < spec.width && plain.size() < run.options().max_text) {
      plain.insert(0, 1, '0');
      digits = grouped(plain, spec.grouping, every);
    }
  }
  const auto size = static_cast<int64_t>(head.size() + code_points(digits));
  const size_t missing = spec.width > size ? static_cast<size_t>(spec.width - size) : 0;
  if (missing > run.options().max_text || !run.allow_text(missing * fill.size() + digits.size())) {
    return run.fail(Error::exhausted("a text of {} characters", spec.width));
  }
  const size_t left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  std::string out;
  if (align == '=') out += head;
  for (size_t i = 0; i < left; ++i) out += fill;
  if (align != '=') out += head;
  out += digits;
  for (size_t i = left; i < missing; ++i) out += fill;
  return run.copy(out);
}

std::string sign_of(const FormatSpec& spec, bool negative) {
  if (negative) return "-";
  return spec.sign == '+' || spec.sign == ' ' ? std::string(1, spec.sign) : std::string();
}

Value format_float(Run& run, double value, const FormatSpec& spec) {
  std::string digits;
  if (spec.type == 0 && spec.precision < 0) {
    digits = float_repr(std::abs(value));
  } else if (spec.type == 0) {  // as g, but never like an integer
    digits = float_digits(std::abs(value), 'g', spec.precision, spec.alternate);
    if (digits.find_first_not_of("0123456789") == std::string::npos) digits += ".0";
  } else {
    digits = float_digits(std::abs(value), spec.type == 'n' ? 'g' : spec.type, spec.precision, spec.alternate);
  }
  if (spec.grouping != 0) digits = grouped(std::move(digits), spec.grouping, 3);
  return lay_out(run, spec, sign_of(spec, std::signbit(value) && !std::isnan(value)), std::move(digits), '>');
}

Value format_integer(Run& run, int64_t value, const FormatSpec& spec) {
  if (std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos && spec.type != 0) {
    return format_float(run, static_cast<double>(value), spec);
  }
  if (spec.precision >= 0) return run.fail("Precision not allowed in integer format specifier");
  if (spec.type == 'c') {
    if (value < 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
      return run.fail("%c arg not in range(0x110000)");
    std::string letter;
    append_utf8(letter, static_cast<uint32_t>(value));
    return lay_out(run, spec, "", std::move(letter), '<');
  }
  const int base = spec.type == 'b' ? 2 : spec.type == 'o' ? 8 : lower(spec.type) == 'x' ? 16 : 10;
  const uint64_t magnitude = value < 0 ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
  std::string digits = integer_digits(magnitude, base, spec.type == 'X');
  if (spec.grouping == ',' && base != 10) return run.fail("Cannot specify ',' with '{}'.", spec.type);
  if (spec.grouping != 0) digits = grouped(std::move(digits), spec.grouping, base == 10 ? 3 : 4);
  std::string head = sign_of(spec, value < 0);
  if (spec.alternate && base != 10) head += std::string("0") + spec.type;
  return lay_out(run, spec, head, std::move(digits), '>');
}

Value format_string(Run& run, const Value& value, const FormatSpec& spec) {
  if (spec.type != 0 && spec.type != 's') {
    return run.fail("Unknown format code '{}' for object of type 'str'", spec.type);
  }
  if (spec.sign != 0) return run.fail("Sign not allowed in string format specifier");
  if (spec.align == '=') return run.fail("'=' alignment not allowed in string format specifier");
  if (spec.grouping != 0) return run.fail("Cannot specify '{}' with 's'.", spec.grouping);
  std::string_view text = value.text();
  if (spec.precision >= 0) text = text.substr(0, byte_at(*value.string, static_cast<size_t>(spec.precision)));
  FormatSpec aligned = spec;
  if (spec.align == 0) aligned.align = '<';  // zeros, too, go to a text's right
  return lay_out(run, aligned, "", std::string(text), '<');
}

}  // namespace

std::optional<FormatSpec> read_format_spec(Run& run, std::string_view text) {
  FormatSpec spec;
  const auto wrong = [&]() -> std::optional<FormatSpec> {
    run.fail("Invalid format specifier {}", quoted(text));
    return std::nullopt;
  };
  std::string_view rest = text;
  const auto take = [&rest](std::string_view any) {
    if (rest.empty() || any.find(rest[0]) == std::string_view::npos) return '\0';
    const char c = rest[0];
    rest.remove_prefix(1);
    return c;
  };
  if (!rest.empty()) {
    const size_t first = decode_utf8(rest, 0).length;
    if (rest.size() > first && kAligns.find(rest[first]) != std::string_view::npos) {
      spec.fill = rest.substr(0, first);
      spec.align = rest[first];
      rest.remove_prefix(first + 1);
    } else {
      spec.align = take(kAligns);
    }
  }
  const bool filled = rest.data() > text.data() + 1;
  spec.sign = take("+- ");
  spec.alternate = take("#") != 0;
  spec.zero = take("0") != 0;
  if (spec.zero && !filled) spec.fill = "0";
  const auto number = [&](int64_t& out) {
    const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), out);
    if (end.ec != std::errc()) return false;
    rest.remove_prefix(static_cast<size_t>(end.ptr - rest.data()));
    return true;
  };
  const auto digit_next = [&rest] { return !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; };
  if (digit_next() && !number(spec.width)) return wrong();
  spec.grouping = take(",_");
  if (take(".") != 0) {
    int64_t precision = 0;
    if (!digit_next() || !number(precision)) {
      run.fail("Format specifier missing precision");
      return std::nullopt;
    }
    if (precision > kMaxPrecision) {
      run.fail(Error::exhausted("a precision of {} digits", precision));
      return std::nullopt;
    }
    spec.precision = static_cast<int>(precision);
  }
  spec.type = take("bcdeEfFgGnosxX%");
  return rest.empty() ? std::optional(spec) : wrong();
}

std::string integer_digits(uint64_t magnitude, int base, bool capitals) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base);
  std::string digits(buffer, end.ptr);
  return capitals ? to_upper(digits) : digits;
}

std::string float_digits(double value, char type, int precision, bool alternate) {
  const bool capitals = type >= 'A' && type <= 'Z';
  std::string out;
  if (std::isnan(value) || std::isinf(value)) {
    out = std::isnan(value) ? "nan" : "inf";
  } else {
    const char kind = type == '%' ? 'f' : lower(type);
    int digits = precision < 0 ? 6 : std::min(precision, kMaxPrecision);
    if (kind == 'g' && digits == 0) digits = 1;
    const auto format = kind == 'e'   ? std::chars_format::scientific
                        : kind == 'f' ? std::chars_format::fixed
                                      : std::chars_format::general;
    out.resize(kMaxPrecision + 400);  // a double has at most 309 digits before its point
    const double scaled = type == '%' ? value * 100 : value;
    const auto end = std::to_chars(out.data(), out.data() + out.size(), scaled, format, digits);
    out.resize(static_cast<size_t>(end.ptr - out.data()));
    if (alternate && kind != 'g' && out.find('.') == std::string::npos)
      out.insert(std::min(out.find('e'), out.size()), 1, '.');
  }
  if (type == '%') out += '%';
  return capitals ? to_upper(out) : out;
}

Value format_value(Run& run, const Value& value, std::string_view spec_text) {
  if (spec_text.empty()) return to_text(run, value);
  if (!value.is_string() && !value.is_number()) {
    return run.fail("unsupported format string passed to {}.__format__", type_name(value));
  }
  const auto spec = read_format_spec(run, spec_text);
  if (!spec) return Value::failed();
  if (value.is_string()) return format_string(run, value, *spec);
  if (spec->type == 's' || (value.is(Kind::kFloat) &&
                            std::string_view("bcdoxX").find(spec->type) != std::string_view::npos && spec->type != 0)) {
    return run.fail("Unknown format code '{}' for object of type '{}'", spec->type, type_name(value));
  }
  if (value.is(Kind::kFloat)) return format_float(run, value.real, *spec);
  return format_integer(run, value.as_integer(), *spec);
}

}  // namespace hermes::chat::jinja
