// UTF-8 without surprises: decode one code point, validate, encode. Invalid bytes are reported, never skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hermes {

struct CodePoint {
  uint32_t value = 0;  // 0xFFFFFFFF where the bytes are not UTF-8
  uint8_t length = 0;  // bytes used: 1 to 4; 1 where invalid; 0 at the end
  bool valid() const { return value != 0xFFFFFFFF; }
};

// The code point that starts at text[pos]. Overlong forms, surrogates and values above U+10FFFF are invalid.
CodePoint decode_utf8(std::string_view text, size_t pos);

// Index of the first byte that is not part of valid UTF-8, or npos.
size_t find_invalid_utf8(std::string_view text);

void append_utf8(std::string& out, uint32_t code_point);

// How many bytes at the end of `text` are the beginning of a code point that more bytes could complete (0 to 3).
size_t incomplete_utf8_suffix(std::string_view text);

// `text` with every invalid byte replaced by U+FFFD: for output that must be UTF-8 (JSON, terminals).
std::string to_valid_utf8(std::string_view text);

}  // namespace hermes
