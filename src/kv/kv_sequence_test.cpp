#include "kv/kv_sequence.h"

#include <gtest/gtest.h>

#include <set>

namespace hermes::kv {
namespace {

const KvShape kShape{.n_layers = 3, .n_kv_heads = 2, .head_dim = 8, .dtype = DType::kBF16};

TEST(ContiguousKv, CountsPositions) {
  ContiguousKv kv(kShape, 100, 64);
  EXPECT_EQ(kv.shape().bytes_per_position(), 2U * 3 * 2 * 8 * 2);
  ASSERT_TRUE(kv.reserve(70).ok());
  EXPECT_EQ(kv.size(), 0);
  kv.advance(70);
  EXPECT_EQ(kv.size(), 70);
  kv.truncate(10);
  EXPECT_EQ(kv.size(), 10);
  EXPECT_TRUE(kv.reserve(90).ok());
}

TEST(ContiguousKv, CountsBlocksOfPaddedHeads) {
  const KvShape shape{.n_layers = 3, .n_kv_heads = 2, .head_dim = 40, .dtype = DType::kQ8_0};
  EXPECT_EQ(shape.bytes_per_position(), 2U * 3 * 2 * 2 * 34);
}

TEST(ContiguousKv, RefusesMoreThanItsCapacity) {
  ContiguousKv kv(kShape, 100, 64);
  ASSERT_TRUE(kv.reserve(100).ok());
  kv.advance(100);
  const Status full = kv.reserve(1);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(kv.size(), 100);
}

TEST(ContiguousKv, PagesAreApartAndWritable) {
  ContiguousKv kv(kShape, 130, 64);  // three pages, the last one partly used
  const size_t page_bytes = 2 * 64 * 8 * 2;
  std::set<std::byte*> starts;
  for (int layer = 0; layer < 3; ++layer) {
    for (const auto pages : {kv.k_pages(layer), kv.v_pages(layer)}) {
      ASSERT_EQ(pages.size(), 3U);
      for (std::byte* page : pages) {
        page[0] = page[page_bytes - 1] = std::byte{1};
        EXPECT_TRUE(starts.insert(page).second);
      }
    }
  }
  std::byte* previous = nullptr;
  for (std::byte* start : starts) {
    if (previous != nullptr) {
      EXPECT_GE(start - previous, static_cast<std::ptrdiff_t>(page_bytes));
    }
    previous = start;
  }
}

TEST(ContiguousKvDeathTest, MisuseEndsTheProgram) {
  ContiguousKv kv(kShape, 100, 64);
  EXPECT_DEATH(kv.advance(1), "past the 0 reserved");
  EXPECT_DEATH(kv.truncate(1), "truncate to 1 of 0");
}

}  // namespace
}  // namespace hermes::kv
