// Products of matrices that training needs (training_table.h). Lanes run along the columns of b; a tile of
// R rows by C vectors stays in registers along k, so that b is read once for R rows and a once for C vectors.
#pragma once

#include "kernels/cpu/always_inline.h"
#include "kernels/cpu/training_table.h"

namespace hermes::kernels {

// Where a tile of a and b lie: in matrices, or packed, with distances that the compiler knows.
template <class V>
struct InMatrices {
  static constexpr bool kPacked = false;
  const float* a[V::kProductRows];
  int64_t a_step, b_row;
  HERMES_INLINE InMatrices(const Product& p, int64_t r0) : a_step(p.a_step), b_row(p.b_row) {
    // Where rows end sooner the last one is taken again, and not stored.
    const int64_t last = p.rows - 1;
    for (int64_t r = 0; r < V::kProductRows; ++r) a[r] = p.a + (r0 + r < last ? r0 + r : last) * p.a_row;
  }
  template <int R>
  HERMES_INLINE const float* at(Index<R>, int64_t i) const {
    return a[R] + i * a_step;
  }
};
template <class V, int64_t kRow, int64_t kStep>
struct Packed {
  static constexpr bool kPacked = true;
  static constexpr int64_t b_row = V::kProductCols * V::kCount;
  const float* a;
  HERMES_INLINE Packed(const Product& p, int64_t r0) : a(p.a + r0 * (kStep == 1 ? kProductDepth : p.k)) {}
  template <int R>
  HERMES_INLINE const float* at(Index<R>, int64_t i) const {
    return a + R * kRow + i * kStep;
  }
};
template <class V>
using PackedRows = Packed<V, kProductDepth, 1>;
template <class V>
using PackedTransposed = Packed<V, 1, V::kProductRows>;

// sums[r * C + c] = sum over i < p.k of a(r, i) * b[i, c].
template <class V, class Operands, int R, int C>
HERMES_INLINE void multiply_tile(const Product& p, const Operands& operands, const float* b, int64_t tile,
                                 V (&sums)[R * C]) {
  const int64_t step0 = p.ahead[0].per_step, step1 = p.ahead[1].per_step;
  const char* ahead0 = p.ahead[0].at + tile * p.ahead[0].per_tile;
  const char* ahead1 = p.ahead[1].at + tile * p.ahead[1].per_tile;
  unrolled<R * C>([&](auto i) HERMES_LAMBDA_INLINE { sums[decltype(i)::value] = V::zero(); });
  for (int64_t i = 0; i < p.k; ++i, b += operands.b_row) {
    if constexpr (Operands::kPacked) {
      __builtin_prefetch(ahead0, 0, 2);
      __builtin_prefetch(ahead1, 0, 2);
      ahead0 += step0;
      ahead1 += step1;
    }
    V row[C];
    unrolled<C>([&](auto c)
                    HERMES_LAMBDA_INLINE { row[decltype(c)::value] = V::load(b + decltype(c)::value * V::kCount); });
    unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
      const V x = V::broadcast(*operands.at(r, i));
      unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
        V& sum = sums[decltype(r)::value * C + decltype(c)::value];
        sum = fma(x, row[decltype(c)::value], sum);
      });
    });
  }
}

// All rows of the product for C vectors of columns from column c0.
template <class V, template <class> class Operands, int C>
__attribute__((noinline)) void product_columns(const Product& p, int64_t c0) {
  constexpr int R = V::kProductRows;
  const int64_t columns = p.columns - c0;
  for (int64_t r0 = 0; r0 < p.rows; r0 += R) {
    V sums[R * C];
    multiply_tile<V, Operands<V>, R, C>(p, Operands<V>(p, r0), p.b + c0, r0 / R, sums);
    float* out = p.out + r0 * p.out_row + c0;
    unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
      if (r0 + decltype(r)::value >= p.rows) return;
      unrolled<C>([&](auto c) HERMES_LAMBDA_INLINE {
        constexpr int at = decltype(c)::value * V::kCount;
        V sum = sums[decltype(r)::value * C + decltype(c)::value];
        float* to = out + decltype(r)::value * p.out_row + at;
        if (columns >= at + V::kCount) {
          if (p.add) sum = V::load(to) + sum;
          sum.store(to);
        } else {
          const int n = static_cast<int>(columns - at);
          if (p.add) sum = V::load_first(to, n) + sum;
          sum.store_first(to, n);
        }
      });
    });
  }
}

