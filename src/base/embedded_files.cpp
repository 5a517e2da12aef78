#include "base/embedded_files.h"

#include <algorithm>

namespace hermes {
namespace {

std::vector<EmbeddedFile>& files() {
  static std::vector<EmbeddedFile> held;
  return held;
}

}  // namespace

void set_embedded_files(std::vector<EmbeddedFile> held) { files() = std::move(held); }

bool is_embedded(const std::filesystem::path& path) { return path.native().starts_with(kEmbeddedScheme); }

std::optional<std::span<const std::byte>> find_embedded(const std::filesystem::path& path) {
  const auto found = std::find_if(files().begin(), files().end(),
                                  [&](const EmbeddedFile& file) { return file.path == path.native(); });
  if (found == files().end()) return std::nullopt;
  return found->bytes;
}

bool file_exists(const std::filesystem::path& path) {
  if (is_embedded(path)) return find_embedded(path).has_value();
  std::error_code failed;
  return std::filesystem::is_regular_file(path, failed);
}

bool folder_exists(const std::filesystem::path& path) {
  if (is_embedded(path)) {
    const std::string prefix = path.native() + "/";
    return std::any_of(files().begin(), files().end(),
                       [&](const EmbeddedFile& file) { return file.path.starts_with(prefix); });
  }
  std::error_code failed;
  return std::filesystem::is_directory(path, failed);
}

}  // namespace hermes
