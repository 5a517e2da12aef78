#include "chat/template/evaluator.h"
#include "chat/template/filters.h"
#include "chat/template/globals.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"
#include "chat/template/tests.h"

namespace hermes::chat::jinja {

// Arguments under evaluation: a few on the stack, more in the arena.
struct Evaluator::Call {
  explicit Call(Arena& arena) : more(arena), named(arena) {}

  void push(const Value& v) {
    if (count < kFew && more.empty()) {
      few[count++] = v;
      return;
    }
    if (more.empty()) {
      for (size_t i = 0; i < count; ++i) more.push_back(few[i]);
    }
    more.push_back(v);
  }
  Arguments arguments() const {
    const auto positional = more.empty() ? std::span(few, count) : std::span(more.data(), more.size());
    return {positional, {named.data(), named.size()}};
  }

  static constexpr size_t kFew = 4;
  Value few[kFew];
  size_t count = 0;
  ArenaVector<Value> more;
  ArenaVector<Named> named;
};

Value& Evaluator::at(const Place& place) {
  Activation* scope = scope_;
  for (int hops = place.hops; hops > 0; --hops) scope = scope->outer;
  return scope->slots[place.slot];
}

Value Evaluator::evaluate(const Expr& expr) {
  if (!run_.charge(1)) return Value::failed();
  switch (expr.kind) {
    case ExprKind::kConst:
      return static_cast<const ConstExpr&>(expr).value;
    case ExprKind::kName: {
      const auto& name = static_cast<const NameExpr&>(expr);
      const Value& value = at(name.place);
      return value.is_missing() ? run_.undefined_name(name.name) : value;
    }
    default:
      break;
  }
  const Depth depth(*this);
  if (!depth.ok()) return Value::failed();
  switch (expr.kind) {
    case ExprKind::kSequence:
      return evaluate_sequence(static_cast<const SequenceExpr&>(expr));
    case ExprKind::kDict:
      return evaluate_dict(static_cast<const DictExpr&>(expr));
    case ExprKind::kUnary:
      return evaluate_unary(static_cast<const UnaryExpr&>(expr));
    case ExprKind::kBinary: {
      const auto& b = static_cast<const BinaryExpr&>(expr);
      const Value left = evaluate(*b.left);
      if (left.is_failed()) return left;
      const Value right = evaluate(*b.right);
      if (right.is_failed()) return right;
      run_.set_line(expr.line);
      return binary(run_, b.op, left, right);
    }
    case ExprKind::kConcat:
      return evaluate_concat(static_cast<const ConcatExpr&>(expr));
    case ExprKind::kLogic: {
      const auto& l = static_cast<const LogicExpr&>(expr);
      const Value left = evaluate(*l.left);
      if (left.is_failed() || truth(left) != l.conjunction) return left;
      return evaluate(*l.right);
    }
    case ExprKind::kCompare:
      return evaluate_compare(static_cast<const CompareExpr&>(expr));
    case ExprKind::kConditional:
      return evaluate_conditional(static_cast<const ConditionalExpr&>(expr));
    case ExprKind::kAttribute: {
      const auto& a = static_cast<const AttributeExpr&>(expr);
      const Value object = evaluate(*a.object);
      if (object.is_failed()) return object;
      run_.set_line(expr.line);
      return get_attribute(run_, object, a.attribute);
    }
    case ExprKind::kItem: {
      const auto& i = static_cast<const ItemExpr&>(expr);
      const Value object = evaluate(*i.object);
      if (object.is_failed()) return object;
      const Value key = evaluate(*i.key);
      if (key.is_failed()) return key;
      run_.set_line(expr.line);
      return get_item(run_, object, key);
    }
    case ExprKind::kSlice:
      return evaluate_slice(static_cast<const SliceExpr&>(expr));
    case ExprKind::kCall:
      return evaluate_call(static_cast<const CallExpr&>(expr));
    case ExprKind::kFilter:
      return evaluate_filter(static_cast<const FilterExpr&>(expr));
    case ExprKind::kTest:
      return evaluate_test(static_cast<const TestExpr&>(expr));
    case ExprKind::kConst:
    case ExprKind::kName:
      break;
  }
  return Value::failed();
}

Value Evaluator::evaluate_sequence(const SequenceExpr& expr) {
  const size_t n = expr.items.size();
  Value* items = run_.arena().make_array<Value>(n);
  for (size_t i = 0; i < n; ++i) {
    items[i] = evaluate(*expr.items[i]);
    if (items[i].is_failed()) return items[i];
  }
  return expr.tuple ? run_.tuple({items, n}) : run_.list({items, n});
}

Value Evaluator::evaluate_dict(const DictExpr& expr) {
  DictBuilder dict(run_);
  for (const auto& [key_expr, value_expr] : expr.items) {
    const Value key = evaluate(*key_expr);
    if (key.is_failed()) return key;
    const Value value = evaluate(*value_expr);
    if (value.is_failed() || !dict.set(key, value)) return Value::failed();
  }
  return dict.done();
}

Value Evaluator::evaluate_unary(const UnaryExpr& expr) {
  const Value operand = evaluate(*expr.operand);
  if (operand.is_failed()) return operand;
  run_.set_line(expr.line);
  if (expr.op == UnaryOp::kNot) return Value::of(!truth(operand));
  return expr.op == UnaryOp::kNegate ? negate(run_, operand) : affirm(run_, operand);
}

Value Evaluator::evaluate_compare(const CompareExpr& expr) {
  Value left = evaluate(*expr.first);
  if (left.is_failed()) return left;
  for (const auto& [op, next] : expr.rest) {
    const Value right = evaluate(*next);
    if (right.is_failed()) return right;
    run_.set_line(expr.line);
    const auto holds = compare(run_, op, left, right);
    if (!holds) return Value::failed();
    if (!*holds) return Value::of(false);
    left = right;
  }
  return Value::of(true);
}

Value Evaluator::evaluate_concat(const ConcatExpr& expr) {
  Call parts(run_.arena());
  for (const ExprPtr& part : expr.parts) {
    const Value value = evaluate(*part);
    if (value.is_failed()) return value;
    parts.push(value);
  }
  return concat_texts(run_, parts.arguments().positional);
}

Value Evaluator::evaluate_conditional(const ConditionalExpr& expr) {
  const Value test = evaluate(*expr.test);
  if (test.is_failed()) return test;
  if (truth(test)) return evaluate(*expr.then);
  if (expr.otherwise != nullptr) return evaluate(*expr.otherwise);
  return run_.undefined(fmt::format(
      "the inline if-expression on line {} evaluated to false and no else section was defined.", expr.line));
}

Value Evaluator::evaluate_slice(const SliceExpr& expr) {
  const Value object = evaluate(*expr.object);
  if (object.is_failed()) return object;
  Value bounds[3];
  const ExprPtr* exprs[3] = {&expr.start, &expr.stop, &expr.step};
  for (int i = 0; i < 3; ++i) {
    bounds[i] = *exprs[i] == nullptr ? Value::none() : evaluate(**exprs[i]);
    if (bounds[i].is_failed()) return bounds[i];
  }
  run_.set_line(expr.line);
  return get_slice(run_, object, bounds[0], bounds[1], bounds[2]);
}

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

Value Evaluator::evaluate_filter(const FilterExpr& expr, const Value* captured) {
  Value input;
  if (expr.operand != nullptr) {
    // The first filter of a filter block has no operand, but stands innermost of a chain.
    input = expr.operand->kind == ExprKind::kFilter
                ? evaluate_filter(static_cast<const FilterExpr&>(*expr.operand), captured)
                : evaluate(*expr.operand);
  } else {
    input = *captured;
  }
  if (input.is_failed()) return input;
  run_.set_line(expr.line);
  if (expr.entry == nullptr) return run_.fail("No filter named '{}'.", expr.name);
  Call arguments(run_.arena());
  if (!evaluate_arguments(expr.arguments, arguments)) return Value::failed();
  run_.set_line(expr.line);
  return expr.entry->call(run_, input, arguments.arguments());
}

Value Evaluator::evaluate_test(const TestExpr& expr) {
  const Value value = evaluate(*expr.operand);
  if (value.is_failed()) return value;
  run_.set_line(expr.line);
  if (expr.entry == nullptr) return run_.fail("No test named '{}'.", expr.name);
  Call arguments(run_.arena());
  if (!evaluate_arguments(expr.arguments, arguments)) return Value::failed();
  run_.set_line(expr.line);
  return expr.entry->call(run_, value, arguments.arguments());
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
