#include "verify/statements.h"

#include <algorithm>
#include <array>
#include <span>

#include "verify/answer.h"
#include "verify/expression.h"
#include "verify/number_text.h"

namespace hermes::verify {
namespace {

constexpr int64_t kDay = 24 * 60;
using Tokens = std::span<const Token>;

bool is_operator(TokenKind kind) {
  return kind == TokenKind::kPlus || kind == TokenKind::kMinus || kind == TokenKind::kTimes ||
         kind == TokenKind::kDivide;
}
bool is_literal(TokenKind kind) {
  return kind == TokenKind::kNumber || kind == TokenKind::kTime || kind == TokenKind::kTrue ||
         kind == TokenKind::kFalse;
}

// An expression in a run of tokens.
struct Side {
  bool found = false;
  size_t begin = 0, end = 0;  // tokens of the run
  Evaluation value{};
  bool too_long = false;
};

class Finder {
 public:
  explicit Finder(std::string_view text) : text_(text), tokens_(tokenize(text)) {}

  std::vector<Statement> run() {
    mark_verbs();
    for (size_t begin = 0; begin < tokens_.size();) {
      size_t end = begin;
      while (end < tokens_.size() && tokens_[end].kind != TokenKind::kOther && !new_line(begin, end)) ++end;
      if (end > begin) segment(begin, end);
      begin = end > begin ? end : end + 1;
    }
    return std::move(out_);
  }

 private:
  std::string_view word(size_t i) const { return text_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin); }

  // "3 < 5 is true" says what "(3 < 5) = true" says. So does "true and false is false".
  void mark_verbs() {
    for (size_t i = 1; i + 1 < tokens_.size(); ++i) {
      const bool truth = tokens_[i + 1].kind == TokenKind::kTrue || tokens_[i + 1].kind == TokenKind::kFalse;
      if (tokens_[i].kind == TokenKind::kOther && truth && lower_case(word(i)) == "is")
        tokens_[i].kind = TokenKind::kEquals;
    }
  }

  // Whether a line ends between the token and the one before it in the segment.
  bool new_line(size_t begin, size_t i) const {
    if (i == begin) return false;
    const size_t from = tokens_[i - 1].end;
    return text_.substr(from, tokens_[i].begin - from).find('\n') != std::string_view::npos;
  }

  // A run of tokens that expressions may have, with words or line breaks around it.
  void segment(size_t begin, size_t end) {
    // "- 3 + 4 = 7" with a dash that makes a list.
    if (starts_line(begin) && (tokens_[begin].kind == TokenKind::kMinus || tokens_[begin].kind == TokenKind::kTimes) &&
        begin + 1 < end && tokens_[begin + 1].begin > tokens_[begin].end) {
      ++begin;
    }
    std::vector<size_t> equals;
    int depth = 0;
    for (size_t i = begin; i < end; ++i) {
      if (tokens_[i].kind == TokenKind::kOpen) ++depth;
      if (tokens_[i].kind == TokenKind::kClose) depth = std::max(0, depth - 1);
      if (tokens_[i].kind == TokenKind::kEquals && (depth == 0 || unclosed(begin, end))) equals.push_back(i);
    }
    if (equals.empty()) return comparisons(begin, end);
    Side left = last_side(begin, equals[0]);
    if (left.found) comparisons(begin, left.begin);
    for (size_t k = 0; k < equals.size(); ++k) {
      const size_t from = equals[k] + 1, to = k + 1 < equals.size() ? equals[k + 1] : end;
      const Side right = first_side(from, to);
      if (left.too_long || right.too_long) {
        add(Statement::Outcome::kTooHard, equals[k], equals[k] + 1);
      } else if (left.found && right.found) {
        equation(left, right, k == 0 ? begin : equals[k - 1] + 1, equals[k], to);
      }
      // a = b = c goes on from b; "a = b and c = d" begins again at c.
      const bool whole = right.found && right.begin == from && right.end == to;
      left = whole || k + 1 == equals.size() ? right : last_side(std::max(from, right.found ? right.end : from), to);
      if (k + 1 == equals.size() && right.found) comparisons(right.end, end);
    }
  }

  // More brackets open than close: "(so 3 + 4 = 7".
  bool unclosed(size_t begin, size_t end) {
    if (balance_begin_ != begin || balance_end_ != end) {
      balance_begin_ = begin;
      balance_end_ = end;
      int depth = 0;
      for (size_t i = begin; i < end; ++i) {
        depth += tokens_[i].kind == TokenKind::kOpen ? 1 : tokens_[i].kind == TokenKind::kClose ? -1 : 0;
      }
      unclosed_ = depth > 0;
    }
    return unclosed_;
  }

  bool starts_line(size_t i) const {
    const std::string_view before =
        text_.substr(i == 0 ? 0 : tokens_[i - 1].end, tokens_[i].begin - (i == 0 ? 0 : tokens_[i - 1].end));
    return i == 0 || before.find('\n') != std::string_view::npos;
  }

