// The legacy form of an importance matrix (imatrix_file.h); inside the folder only.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "formats/imatrix_file.h"

namespace hermes::formats {

// `what` (the file's path) opens every message.
Result<Imatrix> read_legacy_imatrix(std::span<const std::byte> bytes, std::string_view what);
// The file's bytes; `imatrix` is one that write_imatrix has checked. Invalid where a name is too long, or no entry has
// seen an input.
Result<std::string> legacy_imatrix(const Imatrix& imatrix, std::string_view what);

}  // namespace hermes::formats
