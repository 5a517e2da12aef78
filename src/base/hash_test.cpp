#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace hermes {
namespace {

TEST(Hash, IsTheSameEverywhere) {
  EXPECT_EQ(hash_state("a"), 0xaf63dc4c8601ec8cULL);  // test vector of FNV-1a 64
  EXPECT_EQ(hash_state("foobar"), 0x85944171f73967e8ULL);
  EXPECT_EQ(hash_state("bar", hash_state("foo")), hash_state("foobar"));
}

TEST(Hash, LowBitsSpread) {
  int small = 0;
  for (int i = 0; i < 10000; ++i) small += hash64(std::to_string(i)) % 1000 < 20 ? 1 : 0;
  EXPECT_GT(small, 150);  // 200 expected, standard deviation 14
  EXPECT_LT(small, 250);
}

}  // namespace
}  // namespace hermes
