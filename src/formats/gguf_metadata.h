// The metadata of a GGUF file: keys with typed values, viewed where they lie in the file.
//
// Goals: nothing is copied, so that a vocabulary of 150,000 strings costs a walk over its bytes and no more; typed
// access whose errors name the file, the key and the byte. Non-goals: owning the bytes; conversion between types (a
// number that is a string in the file is refused, as everywhere else).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/gguf_type.h"

namespace hermes::formats {

struct GgufValue {
  GgufValueType type = GgufValueType::kU8;
  GgufValueType element_type = GgufValueType::kU8;  // of an array's elements
  uint64_t count = 0;                               // of an array's elements
  std::span<const std::byte> bytes;  // of a scalar; of a string without its length; of an array's elements as stored
};

struct GgufEntry {
  std::string_view key;
  uint64_t at = 0;  // the byte of the file at which the entry begins
  GgufValue value;
};

// An array of strings, read from front to back. Its bytes were checked when the file was parsed.
class GgufStrings {
 public:
  class iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    iterator() = default;
    explicit iterator(const std::byte* at) : at_(at) {}
    std::string_view operator*() const { return {reinterpret_cast<const char*>(at_) + sizeof(uint64_t), length()}; }
    iterator& operator++() {
      at_ += sizeof(uint64_t) + length();
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const iterator&) const = default;

   private:
    uint64_t length() const;
    const std::byte* at_ = nullptr;
  };

  GgufStrings() = default;
  explicit GgufStrings(const GgufValue& array) : bytes_(array.bytes), count_(array.count) {}
  iterator begin() const { return iterator(bytes_.data()); }
  iterator end() const { return iterator(bytes_.data() + bytes_.size()); }
  uint64_t size() const { return count_; }

 private:
  std::span<const std::byte> bytes_;
  uint64_t count_ = 0;
};

// An array of integers of any width.
class GgufIntegers {
 public:
  GgufIntegers() = default;
  explicit GgufIntegers(const GgufValue& array) : array_(array) {}
  uint64_t size() const { return array_.count; }
  int64_t operator[](uint64_t i) const;  // u64 values above 2^63 - 1 give -1

 private:
  GgufValue array_;
};

class GgufMetadata {
 public:
  GgufMetadata() = default;
  // Keys must be distinct; `what` (the file's path) opens every message.
  GgufMetadata(std::string what, std::vector<GgufEntry> entries);

  const std::string& what() const { return what_; }
  const std::vector<GgufEntry>& entries() const { return entries_; }  // in the file's order
  const GgufEntry* find(std::string_view key) const;                  // nullptr where absent

  // Absent keys are nullopt from the optional_* calls and an error from the others. Integers are of any width, numbers
  // F32 or F64, strings UTF-8.
  Result<int64_t> integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;
  Result<std::string_view> string(std::string_view key) const;
  Result<GgufStrings> strings(std::string_view key) const;

  Result<std::optional<int64_t>> optional_integer(std::string_view key) const;
  Result<std::optional<double>> optional_number(std::string_view key) const;
  Result<std::optional<bool>> optional_boolean(std::string_view key) const;
  Result<std::optional<std::string_view>> optional_string(std::string_view key) const;
  Result<std::optional<GgufStrings>> optional_strings(std::string_view key) const;
  Result<std::optional<GgufIntegers>> optional_integers(std::string_view key) const;

  // `file: key "x" (byte N)`, the subject of a message about an entry; without the byte where there is no such entry.
  std::string subject(std::string_view key) const;

 private:
  Error wrong_type(const GgufEntry& entry, std::string_view expected) const;
  Error missing(std::string_view key) const;

  std::string what_;
  std::vector<GgufEntry> entries_;
  std::vector<size_t> by_key_;  // indices into entries_, ascending by key
};

// Two values of the same type with the same bytes.
bool same_value(const GgufValue& a, const GgufValue& b);

// A value in one short line for people: "llama", 4096, 1e-05, [128256 strings].
std::string describe(const GgufValue& value);

}  // namespace hermes::formats
