// The kernels that training adds to an instruction set's table (kernel_table.h): again functions over raw pointers,
// with no threads and no memory of their own. Sums have a fixed order within one set; different sets may differ in bits.
#pragma once

#include <cstdint>

namespace hermes::kernels {

// Memory that is wanted soon, asked for while a product is computed: tile i of its rows asks for the bytes that begin
// at `at` + i * per_tile, per_step of them with each element of the sums. Only a hint: any address will do.
struct Ahead {
  const char* at = nullptr;
  int64_t per_tile = 0, per_step = 0;
};

// Elements of a sum that a packed product takes at a time: a panel of b then fits the first-level cache.
inline constexpr int64_t kProductDepth = 128;

// out[r, c] (+)= sum over i < k of a(r, i) * b[i, c], for r < rows and c < columns.
// Each output is one chain of fma in the order of i that begins at zero and is added to `out` at the end.
// Rows of b are read in whole vectors of 16: at least `columns`, rounded up, must be there.
struct Product {
  const float* a = nullptr;  // a(r, i) = a[r * a_row + i * a_step]; packed: tiles of R = product_rows rows
  int64_t a_row = 0, a_step = 1;
  const float* b = nullptr;  // packed: a panel
  int64_t b_row = 0;
  float* out = nullptr;
  int64_t out_row = 0;
  int64_t rows = 0, columns = 0, k = 0;
  bool add = false;
  Ahead ahead[2];  // packed products only
};

// One document and one KV head of attention_backward. Pointers are to the document's first token and to this KV head
// (q, out, d_out, d_q: to the first of its `group` heads).
struct AttentionBackwardPiece {
  const float *q = nullptr, *k = nullptr, *v = nullptr, *out = nullptr, *d_out = nullptr;
  float *d_q = nullptr, *d_k = nullptr, *d_v = nullptr;
  int64_t q_stride = 0, kv_stride = 0;  // from token to token
  int64_t n_tokens = 0, group = 0, head_dim = 0;
  float scale = 1;
};

struct RmsNormRows {
  const float *x = nullptr, *weight = nullptr, *d_out = nullptr;  // x, d_out: [n_rows, n]
  float* d_x = nullptr;                                           // [n_rows, n]
  float* d_weight = nullptr;                                      // [n], added to
  int64_t n_rows = 0, n = 0;
  float eps = 0;
};

struct SoftmaxParts {
  float highest = 0;
  double sum = 0;  // of exp(x - highest)
};

// adamw.h with all that does not depend on the element worked out: g = grad_scale * grad;
// m <- beta1 m + one_minus_beta1 g; v <- beta2 v + one_minus_beta2 g^2;
// p <- keep p - lr * (m / (sqrt(v) * inv_sqrt_correction2 + eps)), lr divided by the correction of m.
struct AdamwStep {
  float grad_scale, beta1, one_minus_beta1, beta2, one_minus_beta2, keep, lr, inv_sqrt_correction2, eps;
};

struct TrainingKernels {
  int product_rows;     // R: rows of a packed tile
  int product_columns;  // width of a panel; a multiple of 16
  void (*product)(const Product& product);
  // k <= kProductDepth. Tiles of a as pack_rows or pack_transposed leaves them, b a panel of pack_panels.
  void (*product_of_rows)(const Product& product);
  void (*product_of_transposed)(const Product& product);

  // out[r / R][r % R][i] = a[r, i] for i < k <= kProductDepth, which is the row of a tile; zeros beyond the last row.
  void (*pack_rows)(const float* a, int64_t a_row, int64_t rows, int64_t k, float* out);
  // out[c / R][i][c % R] = a[i, c], zeros where c >= columns.
  void (*pack_transposed)(const float* a, int64_t a_row, int64_t k, int64_t columns, float* out);
  // Columns of b as panels, each product_columns wide: out[p * panel_stride + i * product_columns + c] is
  // b[i, p * product_columns + c], zero where that column does not exist.
  void (*pack_panels)(const float* b, int64_t b_row, int64_t k, int64_t columns, float* out, int64_t panel_stride);

  void (*attention_backward)(const AttentionBackwardPiece& piece, float* scratch);
  int64_t (*attention_backward_floats)(int64_t n_tokens, int64_t group, int64_t head_dim);

  void (*rms_norm_backward)(const RmsNormRows& rows);
  void (*rotate_back)(float* x, const float* cosine, const float* sine, int64_t half);  // one head, by -angle
  void (*swiglu_backward)(const float* gate, const float* up, const float* d_out, int64_t n, float* d_gate,
                          float* d_up);
  // out[c] += sum over rows of x[r, c], c < columns: one chain each.
  void (*add_columns)(const float* x, int64_t x_row, int64_t rows, int64_t columns, float* out);
  // exp(x - highest) goes to `exps`, which may be x, unless it is nullptr.
  SoftmaxParts (*softmax_parts)(const float* x, int64_t n, float* exps);
  void (*scale)(float* x, int64_t n, float factor);
  void (*adamw)(const AdamwStep& step, int64_t n, float* parameter, const float* grad, float* m, float* v);
  double (*sum_of_squares)(const float* x, int64_t n);
};

}  // namespace hermes::kernels
