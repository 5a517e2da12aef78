// A few rows times a panel, the inner loop of attention, for both of its products: lanes run along the columns of the
// panel, so that every element of the result is one chain of fma in the order of k.
#pragma once

#include "kernels/cpu/always_inline.h"
#include "kernels/cpu/kernel_table.h"

namespace hermes::kernels {

// out[r][c] = sum over k in [k_begin, k_end) of a[r * kRowStep + k * kStep] * b[k][c], for c < columns, a multiple of 16.
// B's elements widen exactly. The distances in a are constants, for there are not enough registers for a pointer a row.
template <class B>
struct OuterProducts {
  const float* a;
  const B* b;
  int64_t b_stride;
  float* out;
  int64_t out_stride;
  int64_t columns;
  int64_t k_begin, k_end;
  // Sums begin at zero, or at what out holds. Those of a B that is read in pairs always begin at zero.
  bool from_zero;
  // nullptr: sums are stored. Else out[r] = out[r] * keep[r] + sums.
  const float* keep;
  // Memory as large as the panel that is wanted soon: asked for line by line along with the work, of kAhead bytes an element.
  const char* ahead;
};

template <int64_t RowStep, int64_t Step, int Ahead>
struct OuterShape {
  static constexpr int64_t kRowStep = RowStep, kStep = Step;
  static constexpr int kAhead = Ahead;  // bytes for each element of the panel; 0: nothing is asked for
};

// Two vectors of BF16 are one load and one instruction each, for the elements of even and of odd place; with each 16 bits
// spread to 32 first they are two.
template <class V, int C, class B>
inline constexpr bool kInPairs = false;
template <class V, int C>
inline constexpr bool kInPairs<V, C, Bf16> = C % 2 == 0;

// C vectors; in pairs, their even places and their odd ones.
template <class V, int C, class B>
HERMES_INLINE void load_row(const B* b, V (&row)[C]) {
  if constexpr (kInPairs<V, C, B>) {
    unrolled<C / 2>([&](auto i) HERMES_LAMBDA_INLINE {
      const V bits = V::load_bits(b + 2 * V::kCount * decltype(i)::value);
      row[2 * decltype(i)::value] = first_bf16(bits);
      row[2 * decltype(i)::value + 1] = second_bf16(bits);
    });
  } else {
    unrolled<C>([&](auto c)
                    HERMES_LAMBDA_INLINE { row[decltype(c)::value] = V::load(b + decltype(c)::value * V::kCount); });
  }
}

// R rows by C vectors, from column `c0`.
template <class V, class Shape, int R, int C, class B>
HERMES_INLINE void outer_products_block(const OuterProducts<B>& p, int64_t c0) {
  constexpr bool kPairs = kInPairs<V, C, B>;
  float* const out = p.out + c0;
  const int64_t out_stride = p.out_stride, b_stride = p.b_stride;
  V sums[R * C];
  unrolled<R * C>([&](auto i) HERMES_LAMBDA_INLINE { sums[decltype(i)::value] = V::zero(); });
  if constexpr (!kPairs) {
    if (!p.from_zero) {
      unrolled<R * C>([&](auto i) HERMES_LAMBDA_INLINE {
        constexpr int r = decltype(i)::value / C, c = decltype(i)::value % C;
        sums[r * C + c] = V::load(out + r * out_stride + c * V::kCount);
      });
    }
  }
  const float* a = p.a + p.k_begin * Shape::kStep;
  const B* b = p.b + p.k_begin * b_stride + c0;
  constexpr int kStepAhead = C * V::kCount * Shape::kAhead;
  const char* ahead = p.ahead;
  for (int64_t k = p.k_begin; k < p.k_end; ++k, a += Shape::kStep, b += b_stride) {
    if constexpr (kStepAhead > 0) {
      unrolled<(kStepAhead + 63) / 64>(
          [&](auto line) HERMES_LAMBDA_INLINE { __builtin_prefetch(ahead + 64 * decltype(line)::value, 0, 2); });
      ahead += kStepAhead;
    }
    V row[C];
    load_row<V, C>(b, row);
    unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
      const V x = V::broadcast(a[decltype(r)::value * Shape::kRowStep]);
      unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
        V& sum = sums[decltype(r)::value * C + decltype(c)::value];
        sum = fma(x, row[decltype(c)::value], sum);
      });
    });
  }
  if constexpr (kPairs) {
    unrolled<R * C / 2>([&](auto i) HERMES_LAMBDA_INLINE {
      interleave(sums[2 * decltype(i)::value], sums[2 * decltype(i)::value + 1]);
    });
  }
  unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
    float* to = out + decltype(r)::value * out_stride;
    const V* row = sums + decltype(r)::value * C;
    if (p.keep == nullptr) {
      unrolled<C>([&](auto c)
                      HERMES_LAMBDA_INLINE { row[decltype(c)::value].store(to + decltype(c)::value * V::kCount); });
    } else {
      const V keep = V::broadcast(p.keep[decltype(r)::value]);
      unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
        float* at = to + decltype(c)::value * V::kCount;
        fma(V::load(at), keep, row[decltype(c)::value]).store(at);
      });
    }
  });
}

template <class V, class Shape, int R, class B>
__attribute__((noinline)) void outer_products_of(const OuterProducts<B>& products) {
  constexpr int kWide = V::kAttentionCols * V::kCount;
  OuterProducts<B> p = products;
  int64_t c = 0;
  for (; c + kWide <= p.columns; c += kWide) {
    outer_products_block<V, Shape, R, V::kAttentionCols>(p, c);
    p.ahead += kWide * Shape::kAhead * (p.k_end - p.k_begin);
  }
  if constexpr (V::kAttentionCols > 2) {
    for (; c + 2 * V::kCount <= p.columns; c += 2 * V::kCount) outer_products_block<V, Shape, R, 2>(p, c);
  }
  for (; c < p.columns; c += V::kCount) outer_products_block<V, Shape, R, 1>(p, c);
}

// rows <= V::kAttentionRows.
template <class V, class Shape, class B, int R = V::kAttentionRows>
HERMES_INLINE void outer_products(int64_t rows, const OuterProducts<B>& p) {
  if constexpr (R == 1) {
    outer_products_of<V, Shape, 1>(p);
  } else if (rows == R) {
    outer_products_of<V, Shape, R>(p);
  } else {
    outer_products<V, Shape, B, R - 1>(rows, p);
  }
}

}  // namespace hermes::kernels
