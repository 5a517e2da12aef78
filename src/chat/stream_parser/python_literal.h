// Python's way of writing what JSON can hold, as JSON: {'a': [True, None, 'it\'s']} becomes {"a": [true, null, "it's"]}.
//
// What is JSON already stays byte for byte, white space too: for any prefix of the text that is a prefix of JSON, the
// result begins with it. Refused (nullopt): whatever is not one dictionary of dictionaries, lists, strings, JSON numbers
// and constants; tuples, sets, bytes, f-strings, joined strings, octal and \N escapes, trailing commas.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hermes::chat {

std::optional<std::string> python_dictionary_to_json(std::string_view text);

}  // namespace hermes::chat
