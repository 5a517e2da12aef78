// Rewrites a pattern from Oniguruma's Ruby syntax, in which tokenizer.json files are written, to PCRE2's.
//
// The two agree on most of what tokenizers use. Rewritten: \s \S \w \W (the sets differ), \h \H (hexadecimal digits,
// not blanks), \v, \uHHHH, \b \B, \p{Han} (script, not script extensions), (?m) (dot matches newline), {,n},
// and {n}+ (repeat again, not possessive). Refused by name: class intersection and nesting, POSIX brackets, verbs,
// \Q, and every escape or group that is not known here to mean the same in both.
// Known difference: under (?i), Oniguruma also matches one character against two ("ß" against "ss"); PCRE2 does not.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hermes::tokenizer {

Result<std::string> oniguruma_to_pcre2(std::string_view pattern);

}  // namespace hermes::tokenizer
