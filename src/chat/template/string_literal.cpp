#include "chat/template/string_literal.h"

#include <charconv>

#include "base/utf8.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {
namespace {

constexpr std::string_view kLetters = "\\'\"abfnrtv";
constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";

// `digits` hexadecimal digits at text[at].
Result<uint32_t> hexadecimal(std::string_view text, size_t at, size_t digits, char letter) {
  uint32_t value = 0;
  const std::string_view part = text.substr(std::min(at, text.size()), digits);
  const auto end = std::from_chars(part.data(), part.data() + part.size(), value, 16);
  if (part.size() < digits || end.ec != std::errc() || end.ptr != part.data() + digits) {
    return Error::corrupt("truncated \\{}{} escape", letter, std::string(digits, 'X'));
  }
  if (value > 0x10FFFF) return Error::corrupt("illegal Unicode character");
  if (value >= 0xD800 && value < 0xE000) return Error::unsupported("a lone surrogate in a string");
  return value;
}

}  // namespace

Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    const char c = text[at + 1];  // a literal never ends in a lone backslash
    if (const size_t known = kLetters.find(c); known != std::string_view::npos) {
      out += kMeanings[known];
      at += 2;
    } else if (c == '\n') {
      at += 2;
    } else if (c >= '0' && c <= '7') {
      uint32_t value = 0;
      size_t digits = 0;
      for (++at; digits < 3 && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++digits, ++at) {
        value = value * 8 + static_cast<uint32_t>(text[at] - '0');
      }
      append_utf8(out, value);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      HERMES_ASSIGN(const uint32_t value, hexadecimal(text, at + 2, digits, c));
      append_utf8(out, value);
      at += 2 + digits;
    } else if (c == 'N') {
      return Error::unsupported("\\N{{...}} in a string");
    } else if ((c & '\x80') != 0) {
      // Python first writes what is not ASCII as an escape; the backslash before it then takes that escape's own.
      const CodePoint letter = decode_utf8(text, at + 1);
      out += escape_non_ascii(text.substr(at + 1, letter.length));
      at += 1 + letter.length;
    } else {
      out += '\\';
      out += c;
      at += 2;
    }
  }
  return out;
}

}  // namespace hermes::chat::jinja
