#include "apps/history_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"

namespace hermes::apps {
namespace {

// JSON may need six bytes for one.
constexpr size_t kMaxFileBytes = kMaxHistoryEntries * (kMaxHistoryEntryBytes + 3) * 6;

Error write_error(const std::filesystem::path& path) {
  return Error::io("{}: cannot be written: {}", path.string(), std::strerror(errno));
}

// base's AtomicFile makes files that everyone can read; what a person typed is private from its first byte on.
Status replace_privately(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::path partial = path;
  partial += fmt::format(".{}.partial", ::getpid());
  ::unlink(partial.c_str());  // left behind by a process of the same number
  const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return write_error(partial);
  bool written = true;
  while (written && !text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    written = n >= 0 || errno == EINTR;
    if (n > 0) text.remove_prefix(static_cast<size_t>(n));
  }
  written = written && ::fsync(fd) == 0;
  written = ::close(fd) == 0 && written;
  if (written && std::rename(partial.c_str(), path.c_str()) == 0) return {};
  const Error error = write_error(path);
  ::unlink(partial.c_str());
  return error;
}

}  // namespace

Result<std::vector<std::string>> read_history(const std::filesystem::path& path) {
  auto text = read_text_file(path, kMaxFileBytes);
  std::vector<std::string> entries;
  if (!text.ok() && text.error().code() == ErrorCode::kNotFound) return entries;
  HERMES_ASSIGN(const std::string content, std::move(text));
  for (size_t at = 0; at < content.size();) {
    const size_t end = std::min(content.find('\n', at), content.size());
    const auto value = parse_json(std::string_view(content).substr(at, end - at), "history");
    if (value.ok() && value->is_string()) entries.emplace_back(value->get_string());
    at = end + 1;
  }
  if (entries.size() > kMaxHistoryEntries) {
    entries.erase(entries.begin(), entries.end() - static_cast<ptrdiff_t>(kMaxHistoryEntries));
  }
  return entries;
}

Status append_history(const std::filesystem::path& path, std::string_view entry) {
  if (entry.size() > kMaxHistoryEntryBytes) return {};
  std::error_code ec;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ec);
  if (ec) return Error::io("{}: cannot be made: {}", path.parent_path().string(), ec.message());
  HERMES_ASSIGN(std::vector<std::string> entries, read_history(path));
  if (!entries.empty() && entries.back() == entry) return {};
  entries.emplace_back(to_valid_utf8(entry));
  std::string text;
  const size_t first = entries.size() > kMaxHistoryEntries ? entries.size() - kMaxHistoryEntries : 0;
  for (size_t i = first; i < entries.size(); ++i) text += to_json_text(json::value(entries[i])) + '\n';
  return replace_privately(path, text);
}

}  // namespace hermes::apps
