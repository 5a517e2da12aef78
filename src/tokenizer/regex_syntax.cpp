#include "tokenizer/regex_syntax.h"

#include <vector>

#include "tokenizer/unicode_additions.h"

namespace hermes::tokenizer {
namespace {

constexpr size_t kMaxRewrittenBytes = 256 << 10;  // PCRE2 compiles no more than that

// Members of a bracketed class.
constexpr std::string_view kSpace = "\\p{Z}\\x{9}-\\x{d}\\x{85}";
constexpr std::string_view kNotSpace =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}"
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}";
// Oniguruma counts the numbers of Latin-1 in.
constexpr std::string_view kWord = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";
constexpr std::string_view kHex = "0-9a-fA-F";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The members of a category to which unicode_additions.h adds; "" for the others.
std::string members_of(std::string_view category) {
  if (category == "L") return fmt::format("\\p{{L}}{}", kLaterLetters);
  if (category == "Nd") return fmt::format("\\p{{Nd}}{}", kLaterDigits);
  if (category == "N") return fmt::format("\\p{{N}}{}{}", kLaterDigits, kLaterNonDecimals);
  return {};
}

class Rewriter {
 public:
  explicit Rewriter(std::string_view pattern) : in_(pattern) {}

  Result<std::string> run() {
    while (pos_ < in_.size()) {
      HERMES_TRY(step());
      if (out_.size() > kMaxRewrittenBytes) return refuse("a pattern of this size");
    }
    return std::move(out_);
  }

 private:
  bool at(std::string_view text) const { return in_.substr(pos_, text.size()) == text; }
  Error refuse(std::string_view construct) const {
    return Error::unsupported("{} at byte {} is not supported", construct, pos_);
  }
  void copy(size_t n) {
    out_.append(in_.substr(pos_, n));
    pos_ += n;
  }

  // One construct. `atom_` is where the last thing that a quantifier may follow begins in out_.
  Status step() {
    switch (in_[pos_]) {
      case '\\':
        atom_ = out_.size();
        return escape(false);
      case '[':
        atom_ = out_.size();
        return bracket();
      case '(':
        return open_group();
      case ')':
        if (!groups_.empty()) {
          atom_ = groups_.back();
          groups_.pop_back();
        }
        copy(1);
        return {};
      case '{':
        return interval();
      case '*':
      case '+':
      case '?':
      case '|':
        copy(1);
        return {};
      default:
        atom_ = out_.size();
        copy(1);
        // The rest of a UTF-8 character belongs to the same atom.
        while (pos_ < in_.size() && (static_cast<uint8_t>(in_[pos_]) & 0xC0) == 0x80) copy(1);
        return {};
    }
  }

  Status open_group() {
    groups_.push_back(out_.size());
    if (at("(*")) return refuse("\"(*\"");
    if (!at("(?")) {
      copy(1);
      return {};
    }
    for (const std::string_view known : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (at(known)) {
        copy(known.size());
        return {};
      }
    }
    if (pos_ + 3 < in_.size() && in_[pos_ + 2] == '<' && is_letter(in_[pos_ + 3])) {  // a named group
      copy(3);
      return {};
    }
    copy(2);
    bool is_group = false;
    for (; pos_ < in_.size() && !is_group; ++pos_) {  // options, as (?i: or (?i-m)
      const char c = in_[pos_];
      if (c == ')' || c == ':') {
        is_group = true;
        if (c == ')') groups_.pop_back();
        out_.push_back(c);
      } else if (c == 'i' || c == '-') {
        out_.push_back(c);
      } else if (c == 'm') {
        out_.push_back('s');
      } else {
        return refuse(fmt::format("\"(?{}\"", c));
      }
    }
    if (!is_group) return refuse("an unfinished group");
    return {};
  }

  // {n}, {n,}, {,m}, {n,m}; anything else in braces is literal in both engines.
  Status interval() {
    size_t end = pos_ + 1;
    const auto digits = [&] {
      const size_t start = end;
      while (end < in_.size() && is_digit(in_[end])) ++end;
      return in_.substr(start, end - start);
    };
    const std::string_view low = digits();
    const bool has_comma = end < in_.size() && in_[end] == ',';
    std::string_view high;
    if (has_comma) {
      ++end;
      high = digits();
    }
    if (end >= in_.size() || in_[end] != '}' || (low.empty() && high.empty())) {
      atom_ = out_.size();
      out_ += "\\{";
      ++pos_;
      return {};
    }
    pos_ = end + 1;
    const bool repeated = pos_ < in_.size() && in_[pos_] == '+';
    if (!has_comma && pos_ < in_.size() && in_[pos_] == '?') return refuse("\"{n}?\"");
    if (repeated) out_.insert(atom_, "(?:");
    out_ += fmt::format("{{{}{}{}}}", low.empty() ? "0" : low, has_comma ? "," : "", high);
    if (repeated) out_ += ')';
    return {};
  }

  Status bracket() {
    copy(1);
    if (at("^")) copy(1);
    if (at("]")) copy(1);  // literal, as the first member
    while (pos_ < in_.size() && in_[pos_] != ']') {
      if (at("[")) return refuse("a class within a class");
      if (at("&&")) return refuse("class intersection (&&)");
      if (in_[pos_] == '\\') {
        HERMES_TRY(escape(true));
      } else {
        copy(1);
      }
    }
    if (pos_ >= in_.size()) return refuse("an unfinished class");
    copy(1);
    return {};
  }

