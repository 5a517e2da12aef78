// Files by chance: what we write is what we read, and damage is refused or harmless, never a crash. The fuzz
// target in tests/fuzz looks further.
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <vector>

#include "base/file.h"
#include "base/rng.h"
#include "base/temp_folder_for_test.h"
#include "base/utf8.h"
#include "formats/safetensors_bytes_for_test.h"
#include "formats/safetensors_file.h"
#include "formats/safetensors_writer.h"

namespace hermes::formats {
namespace {

constexpr DType kDTypes[] = {DType::kF32,     DType::kF16, DType::kBF16, DType::kF8_E4M3,
                             DType::kF8_E5M2, DType::kI8,  DType::kI32,  DType::kU8};

std::string random_name(Rng& rng) {
  std::string name;
  const uint64_t length = rng.below(12);
  for (uint64_t i = 0; i < length; ++i) {
    constexpr uint32_t kTricky[] = {'"', '\\', '/', '\n', 0, 0x1F, 0x7F, 0xE9, 0x4E2D, 0x1F600, 0x10FFFF, '.', '0'};
    append_utf8(
        name, rng.below(3) == 0 ? kTricky[rng.below(std::size(kTricky))] : static_cast<uint32_t>('a' + rng.below(26)));
  }
  return name;
}

struct RandomTensors {
  std::deque<Buffer> buffers;  // never moved, so that the views stay
  std::vector<NamedTensor> tensors;
  SafetensorsMetadata metadata;
};

RandomTensors random_tensors(Rng& rng) {
  RandomTensors out;
  const uint64_t n = rng.below(12);
  for (uint64_t i = 0; i < n; ++i) {
    std::vector<int64_t> dims(rng.below(5));
    for (int64_t& dim : dims) dim = static_cast<int64_t>(rng.below(5));
    const DType dtype = kDTypes[rng.below(std::size(kDTypes))];
    const Buffer& buffer = out.buffers.emplace_back(dtype, Shape(dims));
    for (size_t b = 0; b < buffer.size(); ++b) buffer.data()[b] = static_cast<std::byte>(rng.next_u32());
    // The index keeps names apart.
    out.tensors.push_back({random_name(rng) + std::to_string(i), buffer.view(dtype, Shape(dims))});
  }
  for (uint64_t i = rng.below(3); i > 0; --i) out.metadata[random_name(rng)] = random_name(rng);
  return out;
}

TEST(SafetensorsByChance, WhatIsWrittenIsRead) {
  const TempFolder temp;
  const auto path = temp.path() / "w.safetensors";
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const RandomTensors written = random_tensors(rng);
    ASSERT_TRUE(write_safetensors(path, written.tensors, written.metadata).ok());
    const auto file = SafetensorsFile::open(path);
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_EQ(file->header().data_begin % 8, 0U);
    EXPECT_EQ(file->header().metadata, written.metadata);
    ASSERT_EQ(file->names().size(), written.tensors.size());
    for (const auto& [name, tensor] : written.tensors) {
      const auto read = file->tensor(name);
      ASSERT_TRUE(read.ok()) << read.error().message();
      EXPECT_EQ(read->dtype, tensor.dtype);
      EXPECT_EQ(read->shape, tensor.shape);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(read->data) % size_of(read->dtype), 0U);
      EXPECT_TRUE(read->bytes() == 0 || std::memcmp(read->data, tensor.data, read->bytes()) == 0);
    }
  }
}

// Reads every byte that the header declares; a sanitizer sees the ones outside the file.
uint64_t sum_of_bytes(const SafetensorsHeader& header, std::span<const std::byte> file) {
  uint64_t sum = 0;
  for (const StoredTensor& tensor : header.tensors) {
    for (uint64_t i = tensor.begin; i < tensor.end; ++i)
      sum += std::to_integer<uint64_t>(file.data()[header.data_begin + i]);
  }
  return sum;
}

TEST(SafetensorsByChance, DamageIsRefusedOrHarmless) {
  const TempFolder temp;
  const auto path = temp.path() / "w.safetensors";
  int fine = 0, refused = 0;
  for (uint64_t round = 0; round < 20; ++round) {
    Rng rng(1000 + round);
    const RandomTensors written = random_tensors(rng);
    ASSERT_TRUE(write_safetensors(path, written.tensors, written.metadata).ok());
    const std::string original = *read_text_file(path, 1 << 20);
    for (int i = 0; i < 1000; ++i) {
      std::string damaged = original;
      for (uint64_t n = 1 + rng.below(4); n > 0 && !damaged.empty(); --n) {
        const size_t at = rng.below(damaged.size());
        switch (rng.below(4)) {
          case 0:
            damaged[at] = static_cast<char>(rng.next_u32());
            break;
          case 1:
            damaged[at] = "{}[]\",:0123456789-eE \\"[rng.below(22)];
            break;
          case 2:
            damaged.erase(at, 1 + rng.below(8));
            break;
          default:
            damaged.insert(at, damaged.substr(rng.below(damaged.size()), rng.below(16)));
            break;
        }
      }
      // A copy of exactly this size, so that a sanitizer sees a read beyond it.
      const std::vector<char> exact(damaged.begin(), damaged.end());
      const auto bytes = std::as_bytes(std::span(exact));
      const auto header = parse_safetensors_header(bytes, "damaged");
      if (header.ok()) {
        ++fine;
        sum_of_bytes(*header, bytes);
      } else {
        ++refused;
        EXPECT_EQ(find_invalid_utf8(header.error().message()), std::string_view::npos);
      }
    }
  }
  // Damage to the data passes, damage to the header mostly not; were one of them never seen, the test would
  // be blind.
  EXPECT_GT(fine, 500);
  EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace hermes::formats
