// The formats an answer may be asked for in: writing one, and reading it back strictly.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermes::verify {

std::vector<std::string_view> format_names();  // docs/verifiers.md shows each
bool is_format(std::string_view name);

// `answer` written in the format; which one must be known. In JSON formats an answer that is a JSON number, or several
// of them separated by ", ", stays numbers. An answer with the format's own delimiters in it may not be readable again.
std::string dress(std::string_view format, std::string_view answer);

// The answer inside, where `content` is wholly in the format: nothing before or after it but white space, one line
// (code_block: several), not empty.
std::optional<std::string> undress(std::string_view format, std::string_view content);

// Whether `answer` is itself in one of the formats, or in quotes, emphasis or LaTeX, or names itself ("the answer is").
bool is_dressed(std::string_view answer);

}  // namespace hermes::verify
