// Text of strangers (models, tools) on a terminal: harmless, and measured in columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hermes::apps {

// Makes text harmless that comes in pieces. What could steer the terminal is shown instead of obeyed: control
// characters other than \n and \t as ␛, ␇, ␍, ..., C1 controls as \x9b, overrides of the writing direction as \u202e.
// "\r\n" becomes "\n"; bytes that are not UTF-8 become U+FFFD. A character that is cut between two pieces comes with the
// second.
class SafeText {
 public:
  std::string operator()(std::string_view piece);
  std::string finish();  // what was still waiting for its rest; the object can be used again

 private:
  std::string pending_;  // the beginning of a character, or "\r"
};

std::string safe_text(std::string_view whole);
std::string safe_line(std::string_view whole);  // and \n, \t as ␊, ␉: for names and headings

// Columns that a code point takes: 0 (combining), 1 or 2 (East Asian wide, emoji).
int columns_of(uint32_t code_point);
size_t columns_of(std::string_view safe_text);

}  // namespace hermes::apps
