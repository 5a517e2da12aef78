// JSON Lines: one document a line. `use(value, where)` gets each in order, `where` being "path:line"; its first error, or
// that of a line that is no JSON, ends it.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace hermes {

template <class Use>
Status for_each_json_line(std::string_view text, std::string_view path, Use&& use) {
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string where = fmt::format("{}:{}", path, ++number);
    HERMES_ASSIGN(const json::value value, parse_json(text.substr(begin, end - begin), where));
    begin = end + 1;
    HERMES_TRY(use(value, where));
  }
  return {};
}

}  // namespace hermes
