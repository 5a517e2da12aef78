// Filters that compute with numbers, and those that tell one value from another.
#include <charconv>
#include <cmath>

#include "chat/template/arguments.h"
#include "chat/template/filters.h"
#include "chat/template/methods.h"
#include "chat/template/number_format.h"
#include "chat/template/number_text.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {
namespace {

Value absolute(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "abs", arguments)) return Value::failed();
  if (input.is_undefined()) return run.fail("bad operand type for abs(): 'Undefined'");
  if (input.is(Kind::kFloat)) return Value::of(std::abs(input.real));
  if (!input.is_integral()) return run.fail("bad operand type for abs(): '{}'", type_name(input));
  return input.as_integer() < 0 ? negate(run, input) : Value::of(input.as_integer());
}

Value truncated(Run& run, double real, const Value& otherwise) {
  if (std::isnan(real)) return otherwise;
  if (std::isinf(real)) return run.fail("cannot convert float infinity to integer");
  if (std::abs(real) >= 0x1p63) return run.fail(Error::unsupported("an integer beyond 64 bits"));
  return Value::of(static_cast<int64_t>(real));
}

Value to_int(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "int", arguments, {"default", "base"}, 0);
  if (!bound) return Value::failed();
  const Value otherwise = (*bound)[0].is_missing() ? Value::of(int64_t{0}) : (*bound)[0];
  // Looked at for texts only; one that is no base makes the text no integer.
  const Value& given_base = (*bound)[1];
  const int64_t base = given_base.is_missing() ? 10 : given_base.is_integral() ? given_base.as_integer() : -1;
  if (input.is_undefined()) return run.fail_undefined(input);
  if (input.is_integral()) return Value::of(input.as_integer());
  if (input.is(Kind::kFloat)) return truncated(run, input.real, otherwise);
  if (!input.is_string()) return otherwise;
  switch (const IntegerText text = read_integer(input.text(), base); text.state) {
    case IntegerText::kRead:
      return Value::of(text.value);
    case IntegerText::kTooLarge:
      return run.fail(Error::unsupported("an integer beyond 64 bits: {}", quoted(input.text().substr(0, 40))));
    case IntegerText::kNone:
      break;
  }
  const auto real = read_float(input.text());
  if (!real || std::isinf(*real)) return otherwise;  // of what is not a whole number, only the texts of finite ones
  return truncated(run, *real, otherwise);
}

Value to_float(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "float", arguments, {"default"}, 0);
  if (!bound) return Value::failed();
  if (input.is_undefined()) return run.fail_undefined(input);
  if (input.is_number()) return Value::of(input.as_real());
  if (input.is_string()) {
    if (const auto real = read_float(input.text())) return Value::of(*real);
  }
  return (*bound)[0].is_missing() ? Value::of(0.0) : (*bound)[0];
}

// Python's round(): of the exact value, halves to even.
Value round_float(Run& run, double value, int64_t precision) {
  if (!std::isfinite(value)) return Value::of(value);
  constexpr int64_t kAllDigits = 324;
  if (precision > kAllDigits) return Value::of(value);
  if (precision < -309) return Value::of(std::copysign(0.0, value));
  if (precision == 0) return Value::of(std::nearbyint(value));
  if (precision > 0) {
    const std::string digits = float_digits(std::abs(value), 'f', static_cast<int>(precision), false);
    double rounded = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), rounded);
    return Value::of(std::copysign(rounded, value));
  }
  const double unit = std::pow(10.0, static_cast<double>(-precision));
  const double rounded = std::nearbyint(value / unit) * unit;
  return std::isinf(rounded) ? run.fail("rounded value too large to represent") : Value::of(rounded);
}

Value round_integer(Run& run, int64_t value, int64_t precision) {
  constexpr int64_t kMostDigits = 18;  // 10^19 is beyond 64 bits
  if (precision >= 0) return Value::of(value);
  if (precision < -kMostDigits) {
    const bool to_next = precision == -kMostDigits - 1 && std::abs(static_cast<double>(value)) > 5e18;
    return to_next ? run.fail(Error::unsupported("an integer beyond 64 bits")) : Value::of(int64_t{0});
  }
  int64_t unit = 1;
  for (int64_t i = 0; i < -precision; ++i) unit *= 10;
  int64_t quotient = value / unit, remainder = value % unit;
  if (remainder < 0) {
    remainder += unit;
    --quotient;
  }
  if (2 * remainder > unit || (2 * remainder == unit && quotient % 2 != 0)) ++quotient;
  int64_t rounded = 0;
  if (__builtin_mul_overflow(quotient, unit, &rounded))
    return run.fail(Error::unsupported("an integer beyond 64 bits"));
  return Value::of(rounded);
}

