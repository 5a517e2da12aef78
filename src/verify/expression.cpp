#include "verify/expression.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace hermes::verify {
namespace {

using Status = Evaluation::Status;

class Evaluator {
 public:
  explicit Evaluator(std::span<const Token> tokens) : tokens_(tokens) {}

  Evaluation run() {
    const Value value = equality();
    if (!syntax_ok_ || pos_ != tokens_.size()) return {Status::kNotAnExpression, {}};
    if (failure_ != Status::kValue) return {failure_, {}};
    return {Status::kValue, value};
  }

 private:
  static constexpr TokenKind kEnd = TokenKind::kOther;

  TokenKind next() const { return pos_ < tokens_.size() ? tokens_[pos_].kind : kEnd; }
  bool take(TokenKind kind) {
    if (!syntax_ok_ || pos_ >= tokens_.size() || tokens_[pos_].kind != kind) return false;
    ++pos_;
    return true;
  }
  Value wrong() {
    syntax_ok_ = false;
    return {};
  }
  void fail(Status status) {
    if (failure_ == Status::kValue) failure_ = status;
  }
  Value truth(bool value) { return {.is_truth = true, .truth = value}; }

  // Truths joined by one word.
  template <class Operand, class Join>
  Value joined(TokenKind word, Operand operand, Join join) {
    Value left = (this->*operand)();
    while (take(word)) {
      const Value right = (this->*operand)();
      if (!left.is_truth || !right.is_truth) return wrong();
      left = truth(join(left.truth, right.truth));
      ++words_;
    }
    return left;
  }

  Value equality() {
    const int before = words_;
    const Value left = implication();
    if (next() != TokenKind::kEquals || !left.is_truth || !syntax_ok_) return left;
    ++pos_;
    const Value right = implication();
    // "a and b == c" means two things to two readers.
    if (!right.is_truth || words_ != before) return wrong();
    ++words_;
    return truth(left.truth == right.truth);
  }
  Value implication() {
    const Value left = disjunction();
    if (!take(TokenKind::kImplies)) return left;
    const Nesting nesting(*this);
    if (!syntax_ok_) return {};
    const Value right = implication();
    if (!left.is_truth || !right.is_truth) return wrong();
    ++words_;
    return truth(!left.truth || right.truth);
  }
  Value disjunction() {
    return joined(TokenKind::kOr, &Evaluator::exclusive, [](bool a, bool b) { return a || b; });
  }
  Value exclusive() {
    return joined(TokenKind::kXor, &Evaluator::conjunction, [](bool a, bool b) { return a != b; });
  }
  Value conjunction() {
    return joined(TokenKind::kAnd, &Evaluator::negation, [](bool a, bool b) { return a && b; });
  }
  Value negation() {
    if (!take(TokenKind::kNot)) return relation();
    const Nesting nesting(*this);
    if (!syntax_ok_) return {};
    const Value value = negation();
    ++words_;
    return value.is_truth ? truth(!value.truth) : wrong();
  }
  Value relation() {
    const Value left = sum();
    if (!syntax_ok_ || left.is_truth || !is_relation(next())) return left;
    const TokenKind kind = tokens_[pos_++].kind;
    const Value right = sum();
    if (!syntax_ok_ || right.is_truth || is_relation(next())) return wrong();
    const Evaluation out = apply_relation(kind, left, right);
    if (!out.ok()) fail(out.status);
    return truth(out.value.truth);
  }

  Value arithmetic(TokenKind kind, const Value& a, const Value& b) {
    if (!syntax_ok_ || a.is_truth || b.is_truth) return wrong();
    if (kind == TokenKind::kDivide && b.number == Rational(0)) {
      fail(Status::kDivisionByZero);
      return {};
    }
    const std::optional<Rational> out = kind == TokenKind::kPlus    ? a.number + b.number
                                        : kind == TokenKind::kMinus ? a.number - b.number
                                        : kind == TokenKind::kTimes ? a.number * b.number
                                                                    : a.number / b.number;
    if (!out) fail(Status::kTooLarge);
    return {.number = out.value_or(Rational()), .has_time = a.has_time || b.has_time};
  }
  Value sum() {
    Value left = product();
    while (syntax_ok_ && (next() == TokenKind::kPlus || next() == TokenKind::kMinus)) {
      const TokenKind kind = tokens_[pos_++].kind;
      left = arithmetic(kind, left, product());
    }
    return left;
  }
  Value product() {
    Value left = unary();
    while (syntax_ok_ && (next() == TokenKind::kTimes || next() == TokenKind::kDivide)) {
      const TokenKind kind = tokens_[pos_++].kind;
      left = arithmetic(kind, left, unary());
    }
    return left;
  }
  Value unary() {
    const Nesting nesting(*this);
    if (!syntax_ok_ || pos_ >= tokens_.size()) return wrong();
    const Token& token = tokens_[pos_++];
    switch (token.kind) {
      case TokenKind::kNumber:
      case TokenKind::kTime:
        if (!token.fits) fail(Status::kTooLarge);
        return {.number = token.number, .has_time = token.kind == TokenKind::kTime};
      case TokenKind::kTrue:
        return truth(true);
      case TokenKind::kFalse:
        return truth(false);
      case TokenKind::kPlus:
      case TokenKind::kMinus: {
        Value value = unary();
        if (value.is_truth) return wrong();
        if (token.kind == TokenKind::kMinus) value.number = -value.number;
        return value;
      }
      case TokenKind::kOpen: {
        const int before = words_;
        const Value value = equality();
        if (!take(TokenKind::kClose)) return wrong();
        words_ = before;
        return value;
      }
      default:
        return wrong();
    }
  }

