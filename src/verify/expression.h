// Arithmetic, logic and comparisons, evaluated exactly.
//
//   value       implication ("==" implication)?          the two sides of == that hold an operator stand in brackets
//   implication or ("implies" implication)?
//   or          xor ("or" xor)*
//   xor         and ("xor" and)*
//   and         not ("and" not)*
//   not         "not" not | relation
//   relation    sum (("<" | "<=" | ">" | ">=" | "!=" | "==" | "=") sum)?
//   sum         product (("+" | "-") product)*
//   product     unary (("*" | "/") unary)*
//   unary       ("-" | "+") unary | "(" value ")" | number | time | "true" | "false"
//
// Also read: the typographic signs for these operators, words in capitals, thousands separators (1,951), dollar signs as
// white space. A time (09:45) is a number of minutes; specifications may not have one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "verify/rational.h"

namespace hermes::verify {

inline constexpr size_t kMaxExpressionBytes = 10000;
inline constexpr int kMaxExpressionDepth = 100;

enum class TokenKind : uint8_t {
  kNumber,
  kTime,
  kTrue,
  kFalse,
  kAnd,
  kOr,
  kXor,
  kNot,
  kImplies,
  kPlus,
  kMinus,
  kTimes,
  kDivide,
  kOpen,
  kClose,
  kEquals,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kOther
};  // what no expression has: a word, a comma

struct Token {
  TokenKind kind;
  size_t begin, end;  // bytes in the text
  Rational number{};  // kNumber, kTime
  bool fits = true;   // of a number: within Rational's bounds
};

// White space separates and is dropped; every other byte belongs to a token.
std::vector<Token> tokenize(std::string_view text);

struct Value {
  bool is_truth = false;
  bool truth = false;
  Rational number{};
  bool has_time = false;  // a time took part in the number
  friend bool operator==(const Value&, const Value&) = default;
};

struct Evaluation {
  enum class Status : uint8_t { kValue, kNotAnExpression, kDivisionByZero, kTooLarge };
  Status status = Status::kNotAnExpression;
  Value value{};
  bool ok() const { return status == Status::kValue; }
};

// All of `tokens` as one expression.
Evaluation evaluate(std::span<const Token> tokens);
// One relation between two numbers or truths.
Evaluation apply_relation(TokenKind relation, const Value& left, const Value& right);
bool is_relation(TokenKind kind);

// Whole texts, for specifications; errors name the text.
Result<Rational> evaluate_number(std::string_view text, const std::string& what);
Result<bool> evaluate_truth(std::string_view text, const std::string& what);

}  // namespace hermes::verify
