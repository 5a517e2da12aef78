#include "collective/collective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace hermes::collective {
namespace {

using ::testing::ElementsAre;

TEST(Single, SumsAreWhatTheOneRankBrings) {
  const auto single = make_single();
  EXPECT_EQ(single->rank(), 0);
  EXPECT_EQ(single->size(), 1);
  std::array<float, 2> values{1.5F, -2};
  single->all_reduce_sum(std::span<float>(values));
  EXPECT_THAT(values, ElementsAre(1.5F, -2));
  single->barrier();
}

TEST(Agree, OneRankKeepsItsOwnError) {
  const auto single = make_single();
  EXPECT_TRUE(agree(*single, {}).ok());
  EXPECT_EQ(agree(*single, Error::io("disk full")).error().message(), "disk full");
}

}  // namespace
}  // namespace hermes::collective