  // Counts how deep the calls are, on the stack.
  class Nesting {
   public:
    explicit Nesting(Evaluator& evaluator) : evaluator_(evaluator) {
      if (++evaluator_.depth_ > kMaxExpressionDepth) evaluator_.syntax_ok_ = false;
    }
    ~Nesting() { --evaluator_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Evaluator& evaluator_;
  };

  std::span<const Token> tokens_;
  size_t pos_ = 0;
  int depth_ = 0;
  int words_ = 0;  // operators between truths, outside brackets
  bool syntax_ok_ = true;
  Status failure_ = Status::kValue;
};

Result<Value> evaluate_text(std::string_view text, const std::string& what) {
  if (text.size() > kMaxExpressionBytes) {
    return Error::invalid("{}: an expression of {} bytes, at most {}", what, text.size(), kMaxExpressionBytes);
  }
  const std::vector<Token> tokens = tokenize(text);
  for (const Token& token : tokens) {
    if (token.kind == TokenKind::kTime || token.kind == TokenKind::kOther) {
      return Error::invalid("{}: \"{}\" has no meaning in \"{}\"", what,
                            to_valid_utf8(text.substr(token.begin, token.end - token.begin)), to_valid_utf8(text));
    }
  }
  const Evaluation out = evaluate(tokens);
  switch (out.status) {
    case Status::kValue:
      return out.value;
    case Status::kDivisionByZero:
      return Error::invalid("{}: division by zero in \"{}\"", what, text);
    case Status::kTooLarge:
      return Error::invalid("{}: \"{}\" needs larger numbers than this evaluator has", what, text);
    case Status::kNotAnExpression:
      break;
  }
  return Error::invalid("{}: \"{}\" cannot be read as an expression", what, text);
}

}  // namespace

bool is_relation(TokenKind kind) { return kind >= TokenKind::kEquals && kind <= TokenKind::kGreaterEqual; }

Evaluation apply_relation(TokenKind kind, const Value& left, const Value& right) {
  if (left.is_truth != right.is_truth) return {Status::kNotAnExpression, {}};
  if (left.is_truth) {
    if (kind != TokenKind::kEquals && kind != TokenKind::kNotEqual) return {Status::kNotAnExpression, {}};
    return {Status::kValue, {.is_truth = true, .truth = (left.truth == right.truth) == (kind == TokenKind::kEquals)}};
  }
  const auto order = left.number.compare(right.number);
  if (!order) return {Status::kTooLarge, {}};
  const bool equal = *order == 0, less = *order < 0;
  const bool holds = kind == TokenKind::kEquals      ? equal
                     : kind == TokenKind::kNotEqual  ? !equal
                     : kind == TokenKind::kLess      ? less
                     : kind == TokenKind::kLessEqual ? less || equal
                     : kind == TokenKind::kGreater   ? !less && !equal
                                                     : !less;
  return {Status::kValue, {.is_truth = true, .truth = holds}};
}

Evaluation evaluate(std::span<const Token> tokens) { return Evaluator(tokens).run(); }

Result<Rational> evaluate_number(std::string_view text, const std::string& what) {
  HERMES_ASSIGN(const Value value, evaluate_text(text, what));
  if (value.is_truth) return Error::invalid("{}: \"{}\" is true or false, not a number", what, text);
  return value.number;
}

Result<bool> evaluate_truth(std::string_view text, const std::string& what) {
  HERMES_ASSIGN(const Value value, evaluate_text(text, what));
  if (!value.is_truth) return Error::invalid("{}: \"{}\" is a number, not true or false", what, text);
  return value.truth;
}

}  // namespace hermes::verify
