#include <cmath>

#include "chat/template/operations.h"
#include "chat/template/printf_format.h"
#include "chat/template/repr.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

Value unsupported(Run& run, BinaryOp op, const Value& a, const Value& b) {
  return run.fail("unsupported operand type(s) for {}: '{}' and '{}'", spelling(op), type_name(a), type_name(b));
}

Value too_large(Run& run) { return run.fail(Error::unsupported("an integer beyond 64 bits")); }

// Towards minus infinity, as Python divides.
int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

double float_modulo(double a, double b) {
  double m = std::fmod(a, b);
  if (m != 0) {
    if ((b < 0) != (m < 0)) m += b;
  } else {
    m = std::copysign(0.0, b);
  }
  return m;
}

// As CPython does it: from the exact remainder, so that the quotient is a whole number.
double float_floor_divide(double a, double b) {
  const double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0 && (b < 0) != (remainder < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

Value integer_power(Run& run, int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return run.fail("0.0 cannot be raised to a negative power");
    return Value::of(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return too_large(run);
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return too_large(run);
  }
  return Value::of(result);
}

Value integers(Run& run, BinaryOp op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
    case BinaryOp::kAdd:
      return __builtin_add_overflow(a, b, &result) ? too_large(run) : Value::of(result);
    case BinaryOp::kSubtract:
      return __builtin_sub_overflow(a, b, &result) ? too_large(run) : Value::of(result);
    case BinaryOp::kMultiply:
      return __builtin_mul_overflow(a, b, &result) ? too_large(run) : Value::of(result);
    case BinaryOp::kDivide:
      if (b == 0) return run.fail("division by zero");
      return Value::of(static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b)));
    case BinaryOp::kFloorDivide:
      if (b == 0) return run.fail("integer division or modulo by zero");
      if (b == -1) return integers(run, BinaryOp::kSubtract, 0, a);
      return Value::of(floor_divide(a, b));
    case BinaryOp::kModulo:
      if (b == 0) return run.fail("integer division or modulo by zero");
      if (b == -1) return Value::of(int64_t{0});
      return Value::of(a - floor_divide(a, b) * b);
    case BinaryOp::kPower:
      return integer_power(run, a, b);
  }
  return Value::failed();
}

Value floats(Run& run, BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return Value::of(a + b);
    case BinaryOp::kSubtract:
      return Value::of(a - b);
    case BinaryOp::kMultiply:
      return Value::of(a * b);
    case BinaryOp::kDivide:
      return b == 0 ? run.fail("float division by zero") : Value::of(a / b);
    case BinaryOp::kFloorDivide:
      return b == 0 ? run.fail("float floor division by zero") : Value::of(float_floor_divide(a, b));
    case BinaryOp::kModulo:
      return b == 0 ? run.fail("float modulo") : Value::of(float_modulo(a, b));
    case BinaryOp::kPower: {
      if (a == 0 && b < 0) return run.fail("0.0 cannot be raised to a negative power");
      if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) {
        return run.fail(Error::unsupported("complex numbers"));
      }
      const double result = std::pow(a, b);
      if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) return run.fail("Numerical result out of range");
      return Value::of(result);
    }
  }
  return Value::failed();
}

Value add_strings(Run& run, const Value& a, const Value& b) {
  if (!Run::is_markup(a) && !Run::is_markup(b)) return run.concat(a, b.text(), false);
  const Value left = escape(run, a), right = escape(run, b);
  if (left.is_failed() || right.is_failed()) return Value::failed();
  return run.concat(left, right.text(), true);
}

Value add_sequences(Run& run, const Value& a, const Value& b) {
  const auto left = a.items(), right = b.items();
  if (!run.allow_items(left.size() + right.size())) return Value::failed();
  ArenaVector<Value> items(run.arena());
  items.reserve(left.size() + right.size());
  for (const Value& v : left) items.push_back(v);
  for (const Value& v : right) items.push_back(v);
  return a.is(Kind::kList) ? run.list({items.data(), items.size()}) : run.tuple({items.data(), items.size()});
}

