// Importance matrices as llama.cpp keeps them: for each weight, by column, the squares of what it was multiplied with,
// summed over a text. A quantiser minds the columns that see large inputs.
//
// Two forms, told apart by their first bytes:
//   GGUF     general.type "imatrix", imatrix.datasets, .chunk_count, .chunk_size; for each weight NAME the F32 tensors
//            NAME.in_sum2 (the sums, one a column) and NAME.counts (one number: the inputs summed)
//   legacy   i32 number of entries; each i32 length, name, i32 calls, i32 number of values, f32 values; then, perhaps,
//            i32 chunks, and i32 length, dataset. A value is the mean of the squares times the calls, so that
//            values / calls is sums / count of the other form; what was summed over how many tokens is lost.
//
// Goals: memory is a small multiple of the file's bytes, whatever its numbers claim; every refusal names the file, the
// entry and the byte. Non-goals: several matrices for one weight (experts), refused by name where the file tells (the
// legacy form does not: its entry is longer than the weight has columns); merging.
// Source: llama.cpp's tools/imatrix/imatrix.cpp and common/imatrix-loader.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hermes::formats {

struct ImatrixEntry {
  std::string name;         // the GGUF tensor: "blk.0.attn_q.weight"
  std::vector<float> sums;  // [columns] of squared inputs; finite, not negative
  float count = 0;          // inputs (tokens) summed; of the legacy form: calls

  // sums / count: the mean square of each column's inputs. Empty where count is 0: nothing is known.
  std::vector<float> importance() const;
};

struct Imatrix {
  std::vector<ImatrixEntry> entries{};  // ascending by name, each name once
  std::vector<std::string> datasets{};  // what it was made from, as its maker called it; the legacy form keeps the last
  int64_t chunk_count = 0;              // pieces of text that were run; 0: unknown
  int64_t chunk_size = 0;               // tokens of each; 0: unknown (the legacy form)

  const ImatrixEntry* find(std::string_view name) const;  // nullptr where absent
};

// Corrupt or unsupported, with file, entry and byte, where it is neither form.
Result<Imatrix> read_imatrix(const std::filesystem::path& path);

// GGUF; the legacy form where the name ends in .dat. Entries without inputs are left out there: it has no way to say
// so. Invalid where read_imatrix would refuse what was written. What llama.cpp wrote and is written again is the same
// file.
Status write_imatrix(const std::filesystem::path& path, const Imatrix& imatrix);

}  // namespace hermes::formats
