// The escapes in a template's string literals, as Python's unicode-escape codec reads them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hermes::chat::jinja {

// `text` is what stands between the quotes. Lone surrogates and \N{...} are refused.
Result<std::string> unescape(std::string_view text);

}  // namespace hermes::chat::jinja
