#include "formats/quoted_name.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace hermes::formats {

std::string quoted_name(std::string_view name) {
  constexpr size_t kMaxBytes = 160;
  std::string out = "\"";
  for (size_t pos = 0; pos < name.size();) {
    if (pos >= kMaxBytes) return out + "...\"";
    const CodePoint c = decode_utf8(name, pos);
    const bool control = c.value < 0x20 || (c.value >= 0x7F && c.value < 0xA0);
    if (!c.valid() || control) {
      for (size_t i = 0; i < c.length; ++i) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(name[pos + i]));
    } else {
      out += name.substr(pos, c.length);
    }
    pos += c.length;
  }
  return out + "\"";
}

}  // namespace hermes::formats
