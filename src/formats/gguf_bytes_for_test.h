// GGUF files put together by hand, right or wrong, for tests.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf_bytes.h"
#include "formats/gguf_type.h"

namespace hermes::formats {

template <class T>
std::string little_endian(T value) {
  std::string out;
  append_little_endian<std::make_unsigned_t<T>>(out, static_cast<std::make_unsigned_t<T>>(value));
  return out;
}

inline std::string gguf_string(std::string_view text) {
  return little_endian<uint64_t>(text.size()) + std::string(text);
}
inline std::string gguf_type(GgufValueType type) { return little_endian(static_cast<uint32_t>(type)); }

// A metadata entry: key, type and what the type asks for.
inline std::string gguf_entry(std::string_view key, GgufValueType type, std::string_view value) {
  return gguf_string(key) + gguf_type(type) + std::string(value);
}
inline std::string gguf_u32(std::string_view key, uint32_t value) {
  return gguf_entry(key, GgufValueType::kU32, little_endian(value));
}
inline std::string gguf_f32(std::string_view key, float value) {
  return gguf_entry(key, GgufValueType::kF32, little_endian(std::bit_cast<uint32_t>(value)));
}
inline std::string gguf_text(std::string_view key, std::string_view value) {
  return gguf_entry(key, GgufValueType::kString, gguf_string(value));
}
inline std::string gguf_bool(std::string_view key, uint8_t value) {
  return gguf_entry(key, GgufValueType::kBool, little_endian(value));
}
inline std::string gguf_array(GgufValueType element, uint64_t count, std::string_view elements) {
  return gguf_type(element) + little_endian(count) + std::string(elements);
}
inline std::string gguf_texts(std::string_view key, std::initializer_list<std::string_view> values) {
  std::string elements;
  for (const std::string_view value : values) elements += gguf_string(value);
  return gguf_entry(key, GgufValueType::kArray, gguf_array(GgufValueType::kString, values.size(), elements));
}
inline std::string gguf_i32s(std::string_view key, std::initializer_list<int32_t> values) {
  std::string elements;
  for (const int32_t value : values) elements += little_endian(value);
  return gguf_entry(key, GgufValueType::kArray, gguf_array(GgufValueType::kI32, values.size(), elements));
}

// A tensor info; dimensions as the file has them, fastest first.
inline std::string gguf_info(std::string_view name, std::initializer_list<uint64_t> dims, uint32_t type,
                             uint64_t offset) {
  std::string out = gguf_string(name) + little_endian(static_cast<uint32_t>(dims.size()));
  for (const uint64_t dim : dims) out += little_endian(dim);
  return out + little_endian(type) + little_endian(offset);
}

struct GgufForTest {
  std::vector<std::string> entries{};
  std::vector<std::string> infos{};
  size_t data_bytes = 0;  // counting up from 0
  uint32_t version = 3;
  uint64_t alignment = 32;                           // of the padding; general.alignment is an entry
  std::optional<uint64_t> n_entries{}, n_tensors{};  // what the file claims, where that is not how many there are

  std::string bytes() const {
    std::string out = "GGUF" + little_endian(version) + little_endian(n_tensors.value_or(infos.size())) +
                      little_endian(n_entries.value_or(entries.size()));
    for (const std::string& entry : entries) out += entry;
    for (const std::string& info : infos) out += info;
    if (alignment > 0) out.resize(round_up(out.size(), alignment));
    for (size_t i = 0; i < data_bytes; ++i) out += static_cast<char>(i);
    return out;
  }
};

inline std::span<const std::byte> bytes_of_text(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace hermes::formats
