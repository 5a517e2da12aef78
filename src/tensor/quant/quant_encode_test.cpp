// Against ggml (testdata/quant_goldens.json, tools/quant_make_goldens.py): the same bytes where its rounding is a formula,
// at most its error where it is a search; and the laws that encoders keep.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "tensor/quant/quant_format.h"
#include "tensor/quant/quant_goldens_for_test.h"

namespace hermes {
namespace {

constexpr DType kEncoded[] = {DType::kQ4_0,   DType::kQ4_1,   DType::kQ5_0, DType::kQ5_1, DType::kQ8_0,
                              DType::kQ2_K,   DType::kQ3_K,   DType::kQ4_K, DType::kQ5_K, DType::kQ6_K,
                              DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4};

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Blocks over memory that holds `before`, since every byte of a block must be written.
std::vector<uint8_t> encoded(DType dtype, const std::vector<float>& x, const std::vector<float>& importance = {},
                             uint8_t before = 0xA5) {
  std::vector<uint8_t> blocks(bytes_of(dtype, static_cast<int64_t>(x.size())), before);
  quant_format(dtype)->encode(x.data(), static_cast<int64_t>(x.size()),
                              importance.empty() ? nullptr : importance.data(), blocks.data());
  return blocks;
}
std::vector<float> decoded(DType dtype, const std::vector<uint8_t>& blocks, size_t n) {
  std::vector<float> x(n);
  quant_format(dtype)->decode(blocks.data(), static_cast<int64_t>(n), x.data());
  return x;
}
std::vector<float> round_trip(DType dtype, const std::vector<float>& x, const std::vector<float>& importance = {}) {
  return decoded(dtype, encoded(dtype, x, importance), x.size());
}
double squared_error(const std::vector<float>& x, const std::vector<float>& y, const std::vector<float>& importance) {
  double total = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double difference = static_cast<double>(y[i]) - static_cast<double>(x[i]);
    total += (importance.empty() ? 1.0 : static_cast<double>(importance[i])) * difference * difference;
  }
  return total;
}
double energy(const std::vector<float>& x) { return squared_error(x, std::vector<float>(x.size()), {}); }

TEST(QuantEncode, RowsAreTheGoldensOwn) {
  const test::QuantGoldens& goldens = test::quant_goldens();
  for (size_t i = 0; i < goldens.kinds.size(); ++i) {
    const std::vector<float> row = test::golden_row(goldens.kinds[i]);
    EXPECT_EQ(test::hash_of(row.data(), row.size() * sizeof(float)), goldens.hashes[i]) << goldens.kinds[i];
  }
  const std::vector<float> importance = test::golden_importance();
  EXPECT_EQ(test::hash_of(importance.data(), importance.size() * sizeof(float)), goldens.importance);
}

TEST(QuantEncode, PlainTypesGiveGgmlsBytes) {
  int n_rows = 0;
  for (const DType dtype : kEncoded) {
    for (const test::GoldenRow& golden : test::golden_of(dtype).rows) {
      // Of denormals ggml converts infinities to integers, which may give anything.
      if (golden.bytes.empty() || golden.kind == "denormal") continue;
      const std::vector<uint8_t> blocks = encoded(dtype, test::golden_row(golden.kind));
      EXPECT_EQ(test::hash_of(blocks.data(), blocks.size()), golden.bytes) << name_of(dtype) << " " << golden.kind;
      ++n_rows;
    }
  }
  EXPECT_EQ(n_rows, 5 * 12);
}

// Our squared error over ggml's, at most: 1, and the roundings of sums in another order where the bytes are the same.
constexpr double kAtMostGgmls = 1 + 1e-12;
// A straight line, and elements all of one sign under a scale alone, have many errors nearly as small as the smallest, and
// the luck of either search decides. (Elsewhere on these rows ours is far smaller.)
constexpr double kAtMostGgmlsByLuck = 1.02;
// What the rounding of a scale to F16 may cost, of the sum of squares: where a row's levels fit a type, that is all.
constexpr double kScaleRounding = 0x1.0p-22;

double bound_of(const std::string& kind, double ggmls, double sum_of_squares) {
  const bool luck = kind == "ramp" || kind == "positive" || kind == "negative";
  const double bound = (luck ? kAtMostGgmlsByLuck : kAtMostGgmls) * ggmls;
  return kind == "ternary" ? std::max(bound, kScaleRounding * sum_of_squares) : bound;
}

TEST(QuantEncode, ErrorIsAtMostGgmls) {
  const std::vector<float> importance = test::golden_importance();
  for (const DType dtype : kEncoded) {
    for (const test::GoldenRow& golden : test::golden_of(dtype).rows) {
      const std::vector<float> x = test::golden_row(golden.kind), zeros(x.size());
      EXPECT_LE(squared_error(x, round_trip(dtype, x), {}),
                bound_of(golden.kind, golden.error, squared_error(x, zeros, {})))
          << name_of(dtype) << " " << golden.kind;
      EXPECT_LE(squared_error(x, round_trip(dtype, x, importance), importance),
                bound_of(golden.kind, golden.weighted_error, squared_error(x, zeros, importance)))
          << name_of(dtype) << " " << golden.kind << ", by importance";
    }
  }
}

// On what weights look like the error is smaller by a margin: the share of ggml's that was measured, and a little more.
TEST(QuantEncode, ErrorIsSmallerOnOrdinaryRows) {
  struct Margin {
    DType dtype;
    double without, with;  // importance; of the squared error
  };
  constexpr Margin kMargins[] = {
      {DType::kQ4_0, 1, 0.93},     {DType::kQ4_1, 1, 0.94},      {DType::kQ5_0, 1, 0.93},
      {DType::kQ5_1, 1, 0.93},     {DType::kQ8_0, 1, 0.9},       {DType::kQ2_K, 0.79, 0.87},
      {DType::kQ3_K, 0.93, 0.94},  {DType::kQ4_K, 0.95, 0.93},   {DType::kQ5_K, 0.91, 0.88},
      {DType::kQ6_K, 0.92, 0.9},   {DType::kIQ4_NL, 0.95, 0.94}, {DType::kIQ4_XS, 0.95, 0.91},
      {DType::kMXFP4, 0.99, 0.99},
  };
  const std::vector<float> importance = test::golden_importance();
  for (const Margin& margin : kMargins) {
    const test::GoldenFormat& format = test::golden_of(margin.dtype);
    for (const test::GoldenRow& golden : format.rows) {
      if (golden.kind != "normal" && golden.kind != "heavy") continue;
      const std::vector<float> x = test::golden_row(golden.kind);
      const double share = squared_error(x, round_trip(margin.dtype, x), {}) / golden.error;
      const double weighted =
          squared_error(x, round_trip(margin.dtype, x, importance), importance) / golden.weighted_error;
      EXPECT_LE(share, margin.without + 1e-12) << name_of(margin.dtype) << " " << golden.kind;
      EXPECT_LE(weighted, margin.with) << name_of(margin.dtype) << " " << golden.kind;
    }
  }
}

// Blocks stand alone: a row in parts, and eight blocks or fewer at a time, give the bytes of the whole.
TEST(QuantEncode, APartGivesThePartsBytes) {
  for (const DType dtype : kEncoded) {
    const auto step = static_cast<size_t>(info_of(dtype).block_elements);
    for (const std::vector<float>& importance : {std::vector<float>(), test::golden_importance()}) {
      std::vector<float> x = test::golden_row("heavy");
      x.resize(1024);
      std::fill(x.begin() + 256, x.begin() + 512, 0.0F);  // nothing of the block before may be left
      std::vector<float> w(importance.begin(), importance.begin() + (importance.empty() ? 0 : 1024));
      for (size_t i = 0; i < w.size(); ++i) w[i] *= std::ldexp(1.0F, -30 * static_cast<int>(i / 32 % 4));
      const std::vector<uint8_t> whole = encoded(dtype, x, w);
      for (size_t first = 0; first < x.size(); first += step) {
        for (const size_t n : {step, 3 * step, 9 * step}) {
          if (first + n > x.size()) continue;
          const auto at = static_cast<std::ptrdiff_t>(first), end = static_cast<std::ptrdiff_t>(first + n);
          const std::vector<float> part(x.begin() + at, x.begin() + end);
          const std::vector<float> part_w(w.empty() ? w.end() : w.begin() + at, w.empty() ? w.end() : w.begin() + end);
          const auto byte = static_cast<std::ptrdiff_t>(bytes_of(dtype, static_cast<int64_t>(first)));
          const auto n_bytes = static_cast<std::ptrdiff_t>(bytes_of(dtype, static_cast<int64_t>(n)));
          ASSERT_EQ(encoded(dtype, part, part_w),
                    std::vector<uint8_t>(whole.begin() + byte, whole.begin() + byte + n_bytes))
              << name_of(dtype) << " from " << first << ", " << n << " elements";
        }
      }
    }
  }
}

TEST(QuantEncode, WritesEveryByte) {
  const std::vector<float> x = test::golden_row("normal"), importance = test::golden_importance();
  for (const DType dtype : kEncoded) {
    EXPECT_EQ(encoded(dtype, x, {}, 0x00), encoded(dtype, x, {}, 0xFF)) << name_of(dtype);
    EXPECT_EQ(encoded(dtype, x, importance, 0x00), encoded(dtype, x, importance, 0xFF)) << name_of(dtype);
  }
}

TEST(QuantEncode, ZerosAreExact) {
  const std::vector<float> zeros(512), ones(512, 1.0F);
  for (const DType dtype : kEncoded) {
    EXPECT_EQ(energy(round_trip(dtype, zeros)), 0) << name_of(dtype);
    EXPECT_EQ(energy(round_trip(dtype, zeros, ones)), 0) << name_of(dtype);
  }
  EXPECT_EQ(encoded(DType::kMXFP4, zeros), std::vector<uint8_t>(272));  // as in ggml the smallest scale
}

// Below what scales can hold, nothing is better than the smallest scale where that would be noise.
TEST(QuantEncode, SmallElementsAreNotMadeLarger) {
  const std::vector<float> normal = test::golden_row("normal"), ones(normal.size(), 1.0F);
  for (const DType dtype : kEncoded) {
    // An offset in F16 may do so, by its rounding.
    if (dtype == DType::kQ4_1 || dtype == DType::kQ5_1) continue;
    for (int e = -40; e <= -10; ++e) {
      std::vector<float> x = normal;
      for (float& v : x) v = std::ldexp(v, e);
      EXPECT_LE(squared_error(x, round_trip(dtype, x), {}), energy(x)) << name_of(dtype) << " 2^" << e;
      EXPECT_LE(squared_error(x, round_trip(dtype, x, ones), {}), energy(x)) << name_of(dtype) << " 2^" << e;
    }
  }
}

// Equal elements: a scale and perhaps an offset in F16 are the only roundings, but where the scale is a power of two.
TEST(QuantEncode, ConstantsAreNearlyExact) {
  constexpr float kF16Rounding = 0x1.0p-11F;
  for (const DType dtype : kEncoded) {
    if (dtype == DType::kMXFP4) continue;
    for (const float c : {1.0F, -1.0F, 0.37F, -3.7F, 100.3F}) {
      const std::vector<float> x(256, c);
      for (const float y : round_trip(dtype, x)) {
        ASSERT_LE(std::fabs(y - c), 2 * kF16Rounding * std::fabs(c)) << name_of(dtype) << " " << c;
      }
    }
  }
}

// Far from zero the offset's rounding to F16 is as large as a step of q: the scale that fits what the offset has become
// saves a quarter of the error and more.
TEST(QuantEncode, TheScaleFitsTheRoundedOffset) {
  std::vector<float> x = test::golden_row("normal");
  const std::vector<float> ones(x.size(), 1.0F);
  double variance = 0;
  for (float& v : x) {
    v *= 30.0F;
    variance += static_cast<double>(v) * static_cast<double>(v);
    v += 2000.0F;
  }
  EXPECT_LE(squared_error(x, round_trip(DType::kQ4_1, x, ones), {}), 0.0145 * variance);
  EXPECT_LE(squared_error(x, round_trip(DType::kQ5_1, x, ones), {}), 0.008 * variance);
}

// What is not finite takes part as something that is.
TEST(QuantEncode, NanCountsAsZeroAndInfinityAsTheLargest) {
  const float largest = std::numeric_limits<float>::max();
  for (const DType dtype : kEncoded) {
    for (const bool weighted : {false, true}) {
      std::vector<float> x = test::golden_row("normal"), y = x, importance = test::golden_importance();
      if (!weighted) importance.clear();
      for (size_t i = 5; i < x.size(); i += 97) {
        x[i] = i % 2 == 0 ? kNan : -kNan;
        y[i] = 0;
      }
      EXPECT_EQ(encoded(dtype, x, importance), encoded(dtype, y, importance)) << name_of(dtype);
      x[700] = y[700] = kInfinity;
      x[1700] = y[1700] = -kInfinity;
      y[700] = largest;
      y[1700] = -largest;
      EXPECT_EQ(encoded(dtype, x, importance), encoded(dtype, y, importance)) << name_of(dtype);
      for (const float v : round_trip(dtype, x, importance)) ASSERT_TRUE(std::isfinite(v)) << name_of(dtype);
    }
  }
}

// Any bits as weights and as importance: nothing may hang, break or leave a number that is not finite.
TEST(QuantEncode, TakesAnyBits) {
  const std::vector<uint8_t> noise = test::random_blocks(DType::kQ6_K);
  std::vector<float> x(4096), importance(4096);
  for (size_t i = 0; i < x.size(); ++i) {
    std::memcpy(&x[i], noise.data() + 4 * i, sizeof x[i]);
    std::memcpy(&importance[i], noise.data() + 4 * i + 20000, sizeof importance[i]);
  }
  for (const DType dtype : kEncoded) {
    for (const float v : round_trip(dtype, x)) ASSERT_TRUE(std::isfinite(v)) << name_of(dtype);
    for (const float v : round_trip(dtype, x, importance)) ASSERT_TRUE(std::isfinite(v)) << name_of(dtype);
  }
}

TEST(QuantEncode, LargeElementsSaturate) {
  for (const DType dtype : kEncoded) {
    for (const float large : {1e30F, 3e38F}) {
      std::vector<float> x(256, large);
      for (size_t i = 0; i < x.size(); i += 2) x[i] = -large;
      const std::vector<float> y = round_trip(dtype, x);
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_TRUE(std::isfinite(y[i])) << name_of(dtype);
        ASSERT_EQ(std::signbit(y[i]), std::signbit(x[i])) << name_of(dtype);
        ASSERT_GE(std::fabs(y[i]), 65504.0F) << name_of(dtype);
      }
    }
  }
}

