// A few rows times a panel, the inner loop of attention, for both of its products: lanes run along the columns of the
// panel, so that every element of the result is one chain of fma in the order of k.
#pragma once

#include "kernels/cpu/always_inline.h"
#include "kernels/cpu/kernel_table.h"

namespace hermes::kernels {

// out[r][c] = sum over k in [k_begin, k_end) of a[r][k] * b[k][c], for c < columns, a multiple of 16; added to what out
// holds, or to zero. B's elements widen exactly.
template <class B>
struct OuterProducts {
  const float* a;
  int64_t a_stride;
  const B* b;
  int64_t b_stride;
  float* out;
  int64_t out_stride;
  int64_t columns;
  int64_t k_begin, k_end;
  bool from_zero;
  const char* ahead;   // memory that is wanted soon: some of it is asked for with each k
  int64_t ahead_step;  // bytes
};

// R rows by C vectors, from column `c0`.
template <class V, int R, int C, class B>
HERMES_INLINE void outer_products_block(const OuterProducts<B>& p, int64_t c0) {
  V sums[R * C];
  unrolled<R * C>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int r = decltype(i)::value / C, c = decltype(i)::value % C;
    sums[r * C + c] = p.from_zero ? V::zero() : V::load(p.out + r * p.out_stride + c0 + c * V::kCount);
  });
  for (int64_t k = p.k_begin; k < p.k_end; ++k) {
    for (int64_t at = 0; at < p.ahead_step; at += 64) __builtin_prefetch(p.ahead + k * p.ahead_step + at, 0, 2);
    V row[C];
    unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
      row[decltype(c)::value] = V::load(p.b + k * p.b_stride + c0 + decltype(c)::value * V::kCount);
    });
    unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
      const V x = V::broadcast(p.a[decltype(r)::value * p.a_stride + k]);
      unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
        V& sum = sums[decltype(r)::value * C + decltype(c)::value];
        sum = fma(x, row[decltype(c)::value], sum);
      });
    });
  }
  unrolled<R * C>([&](auto i) HERMES_LAMBDA_INLINE {
    constexpr int r = decltype(i)::value / C, c = decltype(i)::value % C;
    sums[r * C + c].store(p.out + r * p.out_stride + c0 + c * V::kCount);
  });
}

template <class V, int R, class B>
__attribute__((noinline)) void outer_products_of(OuterProducts<B> p) {
  constexpr int kWide = V::kAttentionCols * V::kCount;
  int64_t c = 0;
  for (; c + kWide <= p.columns; c += kWide) {
    outer_products_block<V, R, V::kAttentionCols>(p, c);
    p.ahead += p.ahead_step * (p.k_end - p.k_begin);
  }
  if constexpr (V::kAttentionCols > 2) {
    for (; c + 2 * V::kCount <= p.columns; c += 2 * V::kCount) outer_products_block<V, R, 2>(p, c);
  }
  for (; c < p.columns; c += V::kCount) outer_products_block<V, R, 1>(p, c);
}

// rows <= V::kAttentionRows.
template <class V, class B, int R = V::kAttentionRows>
HERMES_INLINE void outer_products(int64_t rows, const OuterProducts<B>& p) {
  if constexpr (R == 1) {
    outer_products_of<V, 1>(p);
  } else if (rows == R) {
    outer_products_of<V, R>(p);
  } else {
    outer_products<V, B, R - 1>(rows, p);
  }
}

}  // namespace hermes::kernels
