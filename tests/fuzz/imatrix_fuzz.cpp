// Any bytes as an importance matrix: refused with a message that is UTF-8, or entries that keep their promises; and
// then written in both forms and read again, the same.
#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "formats/imatrix_file.h"
#include "fuzz_checks.h"

namespace {

using namespace hermes;

void check_entries(const formats::Imatrix& imatrix) {
  require(!imatrix.entries.empty() && imatrix.chunk_count >= 0 && imatrix.chunk_size >= 0);
  for (size_t i = 0; i < imatrix.entries.size(); ++i) {
    const formats::ImatrixEntry& entry = imatrix.entries[i];
    require(!entry.name.empty() && !entry.sums.empty() && (i == 0 || imatrix.entries[i - 1].name < entry.name));
    require(imatrix.find(entry.name) == &entry);
    const std::vector<float> importance = entry.importance();
    require(importance.size() == (entry.count > 0 ? entry.sums.size() : 0));
    for (const float value : importance) require(std::isfinite(value) && value >= 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::filesystem::path stem =
      std::filesystem::temp_directory_path() / ("hermes_imatrix_fuzz_" + std::to_string(::getpid()));
  static const auto named = [](const char* end) { return std::filesystem::path(stem.string() + end); };
  static const bool removes = std::atexit([] {
                                for (const char* end : {".in", ".gguf", ".dat"}) std::filesystem::remove(named(end));
                              }) == 0;
  require(removes);
  std::ofstream(named(".in"), std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  const auto imatrix = formats::read_imatrix(named(".in"));
  if (!fine(imatrix)) return 0;
  check_entries(*imatrix);
  for (const char* end : {".gguf", ".dat"}) {
    // Not written: names that are too long with their suffix, or not UTF-8; numbers of chunks beyond 2^31.
    if (const auto written = formats::write_imatrix(named(end), *imatrix); !fine(written)) continue;
    const auto again = formats::read_imatrix(named(end));
    require(fine(again));
    check_entries(*again);
    if (std::string_view(end) == ".dat") continue;
    require(again->entries.size() == imatrix->entries.size() && again->datasets == imatrix->datasets);
    for (size_t i = 0; i < imatrix->entries.size(); ++i) {
      require(again->entries[i].sums == imatrix->entries[i].sums &&
              again->entries[i].count == imatrix->entries[i].count);
    }
  }
  return 0;
}
