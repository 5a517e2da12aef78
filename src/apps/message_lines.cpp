#include "apps/message_lines.h"

#include <algorithm>
#include <utility>

namespace hermes::apps {
namespace {

// A line of three quotation marks and nothing else but blanks.
bool is_fence(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r");
  return first != std::string_view::npos && line.substr(first, line.find_last_not_of(" \t\r") + 1 - first) == "\"\"\"";
}

}  // namespace

bool MessageLines::add(std::string_view lines) {
  bool first = !begun_;
  begun_ = true;
  bool goes_on = false;
  for (size_t at = 0; at <= lines.size(); first = false) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    std::string_view line = lines.substr(at, end - at);
    at = end + 1;
    // Quotation marks open a message only at its beginning: elsewhere they may be a part of pasted code.
    if (is_fence(line) && (quoted_ || first)) {
      quoted_ = !quoted_;
      continue;
    }
    // A backslash inside a paste belongs to what was pasted.
    goes_on = !quoted_ && at > lines.size() && line.ends_with('\\');
    if (goes_on) line.remove_suffix(1);
    append(line);
  }
  return quoted_ || goes_on;
}

void MessageLines::append(std::string_view line) {
  if (has_line_) text_ += '\n';
  text_ += line;
  has_line_ = true;
}

std::string MessageLines::take() {
  begun_ = quoted_ = has_line_ = false;
  return std::exchange(text_, {});
}

}  // namespace hermes::apps
