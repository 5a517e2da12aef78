#include "formats/gguf_set_writer.h"

#include "formats/gguf_set.h"

namespace hermes::formats {

namespace fs = std::filesystem;

Result<std::vector<GgufPart>> plan_gguf_parts(const fs::path& path, const GgufFields& fields,
                                              std::span<const GgufTensorPlan> tensors, uint64_t max_bytes) {
  std::vector<GgufPart> parts;
  parts.push_back({path, fields, 0, 0});
  uint64_t bytes = fields.encoded().size();
  for (size_t i = 0; i < tensors.size(); ++i) {
    HERMES_ASSIGN(const uint64_t size, padded_gguf_bytes(tensors[i], fields.alignment(), path.string()));
    if (max_bytes > 0 && parts.back().begin < i && size > max_bytes - std::min(bytes, max_bytes)) {
      parts.push_back({{}, {}, i, i});
      bytes = 0;
    }
    bytes += size;
    parts.back().end = i + 1;
  }
  if (parts.size() == 1) return parts;
  const auto count = static_cast<int64_t>(parts.size());
  if (count > kMaxGgufParts) {
    return Error::invalid("{}: {} files of {} bytes; a set has at most {}", path.string(), count, max_bytes,
                          kMaxGgufParts);
  }
  const std::string stem = path.extension() == ".gguf" ? path.stem().string() : path.filename().string();
  for (size_t i = 0; i < parts.size(); ++i) {
    GgufPart& part = parts[i];
    part.path = path.parent_path() / split_file_name(stem, static_cast<int64_t>(i), count);
    if (i > 0 && fields.alignment() != kGgufDefaultAlignment) {
      part.fields.set_u32(kGgufAlignmentKey, static_cast<uint32_t>(fields.alignment()));
    }
    part.fields.set_u16(kSplitNumberKey, static_cast<uint16_t>(i));
    part.fields.set_u16(kSplitCountKey, static_cast<uint16_t>(count));
    part.fields.set_i32(kSplitTensorsKey, static_cast<int32_t>(tensors.size()));
  }
  return parts;
}

Status GgufSetWriter::open(size_t part, size_t n_done) {
  const GgufPart& plan = parts_[part];
  const auto tensors = std::span(tensors_).subspan(plan.begin, plan.end - plan.begin);
  HERMES_ASSIGN(GgufWriter writer, GgufWriter::resume(plan.path, plan.fields, tensors, n_done));
  current_.emplace(std::move(writer));
  at_ = part;
  return {};
}

Result<GgufSetWriter> GgufSetWriter::resume(std::vector<GgufPart> parts, std::vector<GgufTensorPlan> tensors,
                                            size_t n_done) {
  HERMES_CHECK(n_done <= tensors.size(), "{} of {} tensors", n_done, tensors.size());
  GgufSetWriter writer(std::move(parts), std::move(tensors));
  for (size_t i = 0; i < writer.parts_.size(); ++i) {
    const GgufPart& part = writer.parts_[i];
    if (part.end > n_done) {
      HERMES_TRY(writer.open(i, n_done - part.begin));
      break;
    }
    if (const fs::path there = AtomicFile::part_path(part.path); !fs::exists(there) && !fs::exists(part.path)) {
      return Error::not_found("{}: gone, but what follows it is there; delete that to begin anew", there.string());
    }
  }
  return writer;
}

// A part that is complete is left when the next one's bytes come.
Status GgufSetWriter::leave_complete() {
  while (current_ && current_->bytes_left() == 0 && at_ + 1 < parts_.size()) {
    HERMES_TRY(current_->sync());
    HERMES_TRY(open(at_ + 1, 0));
  }
  return {};
}

Status GgufSetWriter::append(std::span<const std::byte> bytes) {
  HERMES_TRY(leave_complete());
  HERMES_CHECK(current_.has_value(), "{} bytes, and all tensors are written", bytes.size());
  return current_->append(bytes);
}

Status GgufSetWriter::commit() {
  HERMES_TRY(leave_complete());
  HERMES_CHECK(!current_ || at_ + 1 == parts_.size(), "{} of {} files were written", at_, parts_.size());
  if (current_) HERMES_TRY(current_->commit());
  for (size_t i = current_ ? parts_.size() - 1 : parts_.size(); i-- > 0;) {
    // One that a commit which was cut off has moved already.
    if (!fs::exists(AtomicFile::part_path(parts_[i].path)) && fs::exists(parts_[i].path)) continue;
    HERMES_TRY(open(i, parts_[i].end - parts_[i].begin));
    HERMES_TRY(current_->commit());
  }
  return {};
}

}  // namespace hermes::formats
