#include "verify/expression.h"
#include "verify/number_text.h"

namespace hermes::verify {
namespace {

struct Sign {
  std::string_view text;
  TokenKind kind;
};
// The longer first.
constexpr Sign kSigns[] = {
    {"-->", TokenKind::kOther},
    {"==>", TokenKind::kOther},
    {"->", TokenKind::kOther},
    {"=>", TokenKind::kOther},
    {"<-", TokenKind::kOther},
    {"**", TokenKind::kOther},
    {"//", TokenKind::kOther},
    {"--", TokenKind::kOther},
    {"==", TokenKind::kEquals},
    {"!=", TokenKind::kNotEqual},
    {"<=", TokenKind::kLessEqual},
    {">=", TokenKind::kGreaterEqual},
    {"\xe2\x89\xa0", TokenKind::kNotEqual},
    {"\xe2\x89\xa4", TokenKind::kLessEqual},
    {"\xe2\x89\xa5", TokenKind::kGreaterEqual},
    {"\xc3\x97", TokenKind::kTimes},
    {"\xe2\x8b\x85", TokenKind::kTimes},
    {"\xc3\xb7", TokenKind::kDivide},
    {"\xe2\x88\x92", TokenKind::kMinus},
    {"=", TokenKind::kEquals},
    {"<", TokenKind::kLess},
    {">", TokenKind::kGreater},
    {"+", TokenKind::kPlus},
    {"-", TokenKind::kMinus},
    {"*", TokenKind::kTimes},
    {"/", TokenKind::kDivide},
    {"(", TokenKind::kOpen},
    {")", TokenKind::kClose},
};
constexpr Sign kWords[] = {{"true", TokenKind::kTrue},      {"false", TokenKind::kFalse}, {"and", TokenKind::kAnd},
                           {"or", TokenKind::kOr},          {"xor", TokenKind::kXor},     {"not", TokenKind::kNot},
                           {"implies", TokenKind::kImplies}};

bool in_word(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '\''; }
bool not_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (pos_ < text_.size()) {
      const char c = text_[pos_];
      if (is_space(c) || c == '$') {  // $3 + 4 = 7$
        ++pos_;
      } else if (is_digit(c) || c == '.') {
        number();
      } else if (is_letter(c) || c == '_') {
        word();
      } else {
        sign();
      }
    }
    return std::move(tokens_);
  }

 private:
  void add(TokenKind kind, size_t end) {
    tokens_.push_back({.kind = kind, .begin = pos_, .end = end});
    pos_ = end;
  }
  bool digit_at(size_t i) const { return i < text_.size() && is_digit(text_[i]); }

  void number() {
    size_t digits = pos_;
    while (digit_at(digits)) ++digits;
    if (const size_t end = date_end(digits); end != 0) return add(TokenKind::kOther, end);
    if (digits - pos_ >= 1 && digits - pos_ <= 3 && digits < text_.size() && text_[digits] == ':' &&
        digit_at(digits + 1) && digit_at(digits + 2) && !digit_at(digits + 3)) {
      return time(digits);
    }
    const NumberText number = scan_number(text_, pos_);
    if (number.end == 0) return add(TokenKind::kOther, pos_ + 1);
    add(TokenKind::kNumber, number.end);
    tokens_.back().fits = number.value.has_value();
    tokens_.back().number = number.value.value_or(Rational());
  }

  // 2024-03-05 is no subtraction.
  size_t date_end(size_t digits) const {
    const auto part = [&](size_t i) {
      return i < text_.size() && text_[i] == '-' && digit_at(i + 1) && digit_at(i + 2) && !digit_at(i + 3);
    };
    return digits - pos_ == 4 && part(digits) && part(digits + 3) ? digits + 6 : 0;
  }

  void time(size_t colon) {
    if (colon + 3 < text_.size() && text_[colon + 3] == ':') return add(TokenKind::kOther, colon + 3);
    int64_t hours = 0;
    for (size_t i = pos_; i < colon; ++i) hours = hours * 10 + (text_[i] - '0');
    const int64_t minutes = (text_[colon + 1] - '0') * 10 + (text_[colon + 2] - '0');
    add(TokenKind::kTime, colon + 3);
    tokens_.back().number = Rational(hours * 60 + minutes);
  }

  void word() {
    size_t end = pos_;
    while (end < text_.size() && in_word(text_[end])) ++end;
    std::string plain(text_.substr(pos_, std::min<size_t>(end - pos_, 8)));
    for (char& c : plain) c = lower(c);
    for (const Sign& known : kWords) {
      if (plain == known.text) return add(known.kind, end);
    }
    add(TokenKind::kOther, end);
  }

  void sign() {
    const std::string_view rest = text_.substr(pos_, 3);
    for (const Sign& known : kSigns) {
      if (rest.starts_with(known.text)) return add(known.kind, pos_ + known.text.size());
    }
    size_t end = pos_ + 1;
    if (not_ascii(text_[pos_])) {
      while (end < text_.size() && not_ascii(text_[end]) && static_cast<unsigned char>(text_[end]) < 0xc0) ++end;
    }
    add(TokenKind::kOther, end);
  }

  std::string_view text_;
  size_t pos_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text) { return Scanner(text).run(); }

}  // namespace hermes::verify
