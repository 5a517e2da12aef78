#include "base/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace hermes {
namespace {

using Block = std::array<uint32_t, 4>;

// Known answers of the reference implementation (Random123, philox4x32 with 10 rounds).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  // The digits of pi.
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, DrawsTheWordsOfTheBlocksInOrder) {
  const uint64_t seed = 0x0123456789abcdef, stream = 0xfedcba9876543210;
  Rng rng(seed, stream);
  for (uint32_t block = 0; block < 3; ++block) {
    const Block expected = philox4x32({block, 0, 0x76543210, 0xfedcba98}, {0x89abcdef, 0x01234567});
    for (const uint32_t word : expected) EXPECT_EQ(rng.next_u32(), word);
  }
  EXPECT_EQ(rng.index(), 12U);
}

TEST(Rng, SeekGoesToAnyDrawForwardsAndBack) {
  Rng rng(42);
  std::vector<uint32_t> words;
  for (int i = 0; i < 100; ++i) words.push_back(rng.next_u32());
  for (const size_t index : {99, 0, 50, 51, 3, 4, 5, 98}) {
    rng.seek(index);
    EXPECT_EQ(rng.index(), index);
    EXPECT_EQ(rng.next_u32(), words[index]) << index;
  }
  // Past 2^32 blocks the counter's second word counts on.
  Rng far(42);
  far.seek(uint64_t{1} << 34);
  EXPECT_EQ(far.next_u32(), philox4x32({0, 1, 0, 0}, {42, 0})[0]);
}

TEST(Rng, ACopyGoesOnByItself) {
  Rng rng(1, 2);
  rng.next_u32();
  Rng copy = rng;
  const uint64_t drawn = rng.next_u64();
  EXPECT_EQ(copy.next_u64(), drawn);
  EXPECT_EQ(copy.index(), rng.index());
}

TEST(Rng, SixtyFourBitsAreTwoWordsLowFirst) {
  Rng words(9), pairs(9);
  const uint64_t low = words.next_u32();
  const uint64_t high = words.next_u32();
  EXPECT_EQ(pairs.next_u64(), low | (high << 32));
}

TEST(Rng, SeedsAndStreamsAreApart) {
  std::set<uint64_t> firsts;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    for (uint64_t stream = 0; stream < 30; ++stream) firsts.insert(Rng(seed, stream).next_u64());
  }
  EXPECT_EQ(firsts.size(), 900U);
  EXPECT_NE(Rng(1, 2).next_u64(), Rng(2, 1).next_u64());
}

TEST(Rng, UniformStaysInRangeAndIsEven) {
  Rng rng(7);
  constexpr int kDraws = 100'000;
  std::array<int, 10> bins{};
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++bins[static_cast<size_t>(u * 10)];
  }
  // Chi-square with 9 degrees of freedom: above 27.9 once in a thousand seeds; this seed is fixed.
  double chi2 = 0;
  for (const int count : bins) chi2 += std::pow(count - kDraws / 10.0, 2) / (kDraws / 10.0);
  EXPECT_LT(chi2, 27.9);
}

TEST(Rng, BelowReachesAllAndOnlyTheNumbersBelow) {
  Rng rng(11);
  std::array<int, 7> counts{};
  constexpr int kDraws = 70'000;
  for (int i = 0; i < kDraws; ++i) {
    const uint64_t draw = rng.below(7);
    ASSERT_LT(draw, 7U);
    ++counts[draw];
  }
  double chi2 = 0;
  for (const int count : counts) chi2 += std::pow(count - 10'000.0, 2) / 10'000.0;
  EXPECT_LT(chi2, 22.5);  // 6 degrees of freedom, one in a thousand
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rng.below(1), 0U);
}

TEST(Rng, BelowIsUnbiasedWhereAPlainRemainderIsNot) {
  // With n = 3 * 2^62 a remainder of 64 bits would fall into the first third twice as often as into the
  // others.
  constexpr uint64_t kN = uint64_t{3} << 62;
  Rng rng(13);
  int first_third = 0;
  constexpr int kDraws = 30'000;
  for (int i = 0; i < kDraws; ++i) {
    const uint64_t draw = rng.below(kN);
    ASSERT_LT(draw, kN);
    if (draw < kN / 3) ++first_third;
  }
  EXPECT_NEAR(first_third, kDraws / 3, 4 * std::sqrt(kDraws * 2.0 / 9));  // four standard deviations
}

TEST(Rng, NormalHasTheMomentsAndCountsItsDraws) {
  Rng rng(17);
  constexpr int kDraws = 100'000;
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = rng.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  EXPECT_EQ(rng.index(), 4U * kDraws);
  EXPECT_NEAR(sum / kDraws, 0, 4 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 4 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(fourth / kDraws, 3, 4 * std::sqrt(96.0 / kDraws));
}

TEST(RngDeathTest, BelowZeroIsOurMistake) { EXPECT_DEATH(Rng(1).below(0), "n > 0"); }

}  // namespace
}  // namespace hermes
