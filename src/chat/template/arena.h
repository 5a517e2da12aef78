// Memory of one rendering: handed out in order, freed all at once. Values are therefore plain 16-byte copies, and
// cycles (a namespace that holds itself) cost nothing. Nothing allocated here has a destructor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// Under AddressSanitizer, the bytes around and behind each piece are out of bounds.
#if defined(__SANITIZE_ADDRESS__)
#define HERMES_ARENA_GUARDED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HERMES_ARENA_GUARDED 1
#endif
#endif
#ifdef HERMES_ARENA_GUARDED
#include <sanitizer/asan_interface.h>
#endif

namespace hermes::chat::jinja {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(size_t bytes, size_t alignment = alignof(std::max_align_t)) {
    const size_t at = (used_ + kGap + alignment - 1) & ~(alignment - 1);
    if (at + bytes > size_) [[unlikely]]
      return allocate_chunk(bytes);
    used_ = at + bytes;
    return usable(chunk_ + at, bytes);
  }

  template <class T, class... A>
  T* make(A&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return ::new (allocate(sizeof(T), alignof(T))) T{std::forward<A>(args)...};
  }

  template <class T>
  T* make_array(size_t n) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* items = static_cast<T*>(allocate(n * sizeof(T), alignof(T)));
    for (size_t i = 0; i < n; ++i) ::new (items + i) T();
    return items;
  }

  const char* copy(std::string_view text) {
    char* out = static_cast<char*>(allocate(text.size() + 1, 1));
    if (!text.empty()) std::memcpy(out, text.data(), text.size());
    return out;
  }

  size_t bytes() const { return total_; }  // of all chunks

 private:
  static constexpr size_t kFirstChunk = 16 << 10, kLargestChunk = 1 << 20;

  void* allocate_chunk(size_t bytes) {
    const size_t usual = size_ == 0 ? kFirstChunk : std::min(kLargestChunk, 2 * size_);
    if (bytes > usual / 4) {  // large pieces stand alone, so that the present chunk is not given up for them
      chunks_.emplace_back(new std::byte[bytes + 1]);
      total_ += bytes;
      return chunks_.back().get();
    }
    chunks_.emplace_back(new std::byte[usual]);
    chunk_ = chunks_.back().get();
    size_ = usual;
    used_ = bytes;
    total_ += usual;
#ifdef HERMES_ARENA_GUARDED
    ASAN_POISON_MEMORY_REGION(chunk_, size_);
#endif
    return usable(chunk_, bytes);
  }

#ifdef HERMES_ARENA_GUARDED
  static constexpr size_t kGap = 8;
  static void* usable(std::byte* piece, size_t bytes) {
    ASAN_UNPOISON_MEMORY_REGION(piece, bytes);
    return piece;
  }
#else
  static constexpr size_t kGap = 0;
  static void* usable(std::byte* piece, size_t) { return piece; }
#endif

  std::byte* chunk_ = nullptr;
  size_t size_ = 0, used_ = 0, total_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
};

// A vector of plain values in an arena: grows by copying, never frees.
template <class T>
class ArenaVector {
 public:
  explicit ArenaVector(Arena& arena) : arena_(&arena) {}

  void reserve(size_t n) {
    if (n <= capacity_) return;
    T* grown = arena_->make_array<T>(n);
    for (size_t i = 0; i < size_; ++i) grown[i] = items_[i];
    items_ = grown;
    capacity_ = n;
  }
  void push_back(const T& item) {
    const T kept = item;
    if (size_ == capacity_) reserve(capacity_ == 0 ? 4 : 2 * capacity_);
    items_[size_++] = kept;
  }
  T& operator[](size_t i) { return items_[i]; }
  const T& operator[](size_t i) const { return items_[i]; }
  T* data() { return items_; }
  const T* data() const { return items_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }
  T* begin() { return items_; }
  T* end() { return items_ + size_; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }

 private:
  Arena* arena_;
  T* items_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace hermes::chat::jinja
