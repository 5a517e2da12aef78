// Files (and embedded ones, embedded_files.h): bounded reads, read-only mappings, and writes that are complete or absent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hermes {

// The whole file as text; refused above `max_bytes`, so that a wrong path costs nothing.
Result<std::string> read_text_file(const std::filesystem::path& path, size_t max_bytes);

// A read-only mapping of a whole file. Views into it live as long as the object. Empty files map to an empty span.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  // Memory that `part` of bytes() takes may be given back: it is read from the file again when it is looked at.
  void let_go(std::span<const std::byte> part) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  MappedFile(std::filesystem::path path, const std::byte* data, size_t size, bool mapped)
      : path_(std::move(path)), data_(data), size_(size), mapped_(mapped) {}
  std::filesystem::path path_;
  const std::byte* data_;
  size_t size_;
  bool mapped_;  // else part of the program (embedded_files.h)
};

// Writes beside `path` and renames over it on commit(), after fsync of file and folder: readers see the old content
// or the new, never a part. Destroyed without commit(), it leaves nothing behind, or what can be gone on with.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::filesystem::path& path);
  // For work that takes hours: what was written stays, as part_path(path), when the object goes without commit(). Goes on
  // behind the first `keep` bytes of such a part (corrupt where it is shorter); 0 begins anew. Invalid while another
  // process has it.
  static Result<AtomicFile> resume(const std::filesystem::path& path, uint64_t keep);
  static std::filesystem::path part_path(const std::filesystem::path& path);  // PATH.part
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  Status write(std::span<const std::byte> bytes);
  Status write(std::string_view text);
  Status sync();  // what was written so far survives a power cut
  Status commit();

 private:
  AtomicFile(std::filesystem::path target, std::filesystem::path partial, int fd, bool stays)
      : target_(std::move(target)), partial_(std::move(partial)), fd_(fd), stays_(stays) {}
  std::filesystem::path target_;
  std::filesystem::path partial_;
  int fd_;
  bool stays_;  // without commit()
};

}  // namespace hermes
