// How far from the fp64 reference an F32 kernel may be, derived from the number of its roundings: a sum of n products
// in F32, in any order with chains of at most n, is off by at most n u (|a1 b1| + |a2 b2| + ...), u = 2^-24 (Higham,
// Accuracy and Stability of Numerical Algorithms, section 3.1). Where a kernel misses, mend the kernel.
#pragma once

#include <cmath>
#include <cstdint>

namespace hermes::test {

inline constexpr double kUnitRoundoff = 0x1.0p-24;    // of F32, relative, half an ulp
inline constexpr double kSmallestF32 = 0x1.0p-149;    // steps of the denormal range
inline constexpr double kExpRoundings = 4;            // exp within 2 ulp
inline constexpr int64_t kLanes = 16, kLaneTree = 4;  // sums run in 16 lanes that a tree of 4 levels adds up

// `magnitude` is the sum of |x[k] w[k]|, and |bias|. One rounding for each element of a lane, the tree, the
// bias, and the reference's own.
constexpr double linear_tolerance(int64_t k, double magnitude) {
  const int64_t chain = (k + kLanes - 1) / kLanes;
  return static_cast<double>(chain + kLaneTree + 2) * kUnitRoundoff * magnitude;
}

// 1 / rms to F32, times x, times weight, and the reference's own; the sum of squares is in fp64.
constexpr double rms_norm_tolerance(double expected) { return 4.01 * kUnitRoundoff * expected + kSmallestF32; }

// cos and sin to F32, their products with a and b, the sum, the reference's own.
constexpr double rope_tolerance(double abs_a, double abs_b) { return 4.01 * kUnitRoundoff * (abs_a + abs_b); }

// exp, 1 + exp, the quotient, the product, the reference's own. Below gate = -88.7 exp(-gate) is infinite in F32 and
// the result 0, where it should be at most kSiluUnderflow |up|.
inline constexpr double kSiluUnderflow = 2.7e-37;
constexpr double swiglu_tolerance(double abs_expected, double abs_up) {
  return (kExpRoundings + 4.01) * kUnitRoundoff * abs_expected + kSmallestF32 + kSiluUnderflow * abs_up;
}

// x - max is rounded, so exp of it is off by u |x - max|: for the element and, at most `range`, for the sum.
constexpr double softmax_tolerance(double expected, double range) {
  return expected * kUnitRoundoff * (2 * (kExpRoundings + range) + 4) + kSmallestF32;
}

// `score` bounds scale |q| |k|, `value` bounds |v|, over the positions that are seen. A score, with scale q rounded first, is
// off by (D + 1) u score; that moves a weight, and the sum of weights, by as much relative to itself. Then exp of a rounded
// difference, sums of at most a tile, and for each tile that is merged (at a segment's end twice) an exp, an fma; two exp, three
// roundings bound both.
constexpr double attention_tolerance(int64_t head_dim, int64_t tile, int64_t n_tiles, double score, double value) {
  const double scores = static_cast<double>(head_dim + 1) * score;
  const double weights = kExpRoundings + 2 * score + static_cast<double>(tile);
  const double merges = static_cast<double>(n_tiles) * (2 * kExpRoundings + 2 * score + 3);
  return 2 * (scores + weights + merges) * kUnitRoundoff * value;
}

// The same of a Q8_0 cache, beside the same int8 in fp64. A score is a chain of one fma a block of 32 and a rounding for K's
// scale, which the D roundings above cover; a tile's sum of whole numbers has five more: 16383 / unit, a share of it, unit /
// 16383, to F32, times exp. Then w is off by 1/2 for each position of the tile, of 16383 for its highest score: `value` bounds
// 127 v_scale too.
inline constexpr double kWeightSteps = 16383;
constexpr double attention_q8_tolerance(int64_t head_dim, int64_t tile, int64_t n_tiles, double score, double value) {
  return attention_tolerance(head_dim, tile, n_tiles, score, value) + 5 * kUnitRoundoff * value +
         static_cast<double>(tile) / 2 / kWeightSteps * value;
}

// What int8 costs, beside an exact cache: where scores are off by at most `score_error`, weights are by exp of twice that, and
// so is the mean of values up to `value`; and a value is off by half its scale, and 2^-15 (ops/int8_blocks.h).
inline double q8_cache_rounding(double score_error, double value, double value_scale) {
  return std::expm1(2 * score_error) * value + (0.5 + 0x1p-15) * value_scale;
}

}  // namespace hermes::test
