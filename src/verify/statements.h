// Statements in reasoning that can be checked: equations, comparisons, truths of logic.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hermes::verify {

struct Statement {
  enum class Outcome { kHolds, kWrong, kTooHard };
  Outcome outcome;
  std::string text;
};

// Every statement of the text, in order:
//   - a = b, with a and b expressions (expression.h); a = b = c makes two. With times, equal modulo 24 hours. The longest
//     expressions around the "=" are meant: "so 3 + 4 = 7, and" says 3 + 4 = 7.
//   - a < b and the like between numbers, where no "=", "is true", "not", "or", "xor" or "implies" says what comes of it;
//     unless asked ("whether 3 < 2", "3 < 2?").
//   - "X is true", "X is false" with an expression of logic or a comparison as X.
// Not statements: sides with words or unknown signs at the operators ("x = 5", "2x + 3 = 7", "12 km = 12000 m", "10% of
// 50 = 5", "2^3 = 8", "10 / 3 = 3 remainder 1"), a bullet's dash. Sides of more than kMostTokens tokens are too hard, as is
// what comes after kMostWork tokens were evaluated.
inline constexpr size_t kMostTokens = 200;
inline constexpr size_t kMostWork = 20'000'000;
std::vector<Statement> statements_in(std::string_view text);

}  // namespace hermes::verify