Value repeat(Run& run, const Value& what, int64_t times) {
  const size_t size = what.is_string() ? what.text().size() : what.items().size();
  const size_t n = times <= 0 || size == 0 ? 0 : static_cast<size_t>(times);
  if (n > (size_t{1} << 40)) return run.fail(Error::exhausted("a repetition of {} times", n));
  if (what.is_string()) {
    if (!run.allow_text(n * size)) return Value::failed();
    std::string out;
    out.reserve(n * size);
    for (size_t i = 0; i < n; ++i) out += what.text();
    return run.copy_like(what, out);
  }
  if (!run.allow_items(n * size)) return Value::failed();
  ArenaVector<Value> items(run.arena());
  items.reserve(n * size);
  for (size_t i = 0; i < n; ++i) {
    for (const Value& v : what.items()) items.push_back(v);
  }
  return what.is(Kind::kList) ? run.list({items.data(), items.size()}) : run.tuple({items.data(), items.size()});
}

}  // namespace

Value binary(Run& run, BinaryOp op, const Value& a, const Value& b) {
  if (a.is(Kind::kInt) && b.is(Kind::kInt)) return integers(run, op, a.integer, b.integer);
  if (op == BinaryOp::kModulo && a.is_string()) return format_printf(run, a, b);
  if (a.is_undefined()) return run.fail_undefined(a);
  if (b.is_undefined()) return run.fail_undefined(b);
  if (a.is_integral() && b.is_integral()) return integers(run, op, a.as_integer(), b.as_integer());
  if (a.is_number() && b.is_number()) return floats(run, op, a.as_real(), b.as_real());
  if (op == BinaryOp::kAdd) {
    if (a.is_string() && b.is_string()) return add_strings(run, a, b);
    if (a.is_string()) return run.fail("can only concatenate str (not \"{}\") to str", type_name(b));
    if (a.kind == b.kind && a.is_sequence()) return add_sequences(run, a, b);
    if (a.is_sequence()) {
      return run.fail("can only concatenate {0} (not \"{1}\") to {0}", type_name(a), type_name(b));
    }
  }
  if (op == BinaryOp::kMultiply) {
    const auto repeats = [](const Value& v) { return v.is_string() || v.is_sequence(); };
    if (repeats(a) && b.is_integral()) return repeat(run, a, b.as_integer());
    if (repeats(b) && a.is_integral()) return repeat(run, b, a.as_integer());
    if (repeats(a) || repeats(b)) {
      return run.fail("can't multiply sequence by non-int of type '{}'", type_name(repeats(a) ? b : a));
    }
  }
  return unsupported(run, op, a, b);
}

Value negate(Run& run, const Value& v) {
  if (v.is_undefined()) return run.fail_undefined(v);
  if (v.is(Kind::kFloat)) return Value::of(-v.real);
  if (v.is_integral()) return integers(run, BinaryOp::kSubtract, 0, v.as_integer());
  return run.fail("bad operand type for unary -: '{}'", type_name(v));
}

Value affirm(Run& run, const Value& v) {
  if (v.is_undefined()) return run.fail_undefined(v);
  if (v.is(Kind::kFloat)) return v;
  if (v.is_integral()) return Value::of(v.as_integer());
  return run.fail("bad operand type for unary +: '{}'", type_name(v));
}

Value concat_texts(Run& run, std::span<const Value> parts) {
  std::string out;
  for (const Value& part : parts) {
    if (!append_text(run, out, part)) return Value::failed();
    if (out.size() > run.options().max_text) break;  // the copy below refuses it
  }
  return run.copy(out);
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Value escape(Run& run, const Value& value) {
  if (Run::is_markup(value)) return value;
  const Value text = to_text(run, value);
  if (text.is_failed() || !run.charge_letters(text.text().size() / 4)) return Value::failed();
  return run.copy(escape_html(text.text()), true);
}

}  // namespace hermes::chat::jinja
