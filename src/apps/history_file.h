// What was typed at earlier prompts, in a file of the user's: one JSON string a line, the oldest first, so that entries
// may have several lines. Readable by its owner only.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hermes::apps {

inline constexpr size_t kMaxHistoryEntries = 1000;
inline constexpr size_t kMaxHistoryEntryBytes = 64 * 1024;  // longer ones are not kept in the file

// The newest entries, the oldest first. No such file: none. Lines that are no JSON strings are passed over.
Result<std::vector<std::string>> read_history(const std::filesystem::path& path);

// Adds an entry to what the file holds now, another program's entries included, unless it repeats the last one. The
// file is replaced as a whole, so a reader never sees a part of it. Missing folders are made.
Status append_history(const std::filesystem::path& path, std::string_view entry);

}  // namespace hermes::apps
