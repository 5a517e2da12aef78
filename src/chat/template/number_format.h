// Numbers as Python's format() lays them out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/template/run.h"

namespace hermes::chat::jinja {

// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct FormatSpec {
  std::string_view fill = " ";
  char align = 0;  // < > ^ =, or 0: the type's own
  char sign = 0;   // + - space, or 0: as -
  bool alternate = false;
  bool zero = false;  // 0 before the width
  int64_t width = 0;
  char grouping = 0;  // , or _
  int precision = -1;
  char type = 0;
};
inline constexpr int kMaxPrecision = 2000;

// nullopt, and failed, where it is not one.
std::optional<FormatSpec> read_format_spec(Run& run, std::string_view text);

// The magnitude of a finite or infinite number, in e, f, g, their capitals or %; without sign.
std::string float_digits(double value, char type, int precision, bool alternate);
// In base 2, 8, 10 or 16.
std::string integer_digits(uint64_t magnitude, int base, bool capitals);

Value format_value(Run& run, const Value& value, std::string_view spec);  // Python's format(value, spec)

}  // namespace hermes::chat::jinja
