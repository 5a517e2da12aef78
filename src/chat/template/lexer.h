// A template's text as tokens. White space around tags is already cut as trim_blocks, lstrip_blocks and the signs at
// the tags (-, +) ask.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hermes::chat::jinja {

enum class TokenKind : uint8_t {
  kData,
  kBlockBegin,
  kBlockEnd,
  kVariableBegin,
  kVariableEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  int line = 1;
  std::string text{};  // data, name, operator; a string without its escapes
  int64_t integer = 0;
  double real = 0;

  bool is(TokenKind k) const { return kind == k; }
  bool is_operator(std::string_view op) const { return kind == TokenKind::kOperator && text == op; }
  bool is_name(std::string_view name) const { return kind == TokenKind::kName && text == name; }
};

std::string describe(const Token& token);  // for messages

// The last token is kEnd. Errors say "line N: what".
Result<std::vector<Token>> tokenize(std::string_view source);

}  // namespace hermes::chat::jinja
