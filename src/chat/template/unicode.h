// Text as Python's str sees it: code points counted, cased and classified. Texts are valid UTF-8 (checked where they
// come in); positions are bytes inside, code points where a template sees them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "chat/template/value.h"

namespace hermes::chat::jinja {

bool is_ascii(const String& s);
size_t code_points(const String& s);
size_t code_points(std::string_view text);
// Byte where code point `index` begins; the end where there are fewer.
size_t byte_at(const String& s, size_t index);

// Searches in linear time, whatever the texts; npos where there is none.
size_t find_text(std::string_view text, std::string_view wanted, size_t from = 0);
size_t rfind_text(std::string_view text, std::string_view wanted);

bool is_space(uint32_t c);      // str.isspace
bool is_printable(uint32_t c);  // str.isprintable
bool is_alpha(uint32_t c);
bool is_decimal(uint32_t c);
bool is_digit(uint32_t c);
bool is_numeric(uint32_t c);  // without ideographs that count
bool is_alnum(uint32_t c);
bool is_lower(uint32_t c);
bool is_upper(uint32_t c);
bool is_title(uint32_t c);
bool is_name_mark(uint32_t c);  // may continue a name: marks and connectors

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);        // str.title: every word
std::string to_capitalized(std::string_view text);  // str.capitalize: the first letter
std::string swap_case(std::string_view text);

// Bytes of white space at the beginning, and at the end.
size_t leading_space(std::string_view text);
size_t trailing_space(std::string_view text);

}  // namespace hermes::chat::jinja