  enum class Wanted { kAny, kNumber };

  Evaluation value_of(Tokens tokens, Wanted wanted) {
    const size_t work = tokens.size() + 1;
    if (work_ + work > kMostWork) return {Evaluation::Status::kTooLarge, {}};
    work_ += work;
    const Evaluation out = evaluate(tokens);
    const bool other = wanted == Wanted::kNumber && out.ok() && out.value.is_truth;
    return other ? Evaluation{} : out;
  }

  // The longest expression that ends at `end`.
  Side last_side(size_t begin, size_t end, Wanted wanted = Wanted::kAny) {
    Side out;
    if (begin >= end) return out;
    const size_t first = end - begin > kMostTokens ? end - kMostTokens : begin;
    for (size_t i = first; i < end; ++i) {
      const Token& token = tokens_[i];
      if (is_operator(token.kind) && !is_sign(i)) continue;
      const Evaluation value = value_of(Tokens(tokens_).subspan(i, end - i), wanted);
      if (value.status == Evaluation::Status::kNotAnExpression) continue;
      out = {.found = true, .begin = i, .end = end, .value = value};
      break;
    }
    if (!out.found || out.begin == first) out.too_long = first != begin;
    if (out.found && unknown_before(out, begin, wanted)) out.found = false;
    return out;
  }

  // The longest expression that begins at `begin`.
  Side first_side(size_t begin, size_t end, Wanted wanted = Wanted::kAny) {
    Side out;
    if (begin >= end) return out;
    const size_t last = std::min(end, begin + kMostTokens);
    for (size_t i = last; i > begin; --i) {
      const Evaluation value = value_of(Tokens(tokens_).subspan(begin, i - begin), wanted);
      if (value.status == Evaluation::Status::kNotAnExpression) continue;
      out = {.found = true, .begin = begin, .end = i, .value = value};
      break;
    }
    if (!out.found || out.end == last) out.too_long = last != end;
    if (out.found && unknown_behind(out, end, wanted)) out.found = false;
    return out;
  }

  // A minus that belongs to the number behind it: "so -3 + 4", not "x - 3".
  bool is_sign(size_t i) const {
    const Token& token = tokens_[i];
    const bool joined = i + 1 < tokens_.size() && tokens_[i + 1].begin == token.end;
    const bool free = token.begin == 0 || is_space(text_[token.begin - 1]) || text_[token.begin - 1] == '(' ||
                      text_[token.begin - 1] == '$';
    return joined && free;
  }

  // Something before the expression belongs to it and is not known: x + 3, 2^3, sqrt(16), 10% of 50, 5 mod 3.
  bool unknown_before(const Side& side, size_t begin, Wanted wanted) const {
    const size_t i = side.begin;
    if (i > begin) return breaks(tokens_[i - 1].kind, wanted);
    if (i == 0) return false;
    const Token& before = tokens_[i - 1];
    if (before.kind != TokenKind::kOther) return is_operator(before.kind) && starts_line(i);
    const bool touches = before.end == tokens_[i].begin;
    const std::string name = lower_case(word(i - 1));
    // **3 + 4 = 7**, but not 2**3.
    if (name == "**" && i >= 2 && tokens_[i - 2].end == before.begin && !starts_line(i - 1)) return true;
    if (touches && std::string_view(",;:.(\"'`[{").find(name[0]) == std::string_view::npos && name != "**") return true;
    const bool literal = side.end == i + 1 && is_literal(tokens_[i].kind);
    static constexpr std::array<std::string_view, 15> kNeutral{"so",    "then",    "thus",  "hence", "therefore",
                                                               "that",  "have",    "get",   "is",    "check",
                                                               "gives", "because", "since", "but",   "now"};
    return literal && is_letter(name[0]) && new_line_free(i) &&
           std::find(kNeutral.begin(), kNeutral.end(), name) == kNeutral.end();
  }
  bool new_line_free(size_t i) const {
    return text_.substr(tokens_[i - 1].end, tokens_[i].begin - tokens_[i - 1].end).find('\n') == std::string_view::npos;
  }
  // An operator at the expression's end leads to what is not known. So does a relation, unless the side of one is wanted.
  static bool breaks(TokenKind kind, Wanted wanted) {
    return is_operator(kind) || (wanted == Wanted::kAny && is_comparison(kind));
  }
  static bool is_comparison(TokenKind kind) { return is_relation(kind) && kind != TokenKind::kEquals; }

  // Something behind the expression belongs to it and is not known: 7 + x, 2x, 5!, 50%, 3 remainder 1.
  bool unknown_behind(const Side& side, size_t end, Wanted wanted) const {
    const size_t i = side.end;
    if (i < end) {
      if (tokens_[i].kind == TokenKind::kMinus && i + 1 == end) return !dash(i);
      return breaks(tokens_[i].kind, wanted);
    }
    if (i >= tokens_.size() || tokens_[i].kind != TokenKind::kOther) return false;
    const std::string name = lower_case(word(i));
    if (name == "remainder" || name == "rem" || name == "r" || name == "mod") return true;
    const bool touches = tokens_[i - 1].end == tokens_[i].begin;
    return touches && std::string_view(",;:.)\"'`]}*?").find(name[0]) == std::string_view::npos && !not_ascii(name[0]);
  }
  static bool not_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

