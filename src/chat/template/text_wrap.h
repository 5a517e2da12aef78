// Lines of a given width, as Python's textwrap.wrap makes them (without replacing white space or tabs).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hermes::chat::jinja {

// `width` (above 0) counts code points.
std::vector<std::string> wrap_line(std::string_view line, size_t width, bool break_long_words, bool break_on_hyphens);

}  // namespace hermes::chat::jinja
