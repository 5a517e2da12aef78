#include "base/utf8.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace hermes {
namespace {

constexpr uint32_t kInvalid = 0xFFFFFFFF;

bool is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Length that the lead byte announces; 0 for a byte that cannot lead.
int announced_length(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The second byte's range rules out overlong forms, surrogates and values above U+10FFFF.
bool second_byte_fits(uint8_t lead, uint8_t second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return is_continuation(second);
  }
}

}  // namespace

CodePoint decode_utf8(std::string_view text, size_t pos) {
  if (pos >= text.size()) return {};
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[pos + i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const int length = announced_length(lead);
  if (length == 0 || text.size() - pos < static_cast<size_t>(length)) return {kInvalid, 1};
  if (!second_byte_fits(lead, byte(1))) return {kInvalid, 1};
  uint32_t value = lead & (0x7F >> length);
  for (int i = 1; i < length; ++i) {
    if (!is_continuation(byte(static_cast<size_t>(i)))) return {kInvalid, 1};
    value = (value << 6) | (byte(static_cast<size_t>(i)) & 0x3F);
  }
  return {value, static_cast<uint8_t>(length)};
}

size_t find_invalid_utf8(std::string_view text) {
  size_t pos = 0;
  while (pos < text.size()) {
    if (text.size() - pos >= 8) {  // eight ASCII bytes at a time
      uint64_t word;
      std::memcpy(&word, text.data() + pos, sizeof word);
      if ((word & 0x8080808080808080ULL) == 0) {
        pos += 8;
        continue;
      }
    }
    const CodePoint cp = decode_utf8(text, pos);
    if (!cp.valid()) return pos;
    pos += cp.length;
  }
  return std::string_view::npos;
}

void append_utf8(std::string& out, uint32_t c) {
  HERMES_CHECK(c <= 0x10FFFF);
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

size_t incomplete_utf8_suffix(std::string_view text) {
  const size_t most = std::min<size_t>(3, text.size());
  for (size_t n = 1; n <= most; ++n) {
    const uint8_t lead = static_cast<uint8_t>(text[text.size() - n]);
    if (is_continuation(lead)) continue;
    if (announced_length(lead) <= static_cast<int>(n)) return 0;
    if (n >= 2 && !second_byte_fits(lead, static_cast<uint8_t>(text[text.size() - n + 1]))) return 0;
    return n;
  }
  return 0;
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    const CodePoint cp = decode_utf8(text, pos);
    if (cp.valid()) {
      out.append(text.substr(pos, cp.length));
    } else {
      append_utf8(out, 0xFFFD);
    }
    pos += cp.length;
  }
  return out;
}

}  // namespace hermes
