// Writes a model as one GGUF file, or as the files of a set (gguf_set.h) where one would be too large to store or to send.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "formats/gguf_writer.h"

namespace hermes::formats {

struct GgufPart {
  std::filesystem::path path;
  GgufFields fields;
  size_t begin = 0, end = 0;  // tensors
};

// `path` alone where all fits in `max_bytes` (0: whatever it takes), else model-00001-of-00003.gguf and so on for model.gguf,
// filled in the order of the tensors; the first has the metadata. A tensor that does not fit has a file of its own, larger.
// Invalid where more files than the format counts were needed, or where a tensor is not whole blocks.
Result<std::vector<GgufPart>> plan_gguf_parts(const std::filesystem::path& path, const GgufFields& fields,
                                              std::span<const GgufTensorPlan> tensors, uint64_t max_bytes);

// As GgufWriter::resume: what is not committed stays, in part files, and a later call goes on behind `n_done` tensors.
class GgufSetWriter {
 public:
  static Result<GgufSetWriter> resume(std::vector<GgufPart> parts, std::vector<GgufTensorPlan> tensors, size_t n_done);

  Status append(std::span<const std::byte> bytes);
  Status sync() { return current_ ? current_->sync() : Status(); }
  // All files appear, complete, the first one last. All tensors must have been written (CHECK).
  Status commit();

 private:
  GgufSetWriter(std::vector<GgufPart> parts, std::vector<GgufTensorPlan> tensors)
      : parts_(std::move(parts)), tensors_(std::move(tensors)), at_(parts_.size()) {}
  Status open(size_t part, size_t n_done);
  Status leave_complete();

  std::vector<GgufPart> parts_;
  std::vector<GgufTensorPlan> tensors_;
  std::optional<GgufWriter> current_;  // of part at_; none where nothing is left to write
  size_t at_;
};

}  // namespace hermes::formats
