#include <algorithm>

#include "kernels/cpu/training_drivers.h"

namespace hermes::kernels {
namespace {

// Tokens whose part of d_weight is summed by itself, the parts then in order: pieces of work for many threads where
// the weights are small. Part of the result's bits too.
constexpr int64_t kSumTokens = 2048;
// Rows of d_y that share one reading of the weights.
constexpr int64_t kTokenRows = 96;
// Rows and columns of d_weight in a piece of work: with what they are made of they fit the second-level cache.
constexpr int64_t kWeightRows = 384;
constexpr int64_t kWeightColumns = 512;

int64_t divide_up(int64_t n, int64_t by) { return (n + by - 1) / by; }
int64_t round_up(int64_t n, int64_t step) { return divide_up(n, step) * step; }
const char* bytes_of(const float* p) { return reinterpret_cast<const char*>(p); }
constexpr int64_t kFloat = sizeof(float);

// Rows [begin, end) of d_x. `panels`: the weights, [panel][n_out][width].
void d_x_rows(const TrainingKernels& kernels, const ops::LinearBackwardArgs& args, const float* panels, int64_t begin,
              int64_t end, Scratch& scratch) {
  const int64_t n_in = args.x.shape[1], n_out = args.weight.shape[0], width = kernels.product_columns;
  const int64_t n_rows = end - begin, tiles = divide_up(n_rows, kernels.product_rows);
  float* d_y = scratch.reserve_floats(tiles * kernels.product_rows * kProductDepth);
  // The rows that come next are asked for meanwhile, each tile of the products for its share of them.
  const int64_t products = divide_up(n_in, width) * divide_up(n_out, kProductDepth);
  const int64_t share = divide_up(n_rows * n_out * kFloat, tiles * products);
  Ahead ahead{bytes_of(args.d_y.f32() + end * n_out), share, divide_up(share, kProductDepth)};
  for (int64_t n = 0; n < n_out; n += kProductDepth) {
    const int64_t count = std::min(kProductDepth, n_out - n);
    kernels.pack_rows(args.d_y.f32() + begin * n_out + n, n_out, n_rows, count, d_y);
    for (int64_t column = 0; column < n_in; column += width) {
      Product product;
      product.a = d_y;
      product.b = panels + column * n_out + n * width;
      product.out = args.d_x.f32() + begin * n_in + column;
      product.out_row = n_in;
      product.rows = n_rows;
      product.columns = std::min(width, n_in - column);
      product.k = count;
      product.add = args.accumulate_d_x || n > 0;
      product.ahead[0] = ahead;
      ahead.at += tiles * share;
      kernels.product_of_rows(product);
    }
  }
}

}  // namespace

// Threads own rows of d_x, and share the weights as panels of columns.
void run_d_x(CpuContext& context, const ops::LinearBackwardArgs& args) {
  const TrainingKernels& kernels = context.kernels.training;
  const int64_t n_tokens = args.x.shape[0], n_in = args.x.shape[1], n_out = args.weight.shape[0];
  const int64_t width = kernels.product_columns;
  float* panels = context.shared.reserve_floats(round_up(n_in, width) * n_out);
  context.pool.parallel_for(n_out, kProductDepth, [&](int64_t begin, int64_t end) {
    kernels.pack_panels(args.weight.f32() + begin * n_in, n_in, end - begin, n_in, panels + begin * width,
                        n_out * width);
  });
  context.pool.parallel_for(n_tokens, kTokenRows, [&](int thread, int64_t begin, int64_t end) {
    d_x_rows(kernels, args, panels, begin, end, context.per_thread[static_cast<size_t>(thread)]);
  });
}

namespace {

// A part of d_weight, summed over tokens [t_begin, t_end).
struct WeightPiece {
  int64_t n, n_rows;     // rows of d_weight, columns of d_y
  int64_t k, n_columns;  // columns of d_weight and of x
  int64_t t_begin, t_end;
  float* out;  // [.., n_in], at row n and column k
  bool add;    // to what `out` holds, or begin there
};

void d_weight_piece(const TrainingKernels& kernels, const ops::LinearBackwardArgs& args, const WeightPiece& piece,
                    Scratch& scratch) {
  const int64_t n_in = args.x.shape[1], n_out = args.weight.shape[0];
  const int64_t width = kernels.product_columns, tile = kernels.product_rows;
  const int64_t tiles = divide_up(piece.n_rows, tile);
  float* d_y = scratch.reserve_floats(kProductDepth * (tiles * tile + round_up(piece.n_columns, width)));
  float* x = d_y + kProductDepth * tiles * tile;
  for (int64_t t = piece.t_begin; t < piece.t_end; t += kProductDepth) {
    const int64_t count = std::min(kProductDepth, piece.t_end - t);
    const float* d_y_from = args.d_y.f32() + t * n_out + piece.n;
    const float* x_from = args.x.f32() + t * n_in + piece.k;
    kernels.pack_transposed(d_y_from, n_out, count, piece.n_rows, d_y);
    kernels.pack_panels(x_from, n_in, count, piece.n_columns, x, count * width);
    for (int64_t panel = 0; panel * width < piece.n_columns; ++panel) {
      Product product;
      product.a = d_y;
      product.b = x + panel * count * width;
      product.out = piece.out + panel * width;
      product.out_row = n_in;
      product.rows = piece.n_rows;
      product.columns = std::min(width, piece.n_columns - panel * width);
      product.k = count;
      product.add = piece.add || t > piece.t_begin;
      // Of the next block of tokens, a row for each tile.
      const int64_t token = panel * tiles;
      if (token < kProductDepth) {
        const int64_t next = kProductDepth + token;
        product.ahead[0] = {bytes_of(d_y_from + next * n_out), n_out * kFloat,
                            divide_up(piece.n_rows * kFloat, kProductDepth)};
        product.ahead[1] = {bytes_of(x_from + next * n_in), n_in * kFloat,
                            divide_up(piece.n_columns * kFloat, kProductDepth)};
      }
      kernels.product_of_transposed(product);
    }
  }
}

}  // namespace

void run_d_weight(CpuContext& context, const ops::LinearBackwardArgs& args) {
  const TrainingKernels& kernels = context.kernels.training;
  const int64_t n_tokens = args.x.shape[0], n_in = args.x.shape[1], n_out = args.weight.shape[0];
  const int64_t n_sums = divide_up(n_tokens, kSumTokens), n_weights = n_out * n_in;
  const int64_t rows = round_up(std::min(kWeightRows, n_out), kernels.product_rows);
  const int64_t row_pieces = divide_up(n_out, rows), column_pieces = divide_up(n_in, kWeightColumns);
  // The first tokens go to d_weight itself, the others to sums of their own.
  float* sums = context.shared.reserve_floats(std::max<int64_t>(0, n_sums - 1) * n_weights);
  context.pool.parallel_for(n_sums * row_pieces * column_pieces, 1, [&](int thread, int64_t i, int64_t) {
    WeightPiece piece;
    piece.k = i % column_pieces * kWeightColumns;
    piece.n_columns = std::min(kWeightColumns, n_in - piece.k);
    piece.n = i / column_pieces % row_pieces * rows;
    piece.n_rows = std::min(rows, n_out - piece.n);
    const int64_t sum = i / column_pieces / row_pieces;
    piece.t_begin = sum * kSumTokens;
    piece.t_end = std::min(n_tokens, piece.t_begin + kSumTokens);
    piece.out = (sum == 0 ? args.d_weight.f32() : sums + (sum - 1) * n_weights) + piece.n * n_in + piece.k;
    piece.add = sum == 0;
    d_weight_piece(kernels, args, piece, context.per_thread[static_cast<size_t>(thread)]);
  });
  context.pool.parallel_for(n_weights, kElementsPerPiece, [&](int64_t begin, int64_t end) {
    for (int64_t sum = 1; sum < n_sums; ++sum) {
      context.kernels.rows.add(args.d_weight.f32() + begin, sums + (sum - 1) * n_weights + begin, end - begin);
    }
  });
}

namespace {

void run_d_bias(CpuContext& context, const ops::LinearBackwardArgs& args) {
  const int64_t n_tokens = args.d_y.shape[0], n_out = args.d_y.shape[1];
  context.pool.parallel_for(n_out, 64, [&](int64_t begin, int64_t end) {
    for (int64_t t = 0; t < n_tokens; t += kProductDepth) {
      context.kernels.training.add_columns(args.d_y.f32() + t * n_out + begin, n_out,
                                           std::min(kProductDepth, n_tokens - t), end - begin,
                                           args.d_bias.f32() + begin);
    }
  });
}

}  // namespace

void run_linear_backward(CpuContext& context, const ops::LinearBackwardArgs& args) {
  const int64_t n_in = args.x.shape[1], n_out = args.weight.shape[0];
  if (n_in > 0 && n_out > 0) {
    if (args.d_x) run_d_x(context, args);
    run_d_weight(context, args);
  } else if (args.d_x && !args.accumulate_d_x) {
    std::fill_n(args.d_x.f32(), args.d_x.shape.elements(), 0.0F);  // sums of nothing
  }
  if (args.d_bias) run_d_bias(context, args);
}

}  // namespace hermes::kernels
