// Calls: arguments, functions, methods and macros.
#include <algorithm>

#include "chat/template/evaluator.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {

bool Evaluator::evaluate_arguments(const CallArguments& arguments, Call& out) {
  for (const ExprPtr& e : arguments.positional) {
    const Value value = evaluate(*e);
    if (value.is_failed()) return false;
    out.push(value);
  }
  if (arguments.star != nullptr) {
    const Value list = evaluate(*arguments.star);
    ArenaVector<Value> items(run_.arena());
    if (list.is_failed() || !collect(run_, list, items)) return false;
    for (const Value& item : items) out.push(item);
  }
  for (const auto& [name, e] : arguments.named) {
    const Value value = evaluate(*e);
    if (value.is_failed()) return false;
    out.named.push_back({name->text, value});
  }
  if (arguments.double_star == nullptr) return true;
  const Value mapping = evaluate(*arguments.double_star);
  if (mapping.is_failed()) return false;
  if (!mapping.is(Kind::kDict))
    return run_.fail("argument after ** must be a mapping, not {}", type_name(mapping)), false;
  for (const DictEntry& e : mapping.dict->entries) {
    if (!e.key.is_string()) return run_.fail("keywords must be strings"), false;
    for (const Named& known : out.named) {
      if (known.name == e.key.text())
        return run_.fail("got multiple values for keyword argument '{}'", known.name), false;
    }
    if (!run_.charge(1 + out.named.size() / 8)) return false;
    out.named.push_back({e.key.text(), e.value});
  }
  return true;
}

Value Evaluator::evaluate_call(const CallExpr& expr, const Value* caller) {
  Value callee, self;
  const MethodEntry* method = nullptr;
  if (expr.callee->kind == ExprKind::kAttribute) {  // object.method(...): without a bound method in between
    const auto& attribute = static_cast<const AttributeExpr&>(*expr.callee);
    self = evaluate(*attribute.object);
    if (self.is_failed()) return self;
    run_.set_line(attribute.line);
    method = callable_method(self, attribute.attribute);
    if (method == nullptr) callee = get_attribute(run_, self, attribute.attribute);
  } else {
    callee = evaluate(*expr.callee);
  }
  if (callee.is_failed()) return callee;
  Call arguments(run_.arena());
  if (!evaluate_arguments(expr.arguments, arguments)) return Value::failed();
  if (caller != nullptr) arguments.named.push_back({"caller", *caller});
  run_.set_line(expr.line);
  return method != nullptr ? method->call(run_, self, arguments.arguments()) : call(callee, arguments.arguments());
}

Value Evaluator::call(const Value& callee, const Arguments& arguments) {
  switch (callee.kind) {
    case Kind::kUndefined:
      return run_.fail_undefined(callee);
    case Kind::kFunction:
      return callee.function->call(run_, arguments);
    case Kind::kMethod:
      return callee.method->call(run_, callee.method->object, arguments);
    case Kind::kMacro:
      return call_macro(*callee.macro, arguments);
    case Kind::kJoiner: {
      if (!arguments.positional.empty() || !arguments.named.empty()) return run_.fail("a joiner takes no arguments");
      const bool first = !callee.joiner->used;
      callee.joiner->used = true;
      return first ? run_.view("") : callee.joiner->separator;
    }
    case Kind::kLoop: {
      if (arguments.positional.size() != 1 || !arguments.named.empty()) return run_.fail("loop() takes one argument");
      const Loop& loop = *callee.loop;
      if (loop.body == nullptr) {
        return run_.fail("The loop must have the 'recursive' marker to be called recursively.");
      }
      return run_recursive_loop(*loop.body, arguments.positional[0], loop.depth0() + 1, loop.outer);
    }
    default:
      return run_.fail("'{}' object is not callable", type_name(callee));
  }
}

// Parameters by position, then by name; what is missing gets its default when all others are there.
bool Evaluator::bind_macro(const Macro& macro, const Arguments& arguments, Activation& scope) {
  const MacroNode& m = *macro.node;
  const size_t wanted = m.parameters.size(), given = arguments.positional.size();
  for (size_t i = 0; i < std::min(wanted, given); ++i) scope.slots[m.parameters[i].slot] = arguments.positional[i];
  if (!run_.charge(arguments.named.size() * wanted / 8)) return false;
  DictBuilder others(run_);
  for (const Named& named : arguments.named) {
    size_t i = std::min(given, wanted);
    while (i < wanted && m.parameters[i].name->text != named.name) ++i;
    if (i < wanted) {
      scope.slots[m.parameters[i].slot] = named.value;
    } else if (m.caller_slot >= 0 && named.name == "caller") {
      scope.slots[m.caller_slot] = named.value;
    } else if (m.kwargs_slot >= 0) {
      if (!others.set(run_.copy(named.name), named.value)) return false;
    } else if (named.name == "caller") {
      run_.fail("macro '{}' was invoked with two values for the special caller argument. This is most likely a bug.",
                macro.name);
      return false;
    } else {
      run_.fail("macro '{}' takes no keyword argument '{}'", macro.name, named.name);
      return false;
    }
  }
  if (m.kwargs_slot >= 0) scope.slots[m.kwargs_slot] = others.done();
  if (m.caller_slot >= 0 && (scope.slots[m.caller_slot].is_missing() || scope.slots[m.caller_slot].is_none())) {
    scope.slots[m.caller_slot] = run_.undefined("No caller defined");
  }
  ArenaVector<Value> rest(run_.arena());
  for (size_t i = wanted; i < given; ++i) rest.push_back(arguments.positional[i]);
  if (m.varargs_slot >= 0) {
    scope.slots[m.varargs_slot] = run_.tuple({rest.data(), rest.size()});
  } else if (given > wanted) {
    run_.fail("macro '{}' takes not more than {} argument(s)", macro.name, wanted);
    return false;
  }
  return true;
}

Value Evaluator::call_macro(const Macro& macro, const Arguments& arguments) {
  const Depth depth(*this);
  if (!depth.ok()) return Value::failed();
  const MacroNode& m = *macro.node;
  Activation* inner = activate(m.slots, macro.outer);
  if (!bind_macro(macro, arguments, *inner)) return Value::failed();
  Activation* const before = std::exchange(scope_, inner);
  const size_t begin = begin_capture();
  enter(m.loads);
  bool ok = true;
  for (const Parameter& p : m.parameters) {
    Value& value = inner->slots[p.slot];
    if (!value.is_missing()) continue;
    value = p.otherwise != nullptr ? evaluate(*p.otherwise)
                                   : run_.undefined(fmt::format("parameter {} was not provided", quoted(p.name->text)));
    if (value.is_failed()) ok = false;
    if (!ok) break;
  }
  if (ok) ok = run_block(m.body) != Flow::kFailed;
  scope_ = before;
  const Value text = end_capture(begin);
  return ok ? text : Value::failed();
}

}  // namespace hermes::chat::jinja
