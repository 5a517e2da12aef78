// What follows a value: attributes, subscripts, calls, filters and tests.
#include "chat/template/filters.h"
#include "chat/template/parser_state.h"
#include "chat/template/repr.h"
#include "chat/template/tests.h"

namespace hermes::chat::jinja {
namespace {

void deepen_to(Expr& parent, int depth) { parent.depth = std::max(parent.depth, depth + 1); }

}  // namespace

Result<ExprPtr> ExpressionParser::parse_postfix(ExprPtr expr) {
  while (true) {
    if (current().is_operator(".") || current().is_operator("[")) {
      HERMES_ASSIGN(expr, parse_subscript(std::move(expr)));
    } else if (current().is_operator("(")) {
      HERMES_ASSIGN(expr, parse_call(std::move(expr)));
    } else {
      return expr;
    }
  }
}

Result<ExprPtr> ExpressionParser::parse_filters_and_tests(ExprPtr expr) {
  while (true) {
    if (current().is_operator("|")) {
      HERMES_ASSIGN(expr, parse_filters(std::move(expr), false));
    } else if (current().is_name("is")) {
      HERMES_ASSIGN(expr, parse_test(std::move(expr)));
    } else if (current().is_operator("(")) {
      HERMES_ASSIGN(expr, parse_call(std::move(expr)));
    } else {
      return expr;
    }
  }
}

Result<ExprPtr> ExpressionParser::parse_subscript(ExprPtr object) {
  const int depth = object->depth, line = current().line;
  if (skip_operator("[")) return parse_brackets(std::move(object), line);
  take();  // the dot
  if (current().is(TokenKind::kName)) {
    auto attribute = std::make_unique<AttributeExpr>(line, std::move(object), intern(take().text));
    deepen_to(*attribute, depth);
    return checked_depth(std::move(attribute));
  }
  if (!current().is(TokenKind::kInteger)) return error("expected name or number");
  ExprPtr key = std::make_unique<ConstExpr>(line, Value::of(take().integer));
  auto item = std::make_unique<ItemExpr>(line, std::move(object), std::move(key));
  deepen_to(*item, depth);
  return checked_depth(std::move(item));
}

// After the bracket: a key, several (a tuple), or a slice.
Result<ExprPtr> ExpressionParser::parse_brackets(ExprPtr object, int line) {
  const int depth = object->depth;
  auto keys = std::make_unique<SequenceExpr>(line, true);
  auto slice = std::make_unique<SliceExpr>(line);
  bool is_slice = false;
  while (!current().is_operator("]")) {
    if (!keys->items.empty() || is_slice) HERMES_TRY(expect_operator(","));
    if (is_slice) return error("a slice among several subscripts");
    ExprPtr key;
    if (!current().is_operator(":")) {
      HERMES_ASSIGN(key, parse_expression());
    }
    if (!skip_operator(":")) {
      deepen_to(*keys, key->depth);
      keys->items.push_back(std::move(key));
      continue;
    }
    if (!keys->items.empty()) return error("a slice among several subscripts");
    is_slice = true;
    slice->start = std::move(key);
    const auto bound_ends = [this] { return current().is_operator("]") || current().is_operator(","); };
    if (!bound_ends() && !current().is_operator(":")) {
      HERMES_ASSIGN(slice->stop, parse_expression());
    }
    if (skip_operator(":") && !bound_ends()) {
      HERMES_ASSIGN(slice->step, parse_expression());
    }
  }
  HERMES_TRY(expect_operator("]"));
  if (is_slice) {
    slice->object = std::move(object);
    deepen_to(*slice, depth);
    for (const ExprPtr* bound : {&slice->start, &slice->stop, &slice->step}) {
      if (*bound != nullptr) deepen_to(*slice, (*bound)->depth);
    }
    return checked_depth(std::move(slice));
  }
  ExprPtr key = keys->items.size() == 1 ? std::move(keys->items[0]) : ExprPtr(std::move(keys));
  auto item = std::make_unique<ItemExpr>(line, std::move(object), std::move(key));
  deepen_to(*item, std::max(depth, item->key->depth));
  return checked_depth(std::move(item));
}

Status ExpressionParser::parse_arguments(CallArguments& out, int& depth) {
  const int line = current().line;
  HERMES_TRY(expect_operator("("));
  bool comma = false;
  while (!current().is_operator(")")) {
    if (out.named.size() > kMaxNamed) return Error::exhausted("line {}: more than {} named arguments", line, kMaxNamed);
    if (comma) {
      HERMES_TRY(expect_operator(","));
      if (current().is_operator(")")) break;
    }
    comma = true;
    bool in_order = true;
    ExprPtr* star = nullptr;
    const String* name = nullptr;
    if (skip_operator("*")) {
      in_order = out.star == nullptr && out.double_star == nullptr;
      star = &out.star;
    } else if (skip_operator("**")) {
      in_order = out.double_star == nullptr;
      star = &out.double_star;
    } else if (current().is(TokenKind::kName) && following().is_operator("=")) {
      in_order = out.double_star == nullptr;
      name = intern(take().text);
      take();
      for (const auto& [known, value] : out.named) {
        if (known->text == name->text) return error_at(line, fmt::format("keyword argument repeated: {}", name->text));
      }
    } else {
      in_order = out.star == nullptr && out.double_star == nullptr && out.named.empty();
    }
    if (!in_order) return error_at(line, "invalid syntax for function call expression");
    HERMES_ASSIGN(ExprPtr value, parse_expression());
    depth = std::max(depth, value->depth);
    if (star != nullptr) {
      *star = std::move(value);
    } else if (name != nullptr) {
      out.named.emplace_back(name, std::move(value));
    } else {
      out.positional.push_back(std::move(value));
    }
  }
  return expect_operator(")");
}

Result<ExprPtr> ExpressionParser::parse_call(ExprPtr callee) {
  auto call = std::make_unique<CallExpr>(current().line);
  int depth = callee->depth;
  call->callee = std::move(callee);
  HERMES_TRY(parse_arguments(call->arguments, depth));
  deepen_to(*call, depth);
  return checked_depth(std::move(call));
}

Result<std::string> ExpressionParser::parse_dotted_name() {
  HERMES_ASSIGN(const String* first, expect_any_name());
  std::string name(first->text);
  while (skip_operator(".")) {
    HERMES_ASSIGN(const String* next, expect_any_name());
    name += "." + std::string(next->text);
  }
  return name;
}

// `|a|b(c)`; where `begun`, the first name follows without a bar.
Result<ExprPtr> ExpressionParser::parse_filters(ExprPtr operand, bool begun) {
  while (begun || skip_operator("|")) {
    begun = false;
    auto filter = std::make_unique<FilterExpr>(current().line);
    int depth = operand == nullptr ? 0 : operand->depth;
    filter->operand = std::move(operand);
    HERMES_ASSIGN(filter->name, parse_dotted_name());
    filter->entry = find_filter(filter->name);
    if (current().is_operator("(")) HERMES_TRY(parse_arguments(filter->arguments, depth));
    deepen_to(*filter, depth);
    HERMES_ASSIGN(operand, checked_depth(std::move(filter)));
  }
  return operand;
}

Result<ExprPtr> ExpressionParser::parse_test(ExprPtr operand) {
  auto test = std::make_unique<TestExpr>(take().line);  // `is`
  int depth = operand->depth;
  const bool negated = skip_name("not");
  test->operand = std::move(operand);
  HERMES_ASSIGN(test->name, parse_dotted_name());
  test->entry = find_test(test->name);
  const auto argument_follows = [this] {
    const Token& t = current();
    if (t.is(TokenKind::kName)) return !t.is_name("else") && !t.is_name("or") && !t.is_name("and");
    return t.is(TokenKind::kString) || t.is(TokenKind::kInteger) || t.is(TokenKind::kFloat) || t.is_operator("[") ||
           t.is_operator("{");
  };
  if (current().is_operator("(")) {
    HERMES_TRY(parse_arguments(test->arguments, depth));
  } else if (argument_follows()) {
    if (current().is_name("is")) return error("You cannot chain multiple tests with is");
    HERMES_ASSIGN(ExprPtr argument, parse_primary());
    HERMES_ASSIGN(argument, parse_postfix(std::move(argument)));
    depth = std::max(depth, argument->depth);
    test->arguments.positional.push_back(std::move(argument));
  }
  const int line = test->line;
  deepen_to(*test, depth);
  if (!negated) return checked_depth(std::move(test));
  depth = test->depth;
  auto negation = std::make_unique<UnaryExpr>(line, UnaryOp::kNot, std::move(test));
  deepen_to(*negation, depth);
  return checked_depth(std::move(negation));
}

}  // namespace hermes::chat::jinja