// Minimums cannot be negative, but units can: positive elements are the mirror image of negative ones.
TEST(QuantEncode, PositiveMirrorsNegative) {
  const std::vector<float> positive = test::golden_row("positive"), negative = test::golden_row("negative");
  for (const DType dtype : {DType::kQ2_K, DType::kQ4_K, DType::kQ5_K}) {
    std::vector<float> mirrored = round_trip(dtype, negative);
    for (float& v : mirrored) v = -v;
    EXPECT_EQ(round_trip(dtype, positive), mirrored) << name_of(dtype);
  }
}

// Where the scale that fits would be 0 in F16, the smallest one above it still serves.
TEST(QuantEncode, SmallestScaleServes) {
  std::vector<float> x = test::golden_row("normal");
  for (float& v : x) v = std::ldexp(v, -15);
  for (const DType dtype : {DType::kQ3_K, DType::kQ4_K, DType::kQ5_K, DType::kQ6_K}) {
    EXPECT_LE(squared_error(x, round_trip(dtype, x), {}), 0.05 * energy(x)) << name_of(dtype);
  }
}

// Importance is a ratio: a power of two changes no byte, and where there is none, all elements are equal.
TEST(QuantEncode, ImportanceIsRelative) {
  const std::vector<float> x = test::golden_row("heavy"), importance = test::golden_importance();
  for (const DType dtype : kEncoded) {
    std::vector<float> larger = importance, smaller = importance;
    for (float& w : larger) w *= 0x1.0p60F;
    for (float& w : smaller) w *= 0x1.0p-40F;
    EXPECT_EQ(encoded(dtype, x, larger), encoded(dtype, x, importance)) << name_of(dtype);
    EXPECT_EQ(encoded(dtype, x, smaller), encoded(dtype, x, importance)) << name_of(dtype);
    EXPECT_EQ(encoded(dtype, x, std::vector<float>(x.size())), encoded(dtype, x, std::vector<float>(x.size(), 1.0F)))
        << name_of(dtype);
  }
}

