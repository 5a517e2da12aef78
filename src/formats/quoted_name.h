// Names that came from a file, made fit for a message: a hostile file must not fill the terminal or steer it.
#pragma once

#include <string>
#include <string_view>

namespace hermes::formats {

// "name" in double quotes: control characters and bytes that are not UTF-8 as \xNN, a long name cut off
// between two code points and ended by "...".
std::string quoted_name(std::string_view name);

}  // namespace hermes::formats