  // "= 7 - good": a minus before a word of several letters, or before nothing.
  bool dash(size_t i) const {
    return i + 1 >= tokens_.size() || starts_line(i + 1) || (is_letter(word(i + 1)[0]) && word(i + 1).size() > 1);
  }

  // left = right around the token `equals`, within [begin, end).
  void equation(Side left, Side right, size_t begin, size_t equals, size_t end) {
    using Status = Evaluation::Status;
    if (left.value.ok() && right.value.ok() && left.value.value.is_truth != right.value.value.is_truth) {
      // 3 < 2 + 2 = 4: each relation between its neighbours.
      const Side before = last_side(begin, equals, Wanted::kNumber),
                 behind = first_side(equals + 1, end, Wanted::kNumber);
      if (before.found && behind.found) {
        comparisons(left.begin, equals);
        comparisons(equals + 1, right.end);
        left = before;
        right = behind;
      }
    }
    Statement::Outcome outcome = Statement::Outcome::kWrong;
    if (left.value.status == Status::kTooLarge || right.value.status == Status::kTooLarge) {
      outcome = Statement::Outcome::kTooHard;
    } else if (left.value.ok() && right.value.ok()) {
      const Value a = left.value.value, b = right.value.value;
      if (a.has_time || b.has_time) {
        const std::optional<Rational> apart = a.number - b.number;
        const bool days = !a.is_truth && !b.is_truth && apart && apart->is_integer() && apart->numerator() % kDay == 0;
        outcome = days ? Statement::Outcome::kHolds : Statement::Outcome::kWrong;
      } else {
        outcome = outcome_of(TokenKind::kEquals, a, b);
      }
    }
    add(outcome, left.begin, right.end);
  }

  static Statement::Outcome outcome_of(TokenKind relation, const Value& a, const Value& b) {
    const Evaluation out = apply_relation(relation, a, b);
    if (out.status == Evaluation::Status::kTooLarge) return Statement::Outcome::kTooHard;
    return out.ok() && out.value.truth ? Statement::Outcome::kHolds : Statement::Outcome::kWrong;
  }

  // Comparisons that stand alone.
  void comparisons(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (!is_comparison(tokens_[i].kind)) continue;
      const Side left = last_side(begin, i, Wanted::kNumber), right = first_side(i + 1, end, Wanted::kNumber);
      if (left.too_long || right.too_long) add(Statement::Outcome::kTooHard, i, i + 1);
      if (left.too_long || right.too_long || !left.found || !right.found) continue;
      if (joined(left.begin, right.end, begin, end) || asked(left.begin, right.end)) continue;
      const Evaluation &a = left.value, &b = right.value;
      const bool large = a.status == Evaluation::Status::kTooLarge || b.status == Evaluation::Status::kTooLarge;
      const bool values = a.ok() && b.ok();
      add(large    ? Statement::Outcome::kTooHard
          : values ? outcome_of(tokens_[i].kind, a.value, b.value)
                   : Statement::Outcome::kWrong,
          left.begin, right.end);
    }
  }

  // A word around a comparison that takes it back: "not 5 < 3", "5 < 3 or 3 < 5". In brackets it says nothing alone.
  bool joined(size_t from, size_t to, size_t begin, size_t end) const {
    const auto takes_back = [](TokenKind kind) {
      return kind == TokenKind::kNot || kind == TokenKind::kOr || kind == TokenKind::kXor ||
             kind == TokenKind::kImplies || kind == TokenKind::kOpen || kind == TokenKind::kClose;
    };
    return (from > begin && takes_back(tokens_[from - 1].kind)) || (to < end && takes_back(tokens_[to].kind));
  }

  bool asked(size_t begin, size_t end) const {
    if (end < tokens_.size() && word(end) == "?") return true;
    if (begin == 0 || tokens_[begin - 1].kind != TokenKind::kOther) return false;
    static constexpr std::array<std::string_view, 7> kAsking{"whether", "if", "is", "are", "check", "suppose", "does"};
    return std::find(kAsking.begin(), kAsking.end(), lower_case(word(begin - 1))) != kAsking.end();
  }

  void add(Statement::Outcome outcome, size_t begin, size_t end) {
    const size_t from = tokens_[begin].begin;
    out_.push_back({outcome, std::string(text_.substr(from, std::min<size_t>(tokens_[end - 1].end - from, 200)))});
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<Statement> out_;
  size_t balance_begin_ = 0, balance_end_ = 0;
  bool unclosed_ = false;
  size_t work_ = 0;  // tokens evaluated
};

}  // namespace

std::vector<Statement> statements_in(std::string_view text) { return Finder(text).run(); }

}  // namespace hermes::verify
