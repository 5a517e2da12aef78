// Loops that do nothing but multiply or read, to measure what the processor can do at most (machine_limits.h).
#pragma once

#include "kernels/cpu/always_inline.h"
#include "kernels/cpu/kernel_table.h"

namespace hermes::kernels {

// Enough independent sums to hide the latency of an fma, few enough to stay in registers.
template <class V>
inline constexpr int kLimitSums = V::kLinearRows* V::kLinearCols < 16 ? V::kLinearRows* V::kLinearCols : 16;
inline constexpr int kLimitRepeats = 8;

template <class V, class Chunk>
float fma_rounds(Chunk x, int64_t rounds) {
  constexpr int kSums = kLimitSums<V>;
  V sums[kSums];
  // Each starts elsewhere: a compiler that saw equal sums would compute one of them.
  unrolled<kSums>([&](auto i) HERMES_LAMBDA_INLINE {
    sums[decltype(i)::value] = V::broadcast(static_cast<float>(decltype(i)::value));
  });
  for (int64_t round = 0; round < rounds; ++round) {
    unrolled<kSums * kLimitRepeats>([&](auto i) HERMES_LAMBDA_INLINE {
      V& s = sums[decltype(i)::value % kSums];
      s = fma(x, x, s);
    });
  }
  V total = V::zero();
  unrolled<kSums>([&](auto i) HERMES_LAMBDA_INLINE { total = total + sums[decltype(i)::value]; });
  return sum(total);
}

template <class V>
float f32_fma_rounds(int64_t rounds) {
  return fma_rounds<V>(V::broadcast(0.5F), rounds);
}
template <class V, class Pairs>
float bf16_fma_rounds(int64_t rounds) {
  Bf16 half[32];
  for (Bf16& x : half) x = Bf16{0x3F00};
  return fma_rounds<V>(Pairs::load(half), rounds);
}

// Dots of bytes, as products with block-quantised weights take them; what they add up to is of no interest. kAlike: the
// operands of all are the same registers; where a dot is several instructions, the compiler would then compute part of it
// once, and each has bytes of its own.
template <class Q, bool kAlike>
float int8_dot_rounds(int64_t rounds) {
  using V = typename Q::Lanes;
  constexpr int kSums = kLimitSums<V>, kDots = kSums * kLimitRepeats;
  uint8_t weights[64];
  int8_t others[4 * kDots];
  for (uint8_t& w : weights) w = static_cast<uint8_t>(rounds % 2);
  for (int8_t& x : others) x = static_cast<int8_t>(rounds % 3 - 1);
  typename Q::Ints sums[kSums];
  unrolled<kSums>([&](auto i) HERMES_LAMBDA_INLINE { sums[i.value] = Q::Ints::broadcast(decltype(i)::value); });
  for (int64_t round = 0; round < rounds; ++round) {
    asm volatile("" : : "r"(weights), "r"(others) : "memory");
    const auto w = Q::Bytes::load(weights);
    unrolled<kDots>([&](auto i) HERMES_LAMBDA_INLINE {
      constexpr int n = decltype(i)::value;
      sums[n % kSums] = dot(sums[n % kSums], w, others + (kAlike ? 0 : 4 * n));
    });
  }
  V total = V::zero();
  unrolled<kSums>([&](auto i) HERMES_LAMBDA_INLINE { total = total + to_float(sums[i.value]); });
  return sum(total);
}

// The sum of x: one stream, n a multiple of 128.
template <class V>
float read_all(const float* x, int64_t n) {
  V sums[8];
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE { sums[decltype(i)::value] = V::zero(); });
  for (int64_t at = 0; at < n; at += 8 * V::kCount) {
    unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE {
      const float* from = x + at + decltype(i)::value * V::kCount;
      __builtin_prefetch(reinterpret_cast<const char*>(from) + 2048);
      sums[decltype(i)::value] = sums[decltype(i)::value] + V::load(from);
    });
  }
  V total = V::zero();
  unrolled<8>([&](auto i) HERMES_LAMBDA_INLINE { total = total + sums[decltype(i)::value]; });
  return sum(total);
}

template <class Q, class Pairs, bool kDotIsOneInstruction>
constexpr LimitKernels make_limit_kernels() {
  using V = typename Q::Lanes;
  const int64_t sums = kLimitSums<V> * kLimitRepeats;
  return {f32_fma_rounds<V>,    bf16_fma_rounds<V, Pairs>, int8_dot_rounds<Q, kDotIsOneInstruction>,
          sums * V::kCount * 2, sums * Pairs::kCount * 2,  sums * V::kCount * 4 * 2,
          read_all<V>};
}

}  // namespace hermes::kernels
