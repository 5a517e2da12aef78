// The one way tests compare numbers: ok iff |actual - expected| <= tolerance. A NaN anywhere fails, and so
// does an infinity, unless both are the same one and the test says that this is right.
#pragma once

#include <gtest/gtest.h>

#include <span>

namespace hermes::test {

enum class Infinities { kFail, kMayBeEqual };

bool is_close(double actual, double expected, double tolerance, Infinities infinities = Infinities::kFail);

// EXPECT_TRUE(all_close(y, reference, tolerance)); on failure the message names the worst place and both values.
testing::AssertionResult all_close(std::span<const float> actual, std::span<const float> expected, double tolerance,
                                   Infinities infinities = Infinities::kFail);
// A tolerance for each element.
testing::AssertionResult all_close(std::span<const float> actual, std::span<const float> expected,
                                   std::span<const double> tolerances, Infinities infinities = Infinities::kFail);

// Equal as bit patterns: tells -0 from 0, and one NaN from another.
testing::AssertionResult same_bits(std::span<const float> actual, std::span<const float> expected);

// |actual - expected| / |expected| in the Euclidean norm; infinity where a value is not finite, or where
// expected is all zeros and actual is not.
double relative_l2(std::span<const float> actual, std::span<const float> expected);

}  // namespace hermes::test