// An outlier that does not count leaves the others as exact as they are without it.
TEST(QuantEncode, WhatHasNoImportanceCostsNothing) {
  std::vector<float> x = test::golden_row("normal"), importance(x.size(), 1.0F), without = x;
  for (size_t i = 3; i < x.size(); i += 32) {
    importance[i] = 0;
    x[i] = i % 64 == 3 ? 1000.0F : -1000.0F;
    without[i] = 0;
  }
  for (const DType dtype : kEncoded) {
    if (dtype == DType::kMXFP4) continue;  // its scales are looked for near the largest element
    const double with_outliers = squared_error(x, round_trip(dtype, x, importance), importance);
    const double no_outliers = squared_error(without, round_trip(dtype, without, importance), importance);
    EXPECT_LE(with_outliers, 1.001 * no_outliers) << name_of(dtype);
  }
}

// Blocks that were decoded are encoded without further loss: exactly, where the scale follows from the largest element or
// is a power of two; nearly, where it is the sub-block's own. Under common units the search need not find the same ones
// again, but what is lost is little beside what the first time lost.
TEST(QuantEncode, TwiceIsOnce) {
  constexpr double kNearly = 1e-4, kLittle = 0.25;  // of the squared error of the first time
  for (const DType dtype : kEncoded) {
    const bool exact =
        dtype == DType::kQ4_0 || dtype == DType::kQ5_0 || dtype == DType::kQ8_0 || dtype == DType::kMXFP4;
    const double share = exact ? 0 : info_of(dtype).block_elements == 32 ? kNearly : kLittle;
    for (const char* kind : {"normal", "heavy", "sparse", "positive"}) {
      const std::vector<float> x = test::golden_row(kind), once = round_trip(dtype, x), twice = round_trip(dtype, once);
      EXPECT_LE(squared_error(once, twice, {}), share * squared_error(x, once, {})) << name_of(dtype) << " " << kind;
    }
  }
}

}  // namespace
}  // namespace hermes
