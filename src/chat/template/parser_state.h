// What the two halves of the parser share: the tokens, and the expression grammar (parse_expression.cpp) that
// statements (parser.cpp) are built from.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "chat/template/ast.h"
#include "chat/template/lexer.h"

namespace hermes::chat::jinja {

inline constexpr int kMaxExpressionDepth = 400;  // of the tree
inline constexpr int kMaxNesting = 120;          // of brackets, and of statements
inline constexpr size_t kMaxNamed = 1000;        // named arguments of a call, and parameters of a macro

template <class T>
Result<ExprPtr> checked_depth(std::unique_ptr<T> expr) {
  if (expr->depth > kMaxExpressionDepth) {
    return Error::exhausted("line {}: an expression is nested deeper than {}", expr->line, kMaxExpressionDepth);
  }
  return ExprPtr(std::move(expr));
}

// Takes a child's depth into account.
inline void deepen(Expr& parent, const ExprPtr& child) {
  if (child != nullptr) parent.depth = std::max(parent.depth, child->depth + 1);
}

class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, Template& out) : out_(out), tokens_(std::move(tokens)) {}

 protected:
  const Token& current() const { return tokens_[at_]; }
  const Token& following() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token take() {
    Token token = std::move(tokens_[at_]);
    if (at_ + 1 < tokens_.size()) {
      ++at_;
    } else {
      tokens_[at_] = {.kind = TokenKind::kEnd, .line = token.line};
    }
    return token;
  }
  bool skip_name(std::string_view name) {
    if (!current().is_name(name)) return false;
    take();
    return true;
  }
  bool skip_operator(std::string_view op) {
    if (!current().is_operator(op)) return false;
    take();
    return true;
  }
  Error error(std::string_view message) const { return error_at(current().line, message); }
  static Error error_at(int line, std::string_view message) { return Error::corrupt("line {}: {}", line, message); }
  Error expected(std::string_view what) const;
  Status expect_operator(std::string_view op);
  Status expect_name(std::string_view name);
  Result<const String*> expect_any_name();
  Status expect(TokenKind kind);

  const String* intern(std::string_view text);

  enum : unsigned { kNoConditional = 1, kParentheses = 2, kTargets = 4, kNamespaceTargets = 8 };
  Result<ExprPtr> parse_tuple(unsigned flags = 0);
  Result<ExprPtr> parse_expression(bool with_conditional = true);
  Result<ExprPtr> parse_filters(ExprPtr operand, bool begun);
  // A target as the grammar for expressions reads it: names, namespace.attribute, tuples.
  Result<Target> parse_target(bool with_namespace);

  Template& out_;

 private:
  Result<ExprPtr> parse_or();
  Result<ExprPtr> parse_and();
  Result<ExprPtr> parse_not();
  Result<ExprPtr> parse_compare();
  Result<ExprPtr> parse_sum();
  Result<ExprPtr> parse_concat();
  Result<ExprPtr> parse_product();
  Result<ExprPtr> parse_power();
  Result<ExprPtr> parse_unary(bool with_filter = true);
  Result<ExprPtr> parse_primary(bool with_namespace = false);
  Result<ExprPtr> parse_list();
  Result<ExprPtr> parse_dict();
  Result<ExprPtr> parse_postfix(ExprPtr expr);
  Result<ExprPtr> parse_filters_and_tests(ExprPtr expr);
  Result<ExprPtr> parse_subscript(ExprPtr object);
  Result<ExprPtr> parse_brackets(ExprPtr object, int line);
  Result<ExprPtr> parse_call(ExprPtr callee);
  Result<ExprPtr> parse_test(ExprPtr operand);
  Status parse_arguments(CallArguments& out, int& depth);
  Result<Target> to_target(const Expr& expr);
  bool at_tuple_end() const;
  Result<std::string> parse_dotted_name();

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace hermes::chat::jinja
