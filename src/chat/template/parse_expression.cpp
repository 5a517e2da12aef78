#include "chat/template/parser_state.h"
#include "chat/template/repr.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

class Nesting {
 public:
  explicit Nesting(int& depth) : depth_(depth) { ++depth_; }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int& depth_;
};

std::optional<BinaryOp> product_operator(const Token& token) {
  if (token.is_operator("*")) return BinaryOp::kMultiply;
  if (token.is_operator("/")) return BinaryOp::kDivide;
  if (token.is_operator("//")) return BinaryOp::kFloorDivide;
  if (token.is_operator("%")) return BinaryOp::kModulo;
  return std::nullopt;
}

std::optional<CompareOp> compare_operator(const Token& token) {
  constexpr CompareOp kOps[] = {CompareOp::kEqual,     CompareOp::kNotEqual, CompareOp::kLess,
                                CompareOp::kLessEqual, CompareOp::kGreater,  CompareOp::kGreaterEqual};
  for (const CompareOp op : kOps) {
    if (token.is_operator(spelling(op))) return op;
  }
  return std::nullopt;
}

const ConstExpr* constant_of(const ExprPtr& e) {
  return e->kind == ExprKind::kConst ? static_cast<const ConstExpr*>(e.get()) : nullptr;
}

}  // namespace

Error ExpressionParser::expected(std::string_view what) const {
  if (current().is(TokenKind::kEnd)) return error(fmt::format("unexpected end of template, expected '{}'.", what));
  return error(fmt::format("expected token '{}', got {}", what, quoted(describe(current()))));
}

Status ExpressionParser::expect_operator(std::string_view op) {
  if (!skip_operator(op)) return expected(op);
  return {};
}

Status ExpressionParser::expect_name(std::string_view name) {
  if (!skip_name(name)) return expected(name);
  return {};
}

Result<const String*> ExpressionParser::expect_any_name() {
  if (!current().is(TokenKind::kName)) return expected("name");
  return intern(take().text);
}

Status ExpressionParser::expect(TokenKind kind) {
  if (!current().is(kind)) return expected(describe(Token{.kind = kind}));
  take();
  return {};
}

const String* ExpressionParser::intern(std::string_view text) {
  out_.texts.push_back(std::make_unique<std::string>(text));
  out_.strings.push_back(std::make_unique<String>(String{.text = *out_.texts.back()}));
  (void)is_ascii(*out_.strings.back());  // found out now, since threads share it
  return out_.strings.back().get();
}

Result<ExprPtr> ExpressionParser::parse_expression(bool with_conditional) {
  const Nesting nesting(nesting_);
  if (nesting_ > kMaxNesting) {
    return Error::exhausted("line {}: brackets are nested deeper than {}", current().line, kMaxNesting);
  }
  const int line = current().line;
  HERMES_ASSIGN(ExprPtr expr, parse_or());
  while (with_conditional && skip_name("if")) {
    auto conditional = std::make_unique<ConditionalExpr>(line);
    conditional->then = std::move(expr);
    HERMES_ASSIGN(conditional->test, parse_or());
    if (skip_name("else")) {
      HERMES_ASSIGN(conditional->otherwise, parse_expression());
    }
    deepen(*conditional, conditional->test);
    deepen(*conditional, conditional->then);
    deepen(*conditional, conditional->otherwise);
    HERMES_ASSIGN(expr, checked_depth(std::move(conditional)));
  }
  return expr;
}

