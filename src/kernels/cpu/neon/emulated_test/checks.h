// NEON beside scalar, bit for bit: a program of its own without any library, so that it can be built with a cross compiler
// and run under emulation where there is no ARM processor. Each check gives the same numbers to both sets of kernels; the
// first difference is named and ends the program with status 1.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

#include "base/rng.h"
#include "kernels/cpu/kernel_table.h"

namespace hermes::kernels {

inline const KernelTable kScalarSet{scalar::kLinear, scalar::kLaneGemm, scalar::kAttention, scalar::kRows,
                                    scalar::kLimits, scalar::kTraining, scalar::kQuant};
inline const KernelTable kNeonSet{neon::kLinear, neon::kLaneGemm, neon::kAttention, neon::kRows,
                                  neon::kLimits, neon::kTraining, neon::kQuant};

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "NEON differs from scalar: %s\n", what.c_str());
  std::exit(1);
}

// Equal bits, or NaN both: which NaN a sum of two is depends on the order that the compiler gave it.
template <class T>
bool same_value(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) && std::isnan(b)) return true;
  }
  if constexpr (std::is_same_v<T, F16>) {
    if ((a.bits & 0x7FFF) > 0x7C00 && (b.bits & 0x7FFF) > 0x7C00) return true;
  }
  return __builtin_memcmp(&a, &b, sizeof(T)) == 0;
}

template <class T>
std::string shown(const T& x) {
  char text[64];
  if constexpr (std::is_floating_point_v<T>) {
    std::snprintf(text, sizeof text, "%a", static_cast<double>(x));
  } else if constexpr (std::is_integral_v<T>) {
    std::snprintf(text, sizeof text, "%lld", static_cast<long long>(x));
  } else if constexpr (std::is_same_v<T, std::byte>) {
    std::snprintf(text, sizeof text, "byte %x", static_cast<unsigned>(x));
  } else {
    std::snprintf(text, sizeof text, "bits %x", static_cast<unsigned>(x.bits));
  }
  return text;
}

template <class T>
void expect_same(const std::string& what, const std::vector<T>& by_scalar, const std::vector<T>& by_neon) {
  if (by_scalar.size() != by_neon.size()) fail(what + ": sizes");
  for (size_t i = 0; i < by_scalar.size(); ++i) {
    if (same_value(by_scalar[i], by_neon[i])) continue;
    fail(what + ", element " + std::to_string(i) + ": scalar " + shown(by_scalar[i]) + ", NEON " + shown(by_neon[i]));
  }
}
// run(set): a vector of what the set computed.
template <class Run>
void compare(const std::string& what, const Run& run) {
  expect_same(what, run(kScalarSet), run(kNeonSet));
}

inline size_t size(int64_t n) { return static_cast<size_t>(n); }
inline int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// Normal numbers; a seed for each use.
inline std::vector<float> numbers(int64_t n, uint64_t seed, float deviation = 1) {
  Rng rng(seed);
  std::vector<float> x(size(n));
  for (float& e : x) e = static_cast<float>(rng.normal()) * deviation;
  return x;
}
inline constexpr float kDenormal = 0x1.8p-130F, kInfinity = __builtin_inff();
// Some of them, in places that the seed tells, replaced by what is special.
inline void sprinkle(std::vector<float>& x, std::initializer_list<float> special, uint64_t seed) {
  Rng rng(seed, 1);
  for (const float e : special) x[rng.below(x.size())] = e;
}
template <class T>
std::vector<T> narrowed(const std::vector<float>& x) {
  std::vector<T> out;
  for (const float e : x) {
    if constexpr (std::is_same_v<T, float>) out.push_back(e);
    if constexpr (std::is_same_v<T, F16>) out.push_back(to_f16(e));
    if constexpr (std::is_same_v<T, Bf16>) out.push_back(to_bf16(e));
  }
  return out;
}

void check_rows();
void check_linear();
void check_quant();
void check_attention();
void check_training();
void check_limits();

}  // namespace hermes::kernels
