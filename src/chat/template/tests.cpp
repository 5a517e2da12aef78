#include "chat/template/tests.h"

#include <algorithm>

#include "chat/template/arguments.h"
#include "chat/template/filters.h"
#include "chat/template/methods.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {
namespace {

template <bool (*Is)(const Value&)>
Value simple(Run& run, const Value& value, const Arguments& arguments) {
  return bind_nothing(run, "test", arguments) ? Value::of(Is(value)) : Value::failed();
}

bool is_defined(const Value& v) { return !v.is_undefined(); }
bool is_undefined(const Value& v) { return v.is_undefined(); }
bool is_none(const Value& v) { return v.is_none(); }
bool is_boolean(const Value& v) { return v.is(Kind::kBool); }
bool is_false(const Value& v) { return v.is(Kind::kBool) && !v.boolean; }
bool is_true(const Value& v) { return v.is(Kind::kBool) && v.boolean; }
bool is_integer(const Value& v) { return v.is(Kind::kInt); }
bool is_float(const Value& v) { return v.is(Kind::kFloat); }
bool is_string(const Value& v) { return v.is_string(); }
bool is_mapping(const Value& v) { return v.is(Kind::kDict); }
bool is_number(const Value& v) { return v.is_number(); }
bool is_callable(const Value& v) {
  return v.is(Kind::kMacro) || v.is(Kind::kFunction) || v.is(Kind::kMethod) || v.is(Kind::kLoop) ||
         v.is(Kind::kJoiner) || v.is_undefined();
}
// Python asks for len() and subscripts.
bool is_sequence(const Value& v) {
  return v.is_string() || v.is_sequence() || v.is(Kind::kDict) || v.is(Kind::kRange) || v.is_undefined();
}
bool is_escaped(const Value& v) { return Run::is_markup(v); }

Value remainder_is(Run& run, const Value& value, const Value& divisor, int64_t wanted) {
  const Value remainder = binary(run, BinaryOp::kModulo, value, divisor);
  if (remainder.is_failed()) return remainder;
  const auto same = equal(run, remainder, Value::of(wanted));
  return same ? Value::of(*same) : Value::failed();
}

template <int64_t wanted>
Value parity(Run& run, const Value& value, const Arguments& arguments) {
  if (!bind_nothing(run, "test", arguments)) return Value::failed();
  return remainder_is(run, value, Value::of(int64_t{2}), wanted);
}

Value divisible_by(Run& run, const Value& value, const Arguments& arguments) {
  const auto bound = bind(run, "divisibleby", arguments, {"num"}, 1);
  return bound ? remainder_is(run, value, (*bound)[0], 0) : Value::failed();
}

template <CompareOp op>
Value compares(Run& run, const Value& value, const Arguments& arguments) {
  const auto bound = bind(run, spelling(op), arguments, {"/other"}, 1);
  if (!bound) return Value::failed();
  const auto holds = compare(run, op, value, (*bound)[0]);
  return holds ? Value::of(*holds) : Value::failed();
}

Value same_as(Run& run, const Value& value, const Arguments& arguments) {
  const auto bound = bind(run, "sameas", arguments, {"other"}, 1);
  return bound ? Value::of(is_same(value, (*bound)[0])) : Value::failed();
}

Value is_in(Run& run, const Value& value, const Arguments& arguments) {
  const auto bound = bind(run, "in", arguments, {"seq"}, 1);
  if (!bound) return Value::failed();
  const auto found = contains(run, (*bound)[0], value);
  return found ? Value::of(*found) : Value::failed();
}

template <bool Upper>
Value cased(Run& run, const Value& value, const Arguments& arguments) {
  if (!bind_nothing(run, "test", arguments)) return Value::failed();
  const Value text = to_text(run, value);
  if (text.is_failed()) return text;
  return find_string_method(Upper ? "isupper" : "islower")->call(run, text, {});
}

// Whether the value names something; Python looks it up in a dict, so it must be hashable.
Value names(Run& run, const Value& value, const Arguments& arguments, bool found) {
  if (!bind_nothing(run, "test", arguments) || !hash(run, value)) return Value::failed();
  return Value::of(found);
}
Value is_filter(Run& run, const Value& value, const Arguments& arguments) {
  return names(run, value, arguments, value.is_string() && find_filter(value.text()) != nullptr);
}
Value is_test(Run& run, const Value& value, const Arguments& arguments) {
  return names(run, value, arguments, value.is_string() && find_test(value.text()) != nullptr);
}

constexpr TestEntry kTests[] = {
    {"odd", parity<1>},
    {"even", parity<0>},
    {"divisibleby", divisible_by},
    {"defined", simple<is_defined>},
    {"undefined", simple<is_undefined>},
    {"filter", is_filter},
    {"test", is_test},
    {"none", simple<is_none>},
    {"boolean", simple<is_boolean>},
    {"false", simple<is_false>},
    {"true", simple<is_true>},
    {"integer", simple<is_integer>},
    {"float", simple<is_float>},
    {"lower", cased<false>},
    {"upper", cased<true>},
    {"string", simple<is_string>},
    {"mapping", simple<is_mapping>},
    {"number", simple<is_number>},
    {"sequence", simple<is_sequence>},
    {"iterable", simple<is_iterable>},
    {"callable", simple<is_callable>},
    {"sameas", same_as},
    {"escaped", simple<is_escaped>},
    {"in", is_in},
    {"==", compares<CompareOp::kEqual>},
    {"eq", compares<CompareOp::kEqual>},
    {"equalto", compares<CompareOp::kEqual>},
    {"!=", compares<CompareOp::kNotEqual>},
    {"ne", compares<CompareOp::kNotEqual>},
    {">", compares<CompareOp::kGreater>},
    {"gt", compares<CompareOp::kGreater>},
    {"greaterthan", compares<CompareOp::kGreater>},
    {"ge", compares<CompareOp::kGreaterEqual>},
    {">=", compares<CompareOp::kGreaterEqual>},
    {"<", compares<CompareOp::kLess>},
    {"lt", compares<CompareOp::kLess>},
    {"lessthan", compares<CompareOp::kLess>},
    {"<=", compares<CompareOp::kLessEqual>},
    {"le", compares<CompareOp::kLessEqual>},
};

}  // namespace

const TestEntry* find_test(std::string_view name) {
  const auto* at =
      std::find_if(std::begin(kTests), std::end(kTests), [&](const TestEntry& t) { return t.name == name; });
  return at == std::end(kTests) ? nullptr : at;
}

}  // namespace hermes::chat::jinja