  // A set of characters, bracketed unless it stands in brackets already.
  Status set(std::string_view members, bool negate, bool in_class) {
    if (in_class && negate) return refuse(fmt::format("\\{} within a class", in_[pos_ + 1]));
    out_ += in_class ? std::string(members) : fmt::format("[{}{}]", negate ? "^" : "", members);
    pos_ += 2;
    return {};
  }

  Status escape(bool in_class) {
    if (pos_ + 1 >= in_.size()) return refuse("an escape without a character");
    const char c = in_[pos_ + 1];
    switch (c) {
      case 's':
        return set(kSpace, false, in_class);
      case 'S':
        return in_class ? set(kNotSpace, false, true) : set(kSpace, true, false);
      case 'w':
        return set(kWord, false, in_class);
      case 'W':
        return set(kWord, true, in_class);
      case 'h':
        return set(kHex, false, in_class);
      case 'H':
        return set(kHex, true, in_class);
      case 'v':
        pos_ += 2;
        out_ += "\\x{b}";
        return {};
      case 'd':
        return set(members_of("Nd"), false, in_class);
      case 'D':
        return set(members_of("Nd"), true, in_class);
      case 'r':
      case 'n':
      case 't':
      case 'f':
      case 'a':
      case 'e':
        copy(2);
        return {};
      case 'A':
      case 'z':
      case 'Z':
      case 'G':
        if (in_class) break;
        copy(2);
        return {};
      case 'b':
      case 'B':
        return word_boundary(c == 'B', in_class);
      case 'p':
      case 'P':
        return property(in_class);
      case 'u':
        return unicode_escape();
      case 'x':
        return hex_escape();
      default:
        break;
    }
    if (is_digit(c) && c != '0' && !in_class) {  // a reference to a group
      copy(2);
      return {};
    }
    if (is_letter(c) || is_digit(c)) return refuse(fmt::format("\\{}", c));
    copy(1);  // an escaped sign stands for itself; so does a character beyond ASCII, whose escape is dropped
    if (static_cast<uint8_t>(c) >= 0x80) out_.pop_back();
    copy(1);
    return {};
  }

  Status word_boundary(bool negate, bool in_class) {
    if (in_class) return refuse("\\b within a class");
    const std::string w = fmt::format("[{}]", kWord);
    out_ += negate ? fmt::format("(?:(?<={0})(?={0})|(?<!{0})(?!{0}))", w)
                   : fmt::format("(?:(?<={0})(?!{0})|(?<!{0})(?={0}))", w);
    pos_ += 2;
    return {};
  }

  // \p{Name}: names of one or two letters are categories, the same in both; longer ones are scripts but for a few.
  Status property(bool in_class) {
    const size_t close = in_.find('}', pos_);
    if (pos_ + 2 >= in_.size() || in_[pos_ + 2] != '{' || close == std::string_view::npos) {
      return refuse("\\p without {name}");
    }
    std::string_view name = in_.substr(pos_ + 3, close - pos_ - 3);
    const bool has_caret = !name.empty() && name.front() == '^';
    if (has_caret) name.remove_prefix(1);
    const bool negate = has_caret != (in_[pos_ + 1] == 'P');
    for (const char c : name) {
      if (!is_letter(c) && c != '_') return refuse(fmt::format("\\p{{{}}}", name));
    }
    if (const std::string members = members_of(name); !members.empty() && !(in_class && negate)) {
      out_ += in_class ? members : fmt::format("[{}{}]", negate ? "^" : "", members);
    } else {
      const bool is_script = name.size() > 2 && name != "Any" && name != "Alphabetic" && name != "White_Space";
      out_ += fmt::format("\\{}{{{}{}}}", negate ? 'P' : 'p', is_script ? "sc:" : "", name);
    }
    pos_ = close + 1;
    return {};
  }

  Status unicode_escape() {
    const std::string_view digits = in_.substr(pos_ + 2, 4);
    if (digits.size() != 4) return refuse("\\u without four digits");
    for (const char c : digits) {
      if (!is_hex(c)) return refuse("\\u without four digits");
    }
    out_ += fmt::format("\\x{{{}}}", digits);
    pos_ += 6;
    return {};
  }

  // \x{H...} is the same in both. \xHH is a byte in Oniguruma and a code point in PCRE2: the same below 80.
  Status hex_escape() {
    if (at("\\x{")) {
      const size_t close = in_.find('}', pos_);
      if (close == std::string_view::npos) return refuse("\\x{ without }");
      copy(close + 1 - pos_);
      return {};
    }
    const std::string_view digits = in_.substr(pos_ + 2, 2);
    if (digits.size() != 2 || digits[0] < '0' || digits[0] > '7' || !is_hex(digits[1])) {
      return refuse("\\x without two digits of an ASCII character");
    }
    copy(4);
    return {};
  }

  std::string_view in_;
  size_t pos_ = 0;
  std::string out_;
  size_t atom_ = 0;
  std::vector<size_t> groups_;  // where each open group begins in out_
};

}  // namespace

Result<std::string> oniguruma_to_pcre2(std::string_view pattern) { return Rewriter(pattern).run(); }

}  // namespace hermes::tokenizer
