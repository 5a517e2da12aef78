#include "apps/embedded_model.h"

#include "base/embedded_files.h"

namespace hermes::apps {

// Written by embed_model.cmake, with the bytes: {path, begin, end} of each file, and an entry without a path.
struct EmbeddedEntry {
  const char* path;
  const std::byte* begin;
  const std::byte* end;
};
extern "C" const EmbeddedEntry hermes_embedded_files[];

void register_embedded_model() {
  std::vector<EmbeddedFile> files;
  for (const EmbeddedEntry* entry = hermes_embedded_files; entry->path != nullptr; ++entry) {
    files.push_back({entry->path, {entry->begin, entry->end}});
  }
  set_embedded_files(std::move(files));
}

}  // namespace hermes::apps
