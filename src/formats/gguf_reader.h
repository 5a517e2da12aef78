// Reads the parts of a GGUF header from front to back; inside the folder only. A read that would go beyond the end of
// the file is an error which names what was being read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/gguf_bytes.h"
#include "formats/gguf_metadata.h"

namespace hermes::formats {

class GgufReader {
 public:
  GgufReader(std::span<const std::byte> bytes, std::string_view what) : bytes_(bytes), what_(what) {}

  std::string_view what() const { return what_; }
  uint64_t at() const { return at_; }
  uint64_t left() const { return bytes_.size() - at_; }

  // `subject` as in "{what}: {subject}: the file ends ...".
  template <class T>
  Result<T> number(std::string_view subject) {
    if (left() < sizeof(T)) return ends_in(subject);
    const T value = load_little_endian<T>(bytes_.data() + at_);
    at_ += sizeof(T);
    return value;
  }
  // A length and as many bytes.
  Result<std::string_view> string(std::string_view subject);
  // A type and what it asks for; the reader is behind it then.
  Result<GgufValue> value(std::string_view subject);

 private:
  Result<GgufValueType> value_type(std::string_view subject);
  Status array(GgufValue& value, std::string_view subject, int depth);
  Status strings(uint64_t count, std::string_view subject);
  Status booleans(uint64_t begin, uint64_t count, std::string_view subject) const;
  Error ends_in(std::string_view subject) const;

  std::span<const std::byte> bytes_;
  std::string_view what_;
  uint64_t at_ = 0;
};

}  // namespace hermes::formats
