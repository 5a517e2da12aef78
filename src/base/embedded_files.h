// Files that live in the program itself (the embedded model), behind paths that begin with "embedded:". The readers of
// base/file.h serve them like any other file, so whoever opens a model folder need not know.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hermes {

inline constexpr std::string_view kEmbeddedScheme = "embedded:";

struct EmbeddedFile {
  std::string_view path;  // "embedded:hermes-nano/config.json"
  std::span<const std::byte> bytes;
};

// What the program holds, once, before anything is read and before threads start. The bytes live for ever.
void set_embedded_files(std::vector<EmbeddedFile> files);

bool is_embedded(const std::filesystem::path& path);
// nullopt where there is none of that path.
std::optional<std::span<const std::byte>> find_embedded(const std::filesystem::path& path);

// std::filesystem's questions, for both kinds of paths. Errors count as no.
bool file_exists(const std::filesystem::path& path);
bool folder_exists(const std::filesystem::path& path);

}  // namespace hermes
