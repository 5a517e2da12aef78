#include "base/available_memory.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/file.h"

namespace hermes {
namespace {

std::optional<int64_t> number(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && value >= 0 ? std::optional(value) : std::nullopt;
}

// What follows `key` where a line begins with it.
std::optional<int64_t> field(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(key)) return number(line.substr(key.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

std::string read(const char* path) {
  constexpr size_t kMost = 1 << 20;
  Result<std::string> text = read_text_file(path, kMost);
  return text.ok() ? *std::move(text) : std::string();
}

}  // namespace

std::optional<int64_t> parse_meminfo(std::string_view text) {
  constexpr int64_t kUnit = 1024, kMost = INT64_MAX / kUnit;
  const auto kib = field(text, "MemAvailable:");
  return kib && *kib <= kMost ? std::optional(*kib * kUnit) : std::nullopt;
}

std::optional<int64_t> parse_memory_group(std::string_view max, std::string_view current, std::string_view stat) {
  const auto limit = number(max), used = number(current);  // "max": no limit
  if (!limit || !used) return std::nullopt;
  const int64_t cached = std::min(field(stat, "file ").value_or(0), *used);
  return std::max<int64_t>(0, *limit - (*used - cached));
}

std::optional<int64_t> available_memory() {
  const auto system = parse_meminfo(read("/proc/meminfo"));
  const auto group = parse_memory_group(read("/sys/fs/cgroup/memory.max"), read("/sys/fs/cgroup/memory.current"),
                                        read("/sys/fs/cgroup/memory.stat"));
  if (!system || !group) return system ? system : group;
  return std::min(*system, *group);
}

}  // namespace hermes
