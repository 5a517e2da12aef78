// Tuples, lists and dicts, and the targets of assignments, which are read like tuples.
#include "chat/template/parser_state.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {

bool ExpressionParser::at_tuple_end() const {
  return current().is(TokenKind::kVariableEnd) || current().is(TokenKind::kBlockEnd) || current().is_operator(")");
}

Result<ExprPtr> ExpressionParser::parse_tuple(unsigned flags) {
  auto tuple = std::make_unique<SequenceExpr>(current().line, true);
  bool is_tuple = false;
  while (true) {
    if (!tuple->items.empty()) HERMES_TRY(expect_operator(","));
    if (at_tuple_end()) break;
    HERMES_ASSIGN(ExprPtr item, (flags & kTargets) != 0 ? parse_primary((flags & kNamespaceTargets) != 0)
                                                        : parse_expression((flags & kNoConditional) == 0));
    deepen(*tuple, item);
    tuple->items.push_back(std::move(item));
    if (!current().is_operator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple) {
    if (!tuple->items.empty()) return std::move(tuple->items[0]);
    if ((flags & kParentheses) == 0) {
      return error(fmt::format("Expected an expression, got {}", quoted(describe(current()))));
    }
  }
  return checked_depth(std::move(tuple));
}

Result<ExprPtr> ExpressionParser::parse_list() {
  auto list = std::make_unique<SequenceExpr>(take().line, false);
  while (!current().is_operator("]")) {
    if (!list->items.empty()) HERMES_TRY(expect_operator(","));
    if (current().is_operator("]")) break;
    HERMES_ASSIGN(ExprPtr item, parse_expression());
    deepen(*list, item);
    list->items.push_back(std::move(item));
  }
  HERMES_TRY(expect_operator("]"));
  return checked_depth(std::move(list));
}

Result<ExprPtr> ExpressionParser::parse_dict() {
  auto dict = std::make_unique<DictExpr>(take().line);
  while (!current().is_operator("}")) {
    if (!dict->items.empty()) HERMES_TRY(expect_operator(","));
    if (current().is_operator("}")) break;
    HERMES_ASSIGN(ExprPtr key, parse_expression());
    HERMES_TRY(expect_operator(":"));
    HERMES_ASSIGN(ExprPtr value, parse_expression());
    deepen(*dict, key);
    deepen(*dict, value);
    dict->items.emplace_back(std::move(key), std::move(value));
  }
  HERMES_TRY(expect_operator("}"));
  return checked_depth(std::move(dict));
}

Result<Target> ExpressionParser::parse_target(bool with_namespace) {
  HERMES_ASSIGN(const ExprPtr expr, parse_tuple(kTargets | (with_namespace ? kNamespaceTargets : 0u)));
  return to_target(*expr);
}

Result<Target> ExpressionParser::to_target(const Expr& expr) {
  Target target;
  target.line = expr.line;
  if (expr.kind == ExprKind::kName) {
    target.name = static_cast<const NameExpr&>(expr).name;
    return target;
  }
  if (expr.kind == ExprKind::kAttribute && static_cast<const AttributeExpr&>(expr).as_target) {
    const auto& attribute = static_cast<const AttributeExpr&>(expr);
    target.name = static_cast<const NameExpr&>(*attribute.object).name;
    target.attribute = attribute.attribute.name;
    return target;
  }
  if (expr.kind == ExprKind::kSequence && static_cast<const SequenceExpr&>(expr).tuple) {
    for (const ExprPtr& item : static_cast<const SequenceExpr&>(expr).items) {
      HERMES_ASSIGN(Target part, to_target(*item));
      target.items.push_back(std::move(part));
    }
    return target;
  }
  return error_at(expr.line, "can't assign to this expression");
}

}  // namespace hermes::chat::jinja
