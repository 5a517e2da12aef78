// An unsigned number as people write it in running text: "1951", "1,951", "19.51", ".5", "1e3".
#pragma once

#include <optional>
#include <string_view>

#include "verify/rational.h"

namespace hermes::verify {

struct NumberText {
  size_t end = 0;                   // of the number; 0: none begins here
  std::optional<Rational> value{};  // none where it is no number after all (1.2.3) or too large
};

// The number whose first byte is text[pos]. A comma separates thousands where exactly three digits follow it, all along;
// a point that no digit follows ends a sentence.
NumberText scan_number(std::string_view text, size_t pos);

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace hermes::verify
