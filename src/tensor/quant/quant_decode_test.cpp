// Against ggml and the gguf package, in bits (testdata/quant_goldens.json, tools/quant_make_goldens.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/rng.h"
#include "support/close.h"
#include "tensor/quant/iq_grids.h"
#include "tensor/quant/q4_k.h"
#include "tensor/quant/quant_format.h"
#include "tensor/quant/quant_goldens_for_test.h"

namespace hermes {
namespace {

std::vector<float> decoded(DType dtype, const std::vector<uint8_t>& blocks) {
  const DTypeInfo& info = info_of(dtype);
  const auto n = static_cast<int64_t>(blocks.size() / info.block_bytes) * info.block_elements;
  std::vector<float> x(static_cast<size_t>(n));
  quant_format(dtype)->decode(blocks.data(), n, x.data());
  return x;
}

TEST(QuantFormat, EveryBlockTypeHasOne) {
  int n_formats = 0;
  for (int i = 0; i < kDTypesCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    const QuantFormat* format = quant_format(dtype);
    ASSERT_EQ(format != nullptr, is_block_type(dtype)) << name_of(dtype);
    if (format == nullptr) continue;
    ++n_formats;
    EXPECT_EQ(format->dtype, dtype);
    const std::string_view name = name_of(dtype);
    const bool only_read = name.starts_with("IQ1") || name.starts_with("IQ2") || name.starts_with("IQ3");
    EXPECT_EQ(format->encode == nullptr, only_read) << name;
  }
  EXPECT_EQ(n_formats, 20);
  EXPECT_EQ(test::quant_goldens().formats.size(), 20U);
}

TEST(QuantDecode, ABlockOfGgmlsGivesItsBits) {
  for (const test::GoldenFormat& golden : test::quant_goldens().formats) {
    EXPECT_EQ(golden.block.size(), info_of(golden.dtype).block_bytes);
    EXPECT_TRUE(test::same_bits(decoded(golden.dtype, golden.block), golden.floats)) << name_of(golden.dtype);
  }
}

TEST(QuantDecode, RandomBytesGiveGgmlsBits) {
  for (const test::GoldenFormat& golden : test::quant_goldens().formats) {
    const std::vector<float> x = decoded(golden.dtype, test::random_blocks(golden.dtype));
    EXPECT_EQ(test::hash_of(x.data(), x.size() * sizeof(float)), golden.random_blocks) << name_of(golden.dtype);
  }
}

// Scales of any bits, blocks at any address, and memory that ends with the last block and the last element: what lies
// beyond is for the address sanitizer to see.
TEST(QuantDecode, ReadsAndWritesItsBlocksOnly) {
  constexpr int kBlocks = 200, kShifts = 4;
  for (const test::GoldenFormat& golden : test::quant_goldens().formats) {
    const DTypeInfo& info = info_of(golden.dtype);
    Rng rng(2, static_cast<uint64_t>(golden.dtype));
    for (int64_t n_blocks = 0; n_blocks <= kBlocks; n_blocks += n_blocks < 3 ? 1 : 197) {
      const size_t size = static_cast<size_t>(n_blocks) * info.block_bytes;
      std::vector<uint8_t> bytes(size);
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.next_u32());
      const int64_t n = n_blocks * info.block_elements;
      const auto expected = std::make_unique<float[]>(static_cast<size_t>(n));
      quant_format(golden.dtype)->decode(bytes.data(), n, expected.get());
      for (size_t shift = 1; shift < kShifts; ++shift) {
        const auto shifted = std::make_unique<uint8_t[]>(size + shift);
        std::copy(bytes.begin(), bytes.end(), shifted.get() + shift);
        std::vector<float> x(static_cast<size_t>(n) + 1, 42.0F);
        quant_format(golden.dtype)->decode(shifted.get() + shift, n, x.data());
        EXPECT_EQ(std::memcmp(x.data(), expected.get(), static_cast<size_t>(n) * sizeof(float)), 0)
            << name_of(golden.dtype) << " moved by " << shift;
        EXPECT_EQ(x.back(), 42.0F) << name_of(golden.dtype);
      }
    }
  }
}

void expect_rising(std::span<const uint16_t> grid, int bits, uint32_t largest) {
  for (size_t i = 0; i < grid.size(); ++i) {
    if (i > 0) {
      EXPECT_LT(grid[i - 1], grid[i]) << i;
    }
    for (int at = 0; at < (bits == 2 ? 16 : 12); at += bits) {
      EXPECT_LE(grid[i] >> at & ((1U << bits) - 1), largest) << i;
    }
  }
}

TEST(QuantGrids, RiseAndNameLevelsThatExist) {
  expect_rising(kIq1Grid, 2, 2);
  expect_rising(kIq2XxsGrid, 2, 2);
  expect_rising(kIq2XsGrid, 2, 2);
  expect_rising(kIq2SGrid, 2, 2);
  expect_rising(kIq3XxsGrid, 3, 7);
  expect_rising(kIq3SGrid, 3, 7);
}

TEST(QuantGrids, SevenSignsMakeAnEvenEighth) {
  for (uint32_t seven = 0; seven < 128; ++seven) {
    const uint32_t eight = signs_with_parity(seven);
    EXPECT_EQ(eight & 127, seven);
    EXPECT_EQ(__builtin_popcount(eight) % 2, 0);
    EXPECT_LT(eight, 256U);
  }
}

TEST(ScalesMinsK, GoRound) {
  for (uint8_t first = 0; first < 64; ++first) {
    uint8_t scales[8], minimums[8];
    for (int s = 0; s < 8; ++s) {
      scales[s] = static_cast<uint8_t>((first + 11 * s) % 64);
      minimums[s] = static_cast<uint8_t>((first * 5 + 23 * s + 7) % 64);
    }
    const ScalesMinsK packed = ScalesMinsK::of(scales, minimums);
    for (int s = 0; s < 8; ++s) {
      EXPECT_EQ(packed.scale(s), scales[s]);
      EXPECT_EQ(packed.minimum(s), minimums[s]);
    }
  }
}

}  // namespace
}  // namespace hermes
