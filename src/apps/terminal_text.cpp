#include "apps/terminal_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include "base/utf8.h"

namespace hermes::apps {
namespace {

bool overrides_direction(uint32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

void append_safe(std::string& out, uint32_t c) {
  if (c < 0x20 && c != '\n' && c != '\t') return append_utf8(out, 0x2400 + c);  // U+241B is ␛
  if (c == 0x7F) return append_utf8(out, 0x2421);
  if (c >= 0x80 && c < 0xA0) {
    out += fmt::format("\\x{:02x}", c);
  } else if (overrides_direction(c)) {
    out += fmt::format("\\u{:04x}", c);
  } else {
    append_utf8(out, c);
  }
}

void append_safe(std::string& out, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    at += c.length;
    if (c.value == '\r' && at < text.size() && text[at] == '\n') continue;
    append_safe(out, c.valid() ? c.value : 0xFFFD);
  }
}

}  // namespace

std::string SafeText::operator()(std::string_view piece) {
  pending_ += piece;
  size_t waiting = incomplete_utf8_suffix(pending_);
  if (waiting == 0 && pending_.ends_with('\r')) waiting = 1;
  const size_t complete = pending_.size() - waiting;
  std::string out;
  append_safe(out, std::string_view(pending_).substr(0, complete));
  pending_.erase(0, complete);
  return out;
}

std::string SafeText::finish() {
  std::string out;
  append_safe(out, pending_);
  pending_.clear();
  return out;
}

std::string safe_text(std::string_view whole) {
  std::string out;
  append_safe(out, whole);
  return out;
}

std::string safe_line(std::string_view whole) {
  std::string out;
  for (const char c : safe_text(whole)) {
    if (c == '\n' || c == '\t') {
      append_utf8(out, 0x2400 + static_cast<uint32_t>(c));
    } else {
      out += c;
    }
  }
  return out;
}

int columns_of(uint32_t code_point) { return utf8proc_charwidth(static_cast<utf8proc_int32_t>(code_point)); }

size_t columns_of(std::string_view text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    at += c.length;
    columns += c.valid() ? static_cast<size_t>(columns_of(c.value)) : 1;
  }
  return columns;
}

}  // namespace hermes::apps