Value round_filter(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "round", arguments, {"precision", "method"}, 0);
  if (!bound) return Value::failed();
  const auto precision = to_integer(run, (*bound)[0], 0);
  if (!precision) return Value::failed();
  const std::string_view method = (*bound)[1].is_missing()  ? "common"
                                  : (*bound)[1].is_string() ? (*bound)[1].text()
                                                            : "";
  if (method != "common" && method != "ceil" && method != "floor")
    return run.fail("method must be common, ceil or floor");
  if (!input.is_number()) {
    if (input.is_undefined() && method != "common") return run.fail_undefined(input);
    return run.fail("type {} doesn't define __round__ method", type_name(input));
  }
  if (method == "common") {
    return input.is(Kind::kFloat) ? round_float(run, input.real, *precision)
                                  : round_integer(run, input.as_integer(), *precision);
  }
  const Value scale = binary(run, BinaryOp::kPower, Value::of(int64_t{10}), Value::of(*precision));
  const Value scaled = scale.is_failed() ? scale : binary(run, BinaryOp::kMultiply, input, scale);
  if (scaled.is_failed()) return scaled;
  Value whole = scaled;
  if (scaled.is(Kind::kFloat)) {
    whole = truncated(run, method == "ceil" ? std::ceil(scaled.real) : std::floor(scaled.real), scaled);
    if (whole.is(Kind::kFloat)) return run.fail("cannot convert float NaN to integer");
  }
  return whole.is_failed() ? whole : binary(run, BinaryOp::kDivide, whole, scale);
}

Value file_size(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "filesizeformat", arguments, {"binary"}, 0);
  if (!bound) return Value::failed();
  double bytes = 0;
  if (input.is_number()) {
    bytes = input.as_real();
  } else {
    const auto read = input.is_string() ? read_float(input.text()) : std::nullopt;
    if (!read) return run.fail("could not convert {} to float", type_name(input));
    bytes = *read;
  }
  const bool binary_units = truth((*bound)[0]);
  const double base = binary_units ? 1024 : 1000;
  if (bytes == 1) return run.view("1 Byte");
  if (bytes < base) {
    const Value whole = truncated(run, bytes, Value::of(int64_t{0}));
    return whole.is_failed() ? whole : run.copy(fmt::format("{} Bytes", whole.integer));
  }
  constexpr std::string_view kUnits[2][8] = {{"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"},
                                             {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}};
  double unit = base;
  for (size_t i = 0;; ++i) {
    unit *= base;
    if (bytes < unit || i == 7) {
      return run.copy(float_digits(base * bytes / unit, 'f', 1, false) + " " +
                      std::string(kUnits[binary_units ? 1 : 0][i]));
    }
  }
}

Value default_filter(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "default", arguments, {"default_value", "boolean"}, 0);
  if (!bound) return Value::failed();
  if (!input.is_undefined() && !(truth((*bound)[1]) && !truth(input))) return input;
  return (*bound)[0].is_missing() ? run.view("") : (*bound)[0];
}

Value count(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "length", arguments)) return Value::failed();
  const auto n = length(run, input);
  return n ? Value::of(static_cast<int64_t>(*n)) : Value::failed();
}

Value attribute(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "attr", arguments, {"name"}, 1);
  if (!bound) return Value::failed();
  if (!(*bound)[0].is_string()) return run.fail("attribute name must be string, not '{}'", type_name((*bound)[0]));
  const Value found = get_own_attribute(run, input, attribute_name((*bound)[0].string));
  return found.is_missing() ? run.undefined(input, (*bound)[0]) : found;
}

constexpr FilterEntry kFilters[] = {
    {"abs", absolute},           {"attr", attribute},           {"count", count},    {"d", default_filter},
    {"default", default_filter}, {"filesizeformat", file_size}, {"float", to_float}, {"int", to_int},
    {"length", count},           {"round", round_filter},
};

}  // namespace

std::span<const FilterEntry> number_filters() { return kFilters; }

}  // namespace hermes::chat::jinja
