// Run by mpirun -n 2 (or more): every rank checks what it gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

#include "collective/collective.h"

namespace hermes::collective {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Collective* all = nullptr;

TEST(Mpi, IsOneOfSeveral) {
  ASSERT_GE(all->size(), 2);
  EXPECT_LT(all->rank(), all->size());
}

TEST(Mpi, SumsOverRanks) {
  std::vector<float> floats(100000);
  std::iota(floats.begin(), floats.end(), static_cast<float>(all->rank()));
  all->all_reduce_sum(std::span(floats));
  const auto n = static_cast<float>(all->size());
  for (size_t i = 0; i < floats.size(); ++i) {
    ASSERT_EQ(floats[i], n * static_cast<float>(i) + n * (n - 1) / 2);  // small whole numbers: exact
  }
  std::array<double, 2> doubles{1, static_cast<double>(all->rank())};
  all->all_reduce_sum(std::span<double>(doubles));
  const auto m = static_cast<double>(all->size());
  EXPECT_THAT(doubles, ElementsAre(m, m * (m - 1) / 2));
}

TEST(Mpi, EveryRankGetsTheSameBits) {
  std::vector<float> values(1000);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = 1.0F / static_cast<float>(i + 3 + static_cast<size_t>(all->rank()));
  all->all_reduce_sum(std::span(values));
  std::vector<float> first = values;
  all->broadcast(std::as_writable_bytes(std::span(first)), 0);
  EXPECT_EQ(values, first);
}

TEST(Mpi, BroadcastsFromAnyRank) {
  for (int root = 0; root < all->size(); ++root) {
    std::array<std::byte, 3> bytes{};
    if (all->rank() == root) bytes.fill(static_cast<std::byte>(root + 7));
    all->broadcast(bytes, root);
    for (const std::byte b : bytes) EXPECT_EQ(b, static_cast<std::byte>(root + 7));
  }
  all->barrier();
}

TEST(Mpi, OneRanksErrorReachesAll) {
  EXPECT_TRUE(agree(*all, {}).ok());
  const Status own = all->rank() == 1 ? Status(Error::io("disk full")) : Status();
  const Status agreed = agree(*all, own);
  ASSERT_FALSE(agreed.ok());
  EXPECT_THAT(agreed.error().message(), HasSubstr(all->rank() == 1 ? "disk full" : "1 of"));
}

}  // namespace
}  // namespace hermes::collective

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const auto collective = hermes::collective::make_mpi().value();
  hermes::collective::all = collective.get();
  return RUN_ALL_TESTS();
}
