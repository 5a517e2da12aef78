#include "tokenizer/split_scanner.h"

#include <cstdint>

#include "tokenizer/char_class.h"

namespace hermes::tokenizer {
namespace {

struct Style {
  int max_digits;     // numbers are cut into pre-tokens of at most this many digits
  bool newline_tail;  // signs take the line breaks that follow them
};

// A character, its classes and where the next one begins.
struct Char {
  uint32_t value;
  uint8_t classes;
  size_t next;
};

class Cursor {
 public:
  Cursor(const CharClass& classes, std::string_view text) : classes_(classes), text_(text) {}

  size_t size() const { return text_.size(); }
  uint8_t byte(size_t pos) const { return static_cast<uint8_t>(text_[pos]); }

  // The text is UTF-8, so that lengths need no checks.
  Char at(size_t pos) const {
    const uint32_t a = byte(pos);
    if (a < 0x80) return {a, classes_.ascii(static_cast<uint8_t>(a)), pos + 1};
    const auto tail = [&](size_t i) -> uint32_t { return byte(pos + i) & 0x3F; };
    if (a < 0xE0) return make(((a & 0x1F) << 6) | tail(1), pos + 2);
    if (a < 0xF0) return make(((a & 0x0F) << 12) | (tail(1) << 6) | tail(2), pos + 3);
    return make(((a & 0x07) << 18) | (tail(1) << 12) | (tail(2) << 6) | tail(3), pos + 4);
  }

  // The end of the run of characters from `pos` whose classes, masked, equal `wanted`.
  size_t run(size_t pos, uint8_t mask, uint8_t wanted) const {
    while (pos < size()) {
      const Char c = at(pos);
      if ((c.classes & mask) != wanted) break;
      pos = c.next;
    }
    return pos;
  }

 private:
  Char make(uint32_t value, size_t next) const { return {value, classes_[value], next}; }
  const CharClass& classes_;
  std::string_view text_;
};

constexpr uint8_t kLetter = CharClass::kLetter;
constexpr uint8_t kNumber = CharClass::kNumber;
constexpr uint8_t kSpace = CharClass::kSpace;
constexpr uint8_t kAny = kLetter | kNumber | kSpace;

bool is_newline(uint32_t c) { return c == '\r' || c == '\n'; }

// (?i:'s|'t|'re|'ve|'m|'ll|'d) at an apostrophe: its end, or 0. U+017F (ſ) is an s under (?i).
size_t end_of_contraction(const Cursor& in, size_t pos) {
  const auto lower = [&](size_t i) -> uint8_t {
    return pos + i < in.size() ? static_cast<uint8_t>(in.byte(pos + i) | 0x20) : 0;
  };
  switch (lower(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return pos + 2;
    case 'r':
    case 'v':
      return lower(2) == 'e' ? pos + 3 : 0;
    case 'l':
      return lower(2) == 'l' ? pos + 3 : 0;
    default:
      break;
  }
  const bool is_long_s = pos + 2 < in.size() && in.byte(pos + 1) == 0xC5 && in.byte(pos + 2) == 0xBF;
  return is_long_s ? pos + 3 : 0;
}

// \s*[\r\n]+|\s+(?!\S)|\s+ at a space: up to the last line break of the run; without one, all of the run but the
// space that belongs to the word after it.
size_t end_of_spaces(const Cursor& in, size_t pos) {
  size_t after_newline = 0, last = pos, end = pos;
  while (end < in.size()) {
    const Char c = in.at(end);
    if ((c.classes & kSpace) == 0) break;
    last = end;
    end = c.next;
    if (is_newline(c.value)) after_newline = end;
  }
  if (after_newline != 0) return after_newline;
  return end == in.size() || last == pos ? end : last;
}

// ` ?[^\s\p{L}\p{N}]+[\r\n]*` from its first sign on.
template <Style kStyle>
size_t end_of_signs(const Cursor& in, size_t pos) {
  size_t end = in.run(pos, kAny, 0);
  if constexpr (kStyle.newline_tail) {
    while (end < in.size() && is_newline(in.byte(end))) ++end;
  }
  return end;
}

template <Style kStyle>
size_t scan_word(const CharClass& classes, std::string_view text, size_t pos) {
  const Cursor in(classes, text);
  const Char first = in.at(pos);
  if (first.classes & kLetter) return in.run(first.next, kLetter, kLetter);
  if (first.classes & kNumber) {
    size_t end = first.next;
    for (int n = 1; n < kStyle.max_digits && end < in.size(); ++n) {
      const Char c = in.at(end);
      if ((c.classes & kNumber) == 0) break;
      end = c.next;
    }
    return end;
  }
  if (first.value == '\'') {
    if (const size_t end = end_of_contraction(in, pos); end != 0) return end;
  }
  if (first.next < in.size()) {
    const Char second = in.at(first.next);
    if ((second.classes & kLetter) && !is_newline(first.value)) return in.run(second.next, kLetter, kLetter);
    if (first.value == ' ' && (second.classes & kAny) == 0) return end_of_signs<kStyle>(in, first.next);
  }
  return (first.classes & kSpace) ? end_of_spaces(in, pos) : end_of_signs<kStyle>(in, pos);
}

}  // namespace

std::optional<SplitScanner> SplitScanner::for_pattern(std::string_view pattern) {
  const auto make = [](EndOfWord scan) { return SplitScanner(scan, CharClass::split_classes()); };
  if (pattern == kLlama3Pattern) return make(&scan_word<Style{3, true}>);
  if (pattern == kQwenPattern) return make(&scan_word<Style{1, true}>);
  if (pattern == kSeedPattern) return make(&scan_word<Style{1, false}>);
  return std::nullopt;
}

}  // namespace hermes::tokenizer
