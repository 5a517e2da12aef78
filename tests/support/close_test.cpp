#include "support/close.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace hermes::test {
namespace {

using testing::HasSubstr;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr float kInfF = std::numeric_limits<float>::infinity();
constexpr float kNanF = std::numeric_limits<float>::quiet_NaN();

TEST(IsClose, HoldsUpToTheToleranceAndNotBeyond) {
  EXPECT_TRUE(is_close(1.0, 1.5, 0.5));
  EXPECT_TRUE(is_close(1.5, 1.0, 0.5));
  EXPECT_FALSE(is_close(1.0, 1.5, 0.499));
  EXPECT_FALSE(is_close(1.5, 1.0, 0.499));
  EXPECT_TRUE(is_close(2.0, 2.0, 0.0));
}

TEST(IsClose, TellsSignsApart) {
  EXPECT_FALSE(is_close(-100.0, 100.0, 1.0));
  EXPECT_FALSE(is_close(100.0, -1.0, 1.0));  // a tolerance relative to the smaller one would pass this
  EXPECT_TRUE(is_close(-1e-9, 1e-9, 1e-8));
}

TEST(IsClose, TakesBothZerosForOne) {
  EXPECT_TRUE(is_close(0.0, -0.0, 0.0));
  EXPECT_FALSE(is_close(1e-30, 0.0, 0.0));
}

TEST(IsClose, FailsOnNanWhateverTheTolerance) {
  EXPECT_FALSE(is_close(kNan, 1.0, kInf));
  EXPECT_FALSE(is_close(1.0, kNan, kInf));
  EXPECT_FALSE(is_close(kNan, kNan, kInf));
  EXPECT_FALSE(is_close(1.0, 1.0, kNan));
}

TEST(IsClose, FailsOnInfinityUnlessEqualOnesAreAskedFor) {
  EXPECT_FALSE(is_close(kInf, 1.0, kInf));
  EXPECT_FALSE(is_close(1.0, -kInf, kInf));
  EXPECT_FALSE(is_close(kInf, kInf, 1.0));
  EXPECT_TRUE(is_close(kInf, kInf, 0.0, Infinities::kMayBeEqual));
  EXPECT_TRUE(is_close(-kInf, -kInf, 0.0, Infinities::kMayBeEqual));
  EXPECT_FALSE(is_close(kInf, -kInf, kInf, Infinities::kMayBeEqual));
  EXPECT_FALSE(is_close(kInf, 1.0, kInf, Infinities::kMayBeEqual));
  EXPECT_FALSE(is_close(kNan, kInf, kInf, Infinities::kMayBeEqual));
}

TEST(AllClose, NamesTheWorstPlaceAndBothValues) {
  const std::vector<float> actual = {1, 2.5F, 3, 9};
  const std::vector<float> expected = {1, 2, 3, 4};
  const auto result = all_close(actual, expected, 0.1);
  ASSERT_FALSE(result);
  EXPECT_THAT(std::string(result.message()), HasSubstr("2 of 4 are wrong; worst at [3]: 9, expected 4"));
  EXPECT_TRUE(all_close(actual, expected, 5.0));
}

TEST(AllClose, HoldsNanForTheWorst) {
  const std::vector<float> actual = {100, kNanF, 1};
  const std::vector<float> expected = {0, 1, 1};
  const auto result = all_close(actual, expected, 0.1);
  ASSERT_FALSE(result);
  EXPECT_THAT(std::string(result.message()), HasSubstr("[1]: nan"));
}

TEST(AllClose, TakesATolerancePerElement) {
  const std::vector<float> actual = {1.5F, 2.5F}, expected = {1, 2};
  EXPECT_TRUE(all_close(actual, expected, std::vector<double>{0.5, 0.5}));
  EXPECT_FALSE(all_close(actual, expected, std::vector<double>{0.5, 0.4}));
  EXPECT_FALSE(all_close(actual, expected, std::vector<double>{0.5}));
}

TEST(AllClose, FailsOnDifferentLengths) {
  const std::vector<float> two = {1, 2}, three = {1, 2, 3}, none;
  EXPECT_FALSE(all_close(two, three, 10.0));
  EXPECT_FALSE(all_close(three, two, 10.0));
  EXPECT_TRUE(all_close(none, none, 0.0));
}

TEST(AllClose, PassesEqualInfinitiesOnlyOnDemand) {
  const std::vector<float> values = {-kInfF, 1};
  EXPECT_FALSE(all_close(values, values, 1.0));
  EXPECT_TRUE(all_close(values, values, 1.0, Infinities::kMayBeEqual));
}

TEST(SameBits, TellsZerosApartAndKnowsNan) {
  EXPECT_TRUE(same_bits(std::vector<float>{1, kNanF}, std::vector<float>{1, kNanF}));
  EXPECT_FALSE(same_bits(std::vector<float>{0.0F}, std::vector<float>{-0.0F}));
  EXPECT_FALSE(same_bits(std::vector<float>{1}, std::vector<float>{std::nextafter(1.0F, 2.0F)}));
  EXPECT_FALSE(same_bits(std::vector<float>{1}, std::vector<float>{1, 2}));
}

TEST(RelativeL2, IsTheRatioOfNorms) {
  EXPECT_DOUBLE_EQ(relative_l2(std::vector<float>{3, 4}, std::vector<float>{0, 4}), 0.75);
  EXPECT_EQ(relative_l2(std::vector<float>{-1, 2}, std::vector<float>{-1, 2}), 0.0);
}

TEST(RelativeL2, IsInfiniteWhereItMeansNothing) {
  EXPECT_EQ(relative_l2(std::vector<float>{kNanF}, std::vector<float>{1}), kInf);
  EXPECT_EQ(relative_l2(std::vector<float>{1}, std::vector<float>{kNanF}), kInf);
  EXPECT_EQ(relative_l2(std::vector<float>{kInfF}, std::vector<float>{kInfF}), kInf);
  EXPECT_EQ(relative_l2(std::vector<float>{1}, std::vector<float>{0}), kInf);
  EXPECT_EQ(relative_l2(std::vector<float>{0}, std::vector<float>{0}), 0.0);
  EXPECT_EQ(relative_l2(std::vector<float>{1}, std::vector<float>{1, 2}), kInf);
}

}  // namespace
}  // namespace hermes::test
