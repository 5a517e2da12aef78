#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/embedded_files.h"

namespace hermes {
namespace {

Error errno_error(const std::filesystem::path& path, const char* action) {
  const int code = errno;
  const char* text = std::strerror(code);
  if (code == ENOENT) return Error::not_found("{}: no such file", path.string());
  return Error::io("{}: {} failed: {}", path.string(), action, text);
}

// Opens a regular file for reading and gives its size; folders, pipes and devices are refused.
Result<std::pair<int, size_t>> open_regular(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe would otherwise wait for a writer, for ever, before it could be refused.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno_error(path, "open");
  struct stat st {};
  if (::fstat(fd, &st) != 0) {
    const Error error = errno_error(path, "stat");
    ::close(fd);
    return error;
  }
  if (!S_ISREG(st.st_mode)) {
    ::close(fd);
    return Error::invalid("{}: not a regular file", path.string());
  }
  return std::pair{fd, static_cast<size_t>(st.st_size)};
}

Error too_large(const std::filesystem::path& path, size_t size, size_t max_bytes) {
  return Error::exhausted("{}: {} bytes, more than the {} this kind of file may have", path.string(), size, max_bytes);
}

Result<std::span<const std::byte>> embedded_bytes(const std::filesystem::path& path) {
  if (const auto bytes = find_embedded(path)) return *bytes;
  return Error::not_found("{}: no such file in this program", path.string());
}

}  // namespace

Result<std::string> read_text_file(const std::filesystem::path& path, size_t max_bytes) {
  if (is_embedded(path)) {
    HERMES_ASSIGN(const std::span<const std::byte> bytes, embedded_bytes(path));
    if (bytes.size() > max_bytes) return too_large(path, bytes.size(), max_bytes);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  HERMES_ASSIGN(const auto opened, open_regular(path));
  const auto [fd, size] = opened;
  if (size > max_bytes) {
    ::close(fd);
    return too_large(path, size, max_bytes);
  }
  std::string text(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(fd, text.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const Error error = errno_error(path, "read");
      ::close(fd);
      return error;
    }
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  ::close(fd);
  text.resize(done);
  return text;
}

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  if (is_embedded(path)) {
    HERMES_ASSIGN(const std::span<const std::byte> bytes, embedded_bytes(path));
    return std::shared_ptr<const MappedFile>(new MappedFile(path, bytes.data(), bytes.size(), false));
  }
  HERMES_ASSIGN(const auto opened, open_regular(path));
  const auto [fd, size] = opened;
  void* address = nullptr;
  if (size > 0) {
    address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (address == MAP_FAILED) {
      const Error error = errno_error(path, "mmap");
      ::close(fd);
      return error;
    }
  }
  ::close(fd);
  return std::shared_ptr<const MappedFile>(
      new MappedFile(path, static_cast<const std::byte*>(address), size, size > 0));
}

MappedFile::~MappedFile() {
  if (mapped_) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::let_go(std::span<const std::byte> part) const {
  if (!mapped_) return;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto first = static_cast<size_t>(part.data() - data_);
  HERMES_CHECK(part.data() >= data_ && first <= size_ && part.size() <= size_ - first);
  const size_t begin = (first + page - 1) / page * page, end = (first + part.size()) / page * page;  // whole pages only
  if (begin < end) ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
  static std::atomic<uint64_t> counter{0};
  for (;;) {
    std::filesystem::path partial = path;
    partial += fmt::format(".{}-{}.partial", ::getpid(), counter.fetch_add(1));
    const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0) return AtomicFile(path, std::move(partial), fd, false);
    // A killed process of the same number (in a container: often) leaves its partial files behind.
    if (errno == EEXIST) continue;
    if (errno == ENOENT) return Error::not_found("{}: there is no folder to write it to", path.string());
    return errno_error(partial, "create");
  }
}

std::filesystem::path AtomicFile::part_path(const std::filesystem::path& path) {
  std::filesystem::path part = path;
  return part += ".part";
}

Result<AtomicFile> AtomicFile::resume(const std::filesystem::path& path, uint64_t keep) {
  std::filesystem::path part = part_path(path);
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 && errno == ENOENT) return Error::not_found("{}: there is no folder to write it to", path.string());
  if (fd < 0) return errno_error(part, "open");
  AtomicFile file(path, part, fd, true);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return Error::invalid("{}: another process is writing it", part.string());
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error(part, "stat");
  if (static_cast<uint64_t>(status.st_size) < keep) {
    return Error::corrupt("{}: {} bytes, of which {} should be complete; delete it to begin anew", part.string(),
                          status.st_size, keep);
  }
  if (::ftruncate(fd, static_cast<off_t>(keep)) != 0) return errno_error(part, "truncate");
  if (::lseek(fd, 0, SEEK_END) < 0) return errno_error(part, "seek in");
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : target_(std::move(other.target_)),
      partial_(std::move(other.partial_)),
      fd_(std::exchange(other.fd_, -1)),
      stays_(other.stays_) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!stays_) ::unlink(partial_.c_str());
}

Status AtomicFile::sync() {
  HERMES_CHECK(fd_ >= 0, "sync after commit");
  if (::fsync(fd_) != 0) return errno_error(partial_, "fsync");
  return {};
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  HERMES_CHECK(fd_ >= 0, "write after commit");
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(partial_, "write");
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

Status AtomicFile::write(std::string_view text) { return write(std::as_bytes(std::span(text))); }

Status AtomicFile::commit() {
  HERMES_CHECK(fd_ >= 0, "commit twice");
  if (::fsync(fd_) != 0) return errno_error(partial_, "fsync");
  if (::rename(partial_.c_str(), target_.c_str()) != 0) return errno_error(target_, "rename");
  ::close(std::exchange(fd_, -1));
  const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
  const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return errno_error(folder, "open");
  const bool synced = ::fsync(dir) == 0 || errno == EINVAL;  // some file systems cannot sync a folder
  ::close(dir);
  if (!synced) return errno_error(folder, "fsync");
  return {};
}

}  // namespace hermes
