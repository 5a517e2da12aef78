#include "support/close.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace hermes::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// How far beyond its tolerance a pair is; what is not a number is worst of all.
double excess(double actual, double expected, double tolerance) {
  const double difference = std::fabs(actual - expected);
  return std::isfinite(difference) ? difference - tolerance : kInfinity;
}

template <class Tolerance>
testing::AssertionResult compare(std::span<const float> actual, std::span<const float> expected, Infinities infinities,
                                 const Tolerance& tolerance) {
  if (actual.size() != expected.size()) {
    return testing::AssertionFailure() << actual.size() << " values, expected " << expected.size();
  }
  size_t n_wrong = 0, worst = 0;
  double worst_excess = -kInfinity;
  for (size_t i = 0; i < actual.size(); ++i) {
    const auto a = static_cast<double>(actual[i]), e = static_cast<double>(expected[i]);
    if (is_close(a, e, tolerance(i), infinities)) continue;
    if (n_wrong++ == 0 || excess(a, e, tolerance(i)) > worst_excess) {
      worst = i;
      worst_excess = excess(a, e, tolerance(i));
    }
  }
  if (n_wrong == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << n_wrong << " of " << actual.size() << " are wrong; worst at [" << worst
                                     << "]: " << actual[worst] << ", expected " << expected[worst] << ", tolerance "
                                     << tolerance(worst);
}

}  // namespace

bool is_close(double actual, double expected, double tolerance, Infinities infinities) {
  if (std::isinf(actual) || std::isinf(expected)) return infinities == Infinities::kMayBeEqual && actual == expected;
  return std::fabs(actual - expected) <= tolerance;  // false where anything is NaN
}

testing::AssertionResult all_close(std::span<const float> actual, std::span<const float> expected, double tolerance,
                                   Infinities infinities) {
  return compare(actual, expected, infinities, [&](size_t) { return tolerance; });
}

testing::AssertionResult all_close(std::span<const float> actual, std::span<const float> expected,
                                   std::span<const double> tolerances, Infinities infinities) {
  if (tolerances.size() != expected.size()) {
    return testing::AssertionFailure() << tolerances.size() << " tolerances for " << expected.size() << " values";
  }
  return compare(actual, expected, infinities, [&](size_t i) { return tolerances[i]; });
}

testing::AssertionResult same_bits(std::span<const float> actual, std::span<const float> expected) {
  if (actual.size() != expected.size()) {
    return testing::AssertionFailure() << actual.size() << " values, expected " << expected.size();
  }
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::bit_cast<uint32_t>(actual[i]) != std::bit_cast<uint32_t>(expected[i])) {
      return testing::AssertionFailure() << "bits differ first at [" << i << "]: " << actual[i] << " and "
                                         << expected[i] << ", apart by " << actual[i] - expected[i];
    }
  }
  return testing::AssertionSuccess();
}

double relative_l2(std::span<const float> actual, std::span<const float> expected) {
  if (actual.size() != expected.size()) return kInfinity;
  double difference = 0, norm = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const auto a = static_cast<double>(actual[i]), e = static_cast<double>(expected[i]);
    difference += (a - e) * (a - e);
    norm += e * e;
  }
  if (!std::isfinite(difference) || !std::isfinite(norm)) return kInfinity;
  if (difference == 0) return 0;
  return std::sqrt(difference / norm);  // infinity where norm is 0
}

}  // namespace hermes::test
