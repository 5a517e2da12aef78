// Numbers out of texts, as Python's int() and float() read them (ASCII digits only).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hermes::chat::jinja {

struct IntegerText {
  enum State { kNone, kRead, kTooLarge } state;
  int64_t value;
};
// White space around, a sign, underscores between digits, and the prefix of the base (2, 8, 16, or 0: any).
IntegerText read_integer(std::string_view text, int64_t base);
std::optional<double> read_float(std::string_view text);

}  // namespace hermes::chat::jinja
