// Safetensors files put together by hand, right or wrong, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hermes::formats {

// Length, header, and `data_bytes` of data counting up from 0.
inline std::string safetensors_bytes(std::string_view header, size_t data_bytes) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>((uint64_t{header.size()} >> (8 * i)) & 0xFF);
  file += header;
  for (size_t i = 0; i < data_bytes; ++i) file += static_cast<char>(i);
  return file;
}

// `header` with spaces behind it, so that the data begins at a multiple of 8.
inline std::string padded(std::string header) {
  header.append((8 - header.size() % 8) % 8, ' ');
  return header;
}

inline std::span<const std::byte> as_file(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace hermes::formats
