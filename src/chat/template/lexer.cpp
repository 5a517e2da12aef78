#include "chat/template/lexer.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/utf8.h"
#include "chat/template/repr.h"
#include "chat/template/string_literal.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

// One kind of line end, and none at the end of the text.
std::string with_plain_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(with_plain_newlines(source)) {}

  Result<std::vector<Token>> run() {
    while (at_ < source_.size()) HERMES_TRY(root());
    push(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  Token& push(TokenKind kind, std::string_view text) {
    tokens_.push_back({.kind = kind, .line = line_, .text = std::string(text)});
    return tokens_.back();
  }

  Error error(std::string message) const { return Error::corrupt("line {}: {}", line_, message); }

  // Moves on, counting lines.
  void advance(size_t to) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  bool has(size_t at, std::string_view text) const { return std::string_view(source_).substr(at).starts_with(text); }
  char peek(size_t at) const { return at < source_.size() ? source_[at] : '\0'; }
  size_t past_space(size_t at) const { return at + leading_space(std::string_view(source_).substr(at)); }

  // Text up to a tag: `sign` is what stands at the tag, `strip_line` whether spaces before it on its line go.
  void data(size_t end, char sign, bool strip_line) {
    std::string_view text = std::string_view(source_).substr(at_, end - at_);
    if (sign == '-') {
      text.remove_suffix(trailing_space(text));
    } else if (sign != '+' && strip_line) {
      const size_t newline = text.rfind('\n');
      const size_t line = newline == kNone ? 0 : newline + 1;
      if ((line > 0 || at_line_start_) && leading_space(text.substr(line)) == text.size() - line)
        text = text.substr(0, line);
    }
    if (!text.empty()) push(TokenKind::kData, text);
    advance(end);
  }

  // The end of a tag at `at`: its sign, its two characters, and the white space that goes with it. kNone where there
  // is none. A print statement does not know +, and leaves the newline.
  size_t past_tag_end(size_t at, std::string_view mark) const {
    const bool variable = mark == "}}";
    if (!variable && peek(at) == '+' && has(at + 1, mark)) return at + 3;
    if (peek(at) == '-' && has(at + 1, mark)) return past_space(at + 3);
    if (!has(at, mark)) return kNone;
    return !variable && peek(at + 2) == '\n' ? at + 3 : at + 2;
  }

  void finish_tag(size_t end) {
    at_line_start_ = source_[end - 1] == '\n';
    advance(end);
  }

  Status root() {
    size_t tag = at_;
    do {
      tag = source_.find('{', tag);
      if (tag == kNone) break;
      const char c = peek(tag + 1);
      if (c == '{' || c == '%' || c == '#') break;
      ++tag;
    } while (true);
    if (tag == kNone) {
      push(TokenKind::kData, std::string_view(source_).substr(at_));
      advance(source_.size());
      return {};
    }
    const char kind = source_[tag + 1];
    const char sign = peek(tag + 2) == '-' || peek(tag + 2) == '+' ? source_[tag + 2] : '\0';
    data(tag, sign, kind != '{');
    const size_t inside = tag + (sign != '\0' ? 3 : 2);
    if (kind == '#') return comment(inside);
    if (kind == '%') {
      if (const size_t raw = past_raw_begin(inside); raw != kNone) {
        finish_tag(raw);
        return raw_text();
      }
    }
    push(kind == '%' ? TokenKind::kBlockBegin : TokenKind::kVariableBegin, "");
    advance(inside);
    return expression(kind == '%' ? "%}" : "}}");
  }

  Status comment(size_t inside) {
    const size_t end = source_.find("#}", inside);
    if (end == kNone) return error("Missing end of comment tag");
    const char sign = end > inside ? source_[end - 1] : '\0';
    size_t after = end + 2;
    if (sign == '-') {
      after = past_space(after);
    } else if (sign != '+' && peek(after) == '\n') {
      ++after;
    }
    finish_tag(after);
    return {};
  }

  // Past `raw -%}`, where that stands at `at`.
  size_t past_raw_begin(size_t at) const {
    at = past_space(at);
    if (!has(at, "raw")) return kNone;
    at = past_space(at + 3);
    if (has(at, "-%}")) return past_space(at + 3);
    return has(at, "%}") ? at + 2 : kNone;
  }

  Status raw_text() {
    for (size_t tag = source_.find("{%", at_); tag != kNone; tag = source_.find("{%", tag + 1)) {
      const char sign = peek(tag + 2) == '-' || peek(tag + 2) == '+' ? source_[tag + 2] : '\0';
      size_t at = past_space(tag + (sign != '\0' ? 3 : 2));
      if (!has(at, "endraw")) continue;
      at = past_tag_end(past_space(at + 6), "%}");
      if (at == kNone) continue;
      data(tag, sign, true);
      finish_tag(at);
      return {};
    }
    return error("Missing end of raw directive");
  }

  Status expression(std::string_view mark) {
    std::string open;  // the brackets that are to be closed
    while (at_ < source_.size()) {
      if (open.empty()) {
        if (const size_t end = past_tag_end(at_, mark); end != kNone) {
          push(mark == "%}" ? TokenKind::kBlockEnd : TokenKind::kVariableEnd, "");
          finish_tag(end);
          return {};
        }
      }
      if (const size_t after = past_space(at_); after > at_) {
        advance(after);
        continue;
      }
      HERMES_TRY(token(open));
    }
    return {};
  }

  Status token(std::string& open) {
    const char c = source_[at_];
    if (is_ascii_digit(c)) return number();
    if (c == '\'' || c == '"') return string();
    if (const size_t end = past_name(); end > at_) {
      push(TokenKind::kName, std::string_view(source_).substr(at_, end - at_));
      advance(end);
      return {};
    }
    constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                               "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators), [&](auto o) { return has(at_, o); });
    if (op == std::end(kOperators)) {
      const size_t length = decode_utf8(source_, at_).length;
      return error(fmt::format("unexpected char {} at {}", quoted(std::string_view(source_).substr(at_, length)),
                               code_points(std::string_view(source_).substr(0, at_))));
    }
    if (c == '(' || c == '[' || c == '{') open += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty()) return error(fmt::format("unexpected '{}'", c));
      if (open.back() != c) return error(fmt::format("unexpected '{}', expected '{}'", c, open.back()));
      open.pop_back();
    }
    push(TokenKind::kOperator, *op);
    advance(at_ + op->size());
    return {};
  }

  size_t past_name() const {
    size_t at = at_;
    while (at < source_.size()) {
      const CodePoint c = decode_utf8(source_, at);
      if (c.value != '_' && !is_alnum(c.value) && !(at > at_ && is_name_mark(c.value))) break;
      at += c.length;
    }
    return at;
  }

  // Digits, with single underscores between them; kNone where there are none.
  template <class Is>
  size_t past_digits(size_t at, Is&& is) const {
    if (!is(peek(at))) return kNone;
    while (is(peek(at)) || (peek(at) == '_' && is(peek(at + 1)))) ++at;
    return at;
  }

  Status number() {
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    const size_t whole = past_digits(at_, is_ascii_digit);
    if (!after_dot) {
      size_t end = whole;
      if (peek(end) == '.') {
        if (const size_t fraction = past_digits(end + 1, is_ascii_digit); fraction != kNone) end = fraction;
      }
      if (peek(end) == 'e' || peek(end) == 'E') {
        const size_t sign = peek(end + 1) == '+' || peek(end + 1) == '-' ? 2 : 1;
        if (const size_t exponent = past_digits(end + sign, is_ascii_digit); exponent != kNone) end = exponent;
      }
      if (end > whole) {
        const std::string text = without_underscores(end);
        Token& token = push(TokenKind::kFloat, text);
        if (std::from_chars(text.data(), text.data() + text.size(), token.real).ec != std::errc()) {
          // Beyond doubles: Python reads infinity, or zero.
          const size_t e = text.find_first_of("eE");
          token.real = e != std::string::npos && text[e + 1] == '-' ? 0.0 : std::numeric_limits<double>::infinity();
        }
        advance(end);
        return {};
      }
    }
    int base = 10;
    size_t end = whole;
    if (source_[at_] == '0') {
      const char letter = static_cast<char>(peek(at_ + 1) | 0x20);
      const auto below = [](char digit, int limit) {
        return is_ascii_digit(digit) ? digit - '0' < limit
                                     : limit == 16 && (digit | 0x20) >= 'a' && (digit | 0x20) <= 'f';
      };
      const int based = letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'x' ? 16 : 10;
      const size_t start = at_ + 2 + (peek(at_ + 2) == '_' ? 1 : 0);
      const size_t prefixed = based == 10 ? kNone : past_digits(start, [&](char d) { return below(d, based); });
      if (prefixed != kNone) {
        base = based;
        end = prefixed;
      } else {
        end = past_digits(at_, [](char d) { return d == '0'; });
      }
    }
    const std::string text = without_underscores(end).substr(base == 10 ? 0 : 2);
    Token& token = push(TokenKind::kInteger, text);
    if (std::from_chars(text.data(), text.data() + text.size(), token.integer, base).ec != std::errc()) {
      return Error::unsupported("line {}: an integer beyond 64 bits", line_);
    }
    advance(end);
    return {};
  }

  std::string without_underscores(size_t end) const {
    std::string text = source_.substr(at_, end - at_);
    std::erase(text, '_');
    return text;
  }

  Status string() {
    const char quote = source_[at_];
    size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) {
      return error(fmt::format("unexpected char {} at {}", quoted(std::string_view(&quote, 1)),
                               code_points(std::string_view(source_).substr(0, at_))));
    }
    auto text = unescape(std::string_view(source_).substr(at_ + 1, end - at_ - 1));
    if (!text.ok()) return Error(text.error().code(), fmt::format("line {}: {}", line_, text.error().message()));
    push(TokenKind::kString, *text);
    advance(end + 1);
    return {};
  }

  std::string source_;
  size_t at_ = 0;
  int line_ = 1;
  bool at_line_start_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kData:
      return "template data / text";
    case TokenKind::kBlockBegin:
      return "begin of statement block";
    case TokenKind::kBlockEnd:
      return "end of statement block";
    case TokenKind::kVariableBegin:
      return "begin of print statement";
    case TokenKind::kVariableEnd:
      return "end of print statement";
    case TokenKind::kString:
      return "string";
    case TokenKind::kInteger:
      return "integer";
    case TokenKind::kFloat:
      return "float";
    case TokenKind::kEnd:
      return "end of template";
    case TokenKind::kName:
    case TokenKind::kOperator:
      break;
  }
  return token.text;
}

Result<std::vector<Token>> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace hermes::chat::jinja
