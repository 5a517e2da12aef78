// Values as text, as Python's str() and repr() print them.
#pragma once

#include <string>
#include <string_view>

#include "chat/template/run.h"
#include "chat/template/value.h"

namespace hermes::chat::jinja {

// False where that failed: values nested too deep, or a text too large.
bool append_text(Run& run, std::string& out, const Value& value);
bool append_repr(Run& run, std::string& out, const Value& value);
Value to_text(Run& run, const Value& value);  // a string, never Markup

std::string float_repr(double value);       // the shortest that reads back, with Python's choice of exponent
std::string quoted(std::string_view text);  // a string's repr
// ASCII only: everything else as \x, \u or \U escapes (Python's ascii()).
std::string escape_non_ascii(std::string_view text);

}  // namespace hermes::chat::jinja
