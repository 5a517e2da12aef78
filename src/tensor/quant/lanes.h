// Eight floats that take the same steps, one for each of eight sub-blocks. The encoders' searches add up along a
// sub-block and never across lanes, so that the order of every sum is plain to see and the same for any width of
// register. Written with the vector types that GCC and clang share, two of four floats: loops over arrays are not made
// vectors of by GCC 12 where they compare.
#pragma once

#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace hermes::quant {

class Lanes {
 public:
  static constexpr int kWidth = 8;
  Lanes() = default;  // zeros
  explicit Lanes(float x) : low_(Quad{} + x), high_(Quad{} + x) {}

  static Lanes load(const float* p) {
    Quad low, high;
    std::memcpy(&low, p, sizeof low);
    std::memcpy(&high, p + 4, sizeof high);
    return {low, high};
  }
  void store(float* p) const {
    std::memcpy(p, &low_, sizeof low_);
    std::memcpy(p + 4, &high_, sizeof high_);
  }

  friend Lanes operator+(Lanes a, Lanes b) { return {a.low_ + b.low_, a.high_ + b.high_}; }
  friend Lanes operator-(Lanes a, Lanes b) { return {a.low_ - b.low_, a.high_ - b.high_}; }
  friend Lanes operator*(Lanes a, Lanes b) { return {a.low_ * b.low_, a.high_ * b.high_}; }
  friend Lanes operator/(Lanes a, Lanes b) { return {a.low_ / b.low_, a.high_ / b.high_}; }
  Lanes& operator+=(Lanes b) { return *this = *this + b; }

  // Where a < b `then`, else (with NaN too) `otherwise`.
  friend Lanes where_less(Lanes a, Lanes b, Lanes then, Lanes otherwise) {
    return {a.low_ < b.low_ ? then.low_ : otherwise.low_, a.high_ < b.high_ ? then.high_ : otherwise.high_};
  }
  // b where a is NaN. By name on x86, where GCC 12 writes four instructions for a minimum with a constant.
#ifdef __SSE2__
  friend Lanes min(Lanes a, Lanes b) { return {_mm_min_ps(a.low_, b.low_), _mm_min_ps(a.high_, b.high_)}; }
  friend Lanes max(Lanes a, Lanes b) { return {_mm_max_ps(a.low_, b.low_), _mm_max_ps(a.high_, b.high_)}; }
#else
  friend Lanes min(Lanes a, Lanes b) { return where_less(a, b, a, b); }
  friend Lanes max(Lanes a, Lanes b) { return where_less(b, a, a, b); }
#endif

  // 0 where x is NaN.
  friend Lanes without_nan(Lanes x) {
    return {x.low_ == x.low_ ? x.low_ : Quad{}, x.high_ == x.high_ ? x.high_ : Quad{}};
  }
  // To the nearest integer, ties to even, of |x| < 2^22: beyond 2^23 floats have no fraction left.
  friend Lanes round(Lanes x) {
    const Lanes big(12582912.0F);
    return (x + big) - big;
  }
  // Without its fraction, of |x| < 2^31.
  friend Lanes truncate(Lanes x) {
    return {__builtin_convertvector(__builtin_convertvector(x.low_, Integers), Quad),
            __builtin_convertvector(__builtin_convertvector(x.high_, Integers), Quad)};
  }
  void store_integers(int* p) const {
    const Integers low = __builtin_convertvector(low_, Integers), high = __builtin_convertvector(high_, Integers);
    std::memcpy(p, &low, sizeof low);
    std::memcpy(p + 4, &high, sizeof high);
  }

 private:
  using Quad = float __attribute__((vector_size(16)));
  using Integers = int __attribute__((vector_size(16)));
  Lanes(Quad low, Quad high) : low_(low), high_(high) {}
  Quad low_{}, high_{};
};

inline Lanes absolute(Lanes x) { return max(x, Lanes() - x); }
inline Lanes clamped(Lanes x, float low, float high) { return min(max(x, Lanes(low)), Lanes(high)); }
// 1 / x, and 0 for 0.
inline Lanes inverse(Lanes x) {
  const Lanes magnitude = absolute(x);
  return where_less(Lanes(), magnitude, Lanes(1.0F) / where_less(Lanes(), magnitude, x, Lanes(1.0F)), Lanes());
}
// The one sum across lanes: of lanes i and i + 4, then of two and two of these.
inline double sum(Lanes x) {
  float v[Lanes::kWidth];
  x.store(v);
  const auto pair = [&](int i) { return static_cast<double>(v[i]) + static_cast<double>(v[i + 4]); };
  return (pair(0) + pair(2)) + (pair(1) + pair(3));
}
inline float largest(Lanes x) {
  float values[Lanes::kWidth];
  x.store(values);
  float result = values[0];
  for (const float v : values) result = v > result ? v : result;
  return result;
}

}  // namespace hermes::quant
