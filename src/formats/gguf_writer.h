// Writes GGUF files of version 3: metadata and tensor infos first, then the tensors one by one, as they come. A model
// larger than memory can be written; what was read and is written again in the same order is the same file to the byte.
//
//   GgufFields fields;
//   fields.set_string("general.architecture", "llama");
//   HERMES_ASSIGN(GgufWriter writer, GgufWriter::create(path, fields, plans));
//   for (...) HERMES_TRY(writer.append(bytes_of_tensor));
//   HERMES_TRY(writer.commit());
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "formats/gguf_header.h"

namespace hermes::formats {

// Metadata to write, in the order in which keys were first set. Setting a key again replaces its value. Keys are 1 to
// 65,535 bytes of printable ASCII (CHECK: they are ours, or were read by the reader).
class GgufFields {
 public:
  void set_u16(std::string_view key, uint16_t value);
  void set_u32(std::string_view key, uint32_t value);
  void set_i32(std::string_view key, int32_t value);
  void set_u64(std::string_view key, uint64_t value);
  void set_f32(std::string_view key, float value);
  void set_bool(std::string_view key, bool value);
  void set_string(std::string_view key, std::string_view value);
  void set_strings(std::string_view key, std::span<const std::string_view> values);
  void set_i32s(std::string_view key, std::span<const int32_t> values);
  void set(std::string_view key, const GgufValue& value);  // one that was read, whatever its type

  size_t size() const { return fields_.size(); }
  // general.alignment; 32 where it was not set. CHECK: what was set is a power of two within the reader's bounds.
  uint64_t alignment() const { return alignment_; }
  std::string encoded() const;

 private:
  struct Field {
    std::string key;
    std::string value;  // its type and the value, as in the file
  };
  void put(std::string_view key, GgufValueType type, std::string_view value);

  std::vector<Field> fields_;
  uint64_t alignment_ = kGgufDefaultAlignment;
};

struct GgufTensorPlan {
  std::string name;
  const GgufTensorType* type = nullptr;
  Shape shape;
};

// Bytes of its data in a file, with what pads it. Invalid where a row is not whole blocks; the message begins with `what`.
Result<uint64_t> padded_gguf_bytes(const GgufTensorPlan& plan, uint64_t alignment, std::string_view what);

class GgufWriter {
 public:
  // Writes everything but the tensors' bytes. Invalid where a name is not 1 to 64 bytes of UTF-8 or is there twice, or
  // where a row is not whole blocks.
  static Result<GgufWriter> create(const std::filesystem::path& path, const GgufFields& fields,
                                   std::span<const GgufTensorPlan> tensors);

  // The same for work that takes long: without commit() the file stays as AtomicFile::part_path(path), and a later call
  // with the same arguments goes on behind its first `n_done` tensors. Corrupt where that part has another head.
  static Result<GgufWriter> resume(const std::filesystem::path& path, const GgufFields& fields,
                                   std::span<const GgufTensorPlan> tensors, size_t n_done);

  // The next bytes of the tensors' data, in the order of the plans: a tensor in as many pieces as one likes, but no
  // piece of two tensors. Padding is put between by itself.
  Status append(std::span<const std::byte> bytes);
  uint64_t bytes_left() const;  // of the tensor that is being written; 0 when all are complete
  Status sync() { return file_.sync(); }

  // The file appears, complete; before, and without it, there is nothing at `path` but what was there. All tensors must
  // have been written (CHECK).
  Status commit();

 private:
  struct Layout {
    std::string head;             // all but the tensors' bytes
    std::vector<uint64_t> sizes;  // bytes of each tensor
  };
  static Result<Layout> layout_of(const GgufFields& fields, std::span<const GgufTensorPlan> tensors,
                                  const std::string& what);
  GgufWriter(AtomicFile file, std::vector<uint64_t> sizes, uint64_t alignment, size_t n_done)
      : file_(std::move(file)), sizes_(std::move(sizes)), alignment_(alignment), tensor_(n_done) {}
  Status finish_tensors();

  AtomicFile file_;
  std::vector<uint64_t> sizes_;  // bytes of each tensor
  uint64_t alignment_;
  size_t tensor_;         // the one being written
  uint64_t written_ = 0;  // of it
};

}  // namespace hermes::formats