Result<ExprPtr> ExpressionParser::parse_or() {
  HERMES_ASSIGN(ExprPtr left, parse_and());
  while (current().is_name("or")) {
    const int line = take().line;
    HERMES_ASSIGN(ExprPtr right, parse_and());
    auto logic = std::make_unique<LogicExpr>(line, false, std::move(left), std::move(right));
    deepen(*logic, logic->left);
    deepen(*logic, logic->right);
    HERMES_ASSIGN(left, checked_depth(std::move(logic)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::parse_and() {
  HERMES_ASSIGN(ExprPtr left, parse_not());
  while (current().is_name("and")) {
    const int line = take().line;
    HERMES_ASSIGN(ExprPtr right, parse_not());
    auto logic = std::make_unique<LogicExpr>(line, true, std::move(left), std::move(right));
    deepen(*logic, logic->left);
    deepen(*logic, logic->right);
    HERMES_ASSIGN(left, checked_depth(std::move(logic)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::parse_not() {
  std::vector<int> lines;  // of every `not` in a row
  while (current().is_name("not")) lines.push_back(take().line);
  HERMES_ASSIGN(ExprPtr expr, parse_compare());
  for (; !lines.empty(); lines.pop_back()) {
    auto negated = std::make_unique<UnaryExpr>(lines.back(), UnaryOp::kNot, std::move(expr));
    deepen(*negated, negated->operand);
    HERMES_ASSIGN(expr, checked_depth(std::move(negated)));
  }
  return expr;
}

Result<ExprPtr> ExpressionParser::parse_compare() {
  const int line = current().line;
  HERMES_ASSIGN(ExprPtr first, parse_sum());
  std::unique_ptr<CompareExpr> compare;
  while (true) {
    std::optional<CompareOp> op = compare_operator(current());
    if (op) {
      take();
    } else if (skip_name("in")) {
      op = CompareOp::kIn;
    } else if (current().is_name("not") && following().is_name("in")) {
      take();
      take();
      op = CompareOp::kNotIn;
    } else {
      break;
    }
    if (compare == nullptr) {
      compare = std::make_unique<CompareExpr>(line);
      compare->first = std::move(first);
      deepen(*compare, compare->first);
    }
    HERMES_ASSIGN(ExprPtr next, parse_sum());
    deepen(*compare, next);
    compare->rest.emplace_back(*op, std::move(next));
  }
  if (compare == nullptr) return first;
  return checked_depth(std::move(compare));
}

Result<ExprPtr> ExpressionParser::parse_sum() {
  HERMES_ASSIGN(ExprPtr left, parse_concat());
  while (current().is_operator("+") || current().is_operator("-")) {
    const bool plus = current().is_operator("+");
    const int line = take().line;
    HERMES_ASSIGN(ExprPtr right, parse_concat());
    const ConstExpr *a = constant_of(left), *b = constant_of(right);
    if (plus && a != nullptr && b != nullptr && a->value.is_string() && b->value.is_string()) {
      left = std::make_unique<ConstExpr>(
          line, Value::of(intern(std::string(a->value.text()) + std::string(b->value.text()))));
      continue;
    }
    auto sum = std::make_unique<BinaryExpr>(line, plus ? BinaryOp::kAdd : BinaryOp::kSubtract, std::move(left),
                                            std::move(right));
    deepen(*sum, sum->left);
    deepen(*sum, sum->right);
    HERMES_ASSIGN(left, checked_depth(std::move(sum)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::parse_concat() {
  const int line = current().line;
  HERMES_ASSIGN(ExprPtr first, parse_product());
  if (!current().is_operator("~")) return first;
  auto concat = std::make_unique<ConcatExpr>(line);
  deepen(*concat, first);
  concat->parts.push_back(std::move(first));
  while (skip_operator("~")) {
    HERMES_ASSIGN(ExprPtr next, parse_product());
    deepen(*concat, next);
    concat->parts.push_back(std::move(next));
  }
  return checked_depth(std::move(concat));
}

Result<ExprPtr> ExpressionParser::parse_product() {
  HERMES_ASSIGN(ExprPtr left, parse_power());
  while (const auto op = product_operator(current())) {
    const int line = take().line;
    HERMES_ASSIGN(ExprPtr right, parse_power());
    auto product = std::make_unique<BinaryExpr>(line, *op, std::move(left), std::move(right));
    deepen(*product, product->left);
    deepen(*product, product->right);
    HERMES_ASSIGN(left, checked_depth(std::move(product)));
  }
  return left;
}

// Jinja reads powers from the left, unlike Python.
Result<ExprPtr> ExpressionParser::parse_power() {
  HERMES_ASSIGN(ExprPtr left, parse_unary());
  while (current().is_operator("**")) {
    const int line = take().line;
    HERMES_ASSIGN(ExprPtr right, parse_unary());
    auto power = std::make_unique<BinaryExpr>(line, BinaryOp::kPower, std::move(left), std::move(right));
    deepen(*power, power->left);
    deepen(*power, power->right);
    HERMES_ASSIGN(left, checked_depth(std::move(power)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::parse_unary(bool with_filter) {
  ExprPtr expr;
  if (current().is_operator("-") || current().is_operator("+")) {
    const Nesting nesting(nesting_);
    if (nesting_ > kMaxNesting) {
      return Error::exhausted("line {}: signs are nested deeper than {}", current().line, kMaxNesting);
    }
    const bool minus = current().is_operator("-");
    const int line = take().line;
    HERMES_ASSIGN(ExprPtr operand, parse_unary(false));
    auto sign = std::make_unique<UnaryExpr>(line, minus ? UnaryOp::kNegate : UnaryOp::kAffirm, std::move(operand));
    deepen(*sign, sign->operand);
    HERMES_ASSIGN(expr, checked_depth(std::move(sign)));
  } else {
    HERMES_ASSIGN(expr, parse_primary());
  }
  HERMES_ASSIGN(expr, parse_postfix(std::move(expr)));
  if (!with_filter) return expr;
  return parse_filters_and_tests(std::move(expr));
}

Result<ExprPtr> ExpressionParser::parse_primary(bool with_namespace) {
  const int line = current().line;
  switch (current().kind) {
    case TokenKind::kName: {
      const std::string name = take().text;
      if (name == "true" || name == "True") return ExprPtr(std::make_unique<ConstExpr>(line, Value::of(true)));
      if (name == "false" || name == "False") return ExprPtr(std::make_unique<ConstExpr>(line, Value::of(false)));
      if (name == "none" || name == "None") return ExprPtr(std::make_unique<ConstExpr>(line, Value::none()));
      ExprPtr variable = std::make_unique<NameExpr>(line, intern(name));
      if (!with_namespace || !skip_operator(".")) return variable;
      HERMES_ASSIGN(const String* attribute, expect_any_name());
      auto target = std::make_unique<AttributeExpr>(line, std::move(variable), attribute);
      target->as_target = true;
      return ExprPtr(std::move(target));
    }
    case TokenKind::kString: {
      std::string text = take().text;
      while (current().is(TokenKind::kString)) text += take().text;
      return ExprPtr(std::make_unique<ConstExpr>(line, Value::of(intern(text))));
    }
    case TokenKind::kInteger:
      return ExprPtr(std::make_unique<ConstExpr>(line, Value::of(take().integer)));
    case TokenKind::kFloat:
      return ExprPtr(std::make_unique<ConstExpr>(line, Value::of(take().real)));
    default:
      break;
  }
  if (skip_operator("(")) {
    HERMES_ASSIGN(ExprPtr inner, parse_tuple(kParentheses));
    HERMES_TRY(expect_operator(")"));
    return inner;
  }
  if (current().is_operator("[")) return parse_list();
  if (current().is_operator("{")) return parse_dict();
  return error(fmt::format("unexpected {}", quoted(describe(current()))));
}

}  // namespace hermes::chat::jinja