// The columns that are left, in as few vectors as hold them.
template <class V, template <class> class Operands, int C>
HERMES_INLINE void product_rest(const Product& p, int64_t c0) {
  if constexpr (C == 1) {
    product_columns<V, Operands, 1>(p, c0);
  } else if (p.columns - c0 > (C - 1) * V::kCount) {
    product_columns<V, Operands, C>(p, c0);
  } else {
    product_rest<V, Operands, C - 1>(p, c0);
  }
}

template <class V>
void product(const Product& p) {
  for (int64_t c0 = 0; c0 < p.columns; c0 += V::kProductCols * V::kCount) {
    product_rest<V, InMatrices, V::kProductCols>(p, c0);
  }
}
template <class V, template <class> class Operands>
void packed_product(const Product& p) {
  product_rest<V, Operands, V::kProductCols>(p, 0);
}

template <class V>
void pack_rows(const float* a, int64_t a_row, int64_t rows, int64_t k, float* out) {
  constexpr int64_t R = V::kProductRows;
  for (int64_t r = 0; r < (rows + R - 1) / R * R; ++r, out += kProductDepth) {
    const float* from = a + r * a_row;
    for (int64_t i = 0; i < k; i += V::kCount) {
      if (r < rows && k - i >= V::kCount) {
        V::load(from + i).store(out + i);
      } else {
        V part = V::zero();
        if (r < rows) part = V::load_first(from + i, static_cast<int>(k - i));
        part.store(out + i);
      }
    }
  }
}

template <class V>
void pack_panels(const float* b, int64_t b_row, int64_t k, int64_t columns, float* out, int64_t panel_stride) {
  constexpr int64_t kWidth = V::kProductCols * V::kCount;
  for (int64_t i = 0; i < k; ++i) {  // row by row: memory is read as it lies
    for (int64_t c0 = 0; c0 < columns; c0 += kWidth) {
      const float* from = b + i * b_row + c0;
      float* to = out + c0 / kWidth * panel_stride + i * kWidth;
      for (int64_t c = 0; c < kWidth; c += V::kCount) {
        const int64_t left = columns - c0 - c;
        if (left >= V::kCount) {
          V::load(from + c).store(to + c);
        } else {
          V part = V::zero();
          if (left > 0) part = V::load_first(from + c, static_cast<int>(left));
          part.store(to + c);
        }
      }
    }
  }
}

template <class V>
void pack_transposed(const float* a, int64_t a_row, int64_t k, int64_t columns, float* out) {
  constexpr int64_t R = V::kProductRows;
  // Some rows at a time: with all of them, or with one, each step would be in another page, of what is read or written.
  constexpr int64_t kRowsAtATime = 8;
  for (int64_t i0 = 0; i0 < k; i0 += kRowsAtATime) {
    const int64_t end = i0 + kRowsAtATime < k ? i0 + kRowsAtATime : k;
    int64_t c = 0;
    for (float* to = out; c + R <= columns; c += R, to += k * R) {
      for (int64_t i = i0; i < end; ++i) __builtin_memcpy(to + i * R, a + i * a_row + c, R * sizeof(float));
    }
    for (int64_t i = i0; i < end && c < columns; ++i) {
      for (int64_t r = 0; r < R; ++r) out[c * k + i * R + r] = c + r < columns ? a[i * a_row + c + r] : 0;
    }
  }
}

}  // namespace hermes::kernels
