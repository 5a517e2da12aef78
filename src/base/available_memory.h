// How much memory this process may still take before the system, or the container it runs in, is out of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hermes {

// Bytes; nothing where the system does not tell. Memory that only caches files counts as available.
std::optional<int64_t> available_memory();

// MemAvailable of /proc/meminfo.
std::optional<int64_t> parse_meminfo(std::string_view text);
// What a control group (version 2) has left: of memory.max, memory.current and memory.stat. Nothing where it has no limit.
std::optional<int64_t> parse_memory_group(std::string_view max, std::string_view current, std::string_view stat);

}  // namespace hermes
