#include "chat/template/evaluator.h"
#include "chat/template/filters.h"
#include "chat/template/globals.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"
#include "chat/template/tests.h"

namespace hermes::chat::jinja {

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

}  // namespace hermes::chat::jinja
