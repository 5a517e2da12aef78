#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/cpu/training_drivers.h"

namespace hermes::kernels {
namespace {

int64_t rows_of_piece(int64_t n) { return std::max<int64_t>(1, kElementsPerPiece / std::max<int64_t>(1, n)); }

}  // namespace

// d_weight is summed over rows piece by piece, then over the pieces in order; pieces depend on the shape alone.
void run_rms_norm_backward(CpuContext& context, const ops::RmsNormBackwardArgs& args) {
  const TrainingKernels& kernels = context.kernels.training;
  const int64_t n_rows = args.x.shape[0], n = args.x.shape[1];
  const int64_t piece = rows_of_piece(n), n_pieces = (n_rows + piece - 1) / piece;
  float* partial = context.shared.reserve_floats(n_pieces * n);
  context.pool.parallel_for(n_rows, piece, [&](int64_t begin, int64_t end) {
    RmsNormRows rows;
    rows.x = args.x.f32() + begin * n;
    rows.weight = args.weight.f32();
    rows.d_out = args.d_out.f32() + begin * n;
    rows.d_x = args.d_x.f32() + begin * n;
    rows.d_weight = partial + begin / piece * n;
    rows.n_rows = end - begin;
    rows.n = n;
    rows.eps = args.eps;
    std::fill_n(rows.d_weight, n, 0.0F);
    kernels.rms_norm_backward(rows);
  });
  kernels.add_columns(partial, n, n_pieces, n, args.d_weight.f32());
}

void run_cross_entropy(CpuContext& context, const ops::CrossEntropyArgs& args) {
  const TrainingKernels& kernels = context.kernels.training;
  const int64_t n = args.logits.shape[1];
  context.pool.parallel_for(args.logits.shape[0], rows_of_piece(n), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      float* logits = args.logits.f32() + r * n;
      const auto label = static_cast<size_t>(args.labels[static_cast<size_t>(r)]);
      const auto logit = static_cast<double>(logits[label]);
      const SoftmaxParts parts = kernels.softmax_parts(logits, n, args.loss_only ? nullptr : logits);
      const double highest = static_cast<double>(parts.highest);
      args.loss[static_cast<size_t>(r)] = static_cast<float>(std::log(parts.sum) + (highest - logit));
      if (args.loss_only) continue;
      const double p = static_cast<double>(logits[label]) / parts.sum;
      kernels.scale(logits, n, static_cast<float>(static_cast<double>(args.scale) / parts.sum));
      logits[label] = static_cast<float>(static_cast<double>(args.scale) * (p - 1));
    }
  });
}

// Each piece by itself, then the pieces in order.
double run_sum_of_squares(CpuContext& context, std::span<const float> x) {
  const auto n = static_cast<int64_t>(x.size()), n_pieces = (n + kElementsPerPiece - 1) / kElementsPerPiece;
  auto* partial = static_cast<double*>(context.shared.reserve(n_pieces * static_cast<int64_t>(sizeof(double))));
  context.pool.parallel_for(n, kElementsPerPiece, [&](int64_t begin, int64_t end) {
    partial[begin / kElementsPerPiece] = context.kernels.training.sum_of_squares(x.data() + begin, end - begin);
  });
  return std::accumulate(partial, partial + n_pieces, 0.0);
}

}  // namespace hermes::kernels
