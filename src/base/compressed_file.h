// Text files that may be compressed: *.zst is Zstandard (RFC 8878), everything else is taken as it is.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hermes {

// Refused where the text is larger than `max_bytes`, or the compressed stream is damaged or cut short. Several frames
// one after the other are one text.
Result<std::string> read_text_or_zst(const std::string& path, size_t max_bytes);

// One frame; frames may be written one after the other. The same text gives the same bytes (of one library version).
std::string compress_zst(std::string_view text);

}  // namespace hermes
