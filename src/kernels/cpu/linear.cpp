#include "ops/linear.h"

#include <algorithm>
#include <bit>

#include "kernels/cpu/cpu_context.h"

namespace hermes::kernels {
namespace {

LinearTypes types_of(const ops::LinearArgs& args) {
  switch (args.weight.dtype) {
    case DType::kF16:
      return kWeightF16;
    case DType::kF8_E4M3:
      return kWeightF8;
    case DType::kBF16:
      return args.activations == ops::Activations::kBF16 ? kBothBf16 : kWeightBf16;
    default:
      return kWeightF32;
  }
}

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// Bytes of weights that one thread takes at a time in gemv: long enough to read at full speed, short enough
// that a thread whose core was taken away holds up little.
constexpr int64_t kGemvPieceBytes = 256 * 1024;
// Columns of a piece of gemm, at most: with a block of rows, their sums fit the second-level cache. Fewer where N is
// small, so that each thread has several pieces.
constexpr int64_t kGemmColumns = 96;
constexpr int64_t kGemmPiecesPerThread = 4;

// Where the lane gemm is the faster way: rows that are many enough to repay the transposing of the weights, and short
// enough for a panel of weights to stay in the second-level cache.
constexpr int64_t kLaneGemmRows = 96;
constexpr int64_t kLaneGemmMaxK = 1024;
// Rows of x that share one reading of the panels, at most; fewer where each thread would have few pieces.
constexpr int64_t kLaneGemmPiece = 192;

void set_scales(const ops::WeightScales& scales, LinearPiece& piece) {
  static constexpr float kOne = 1;
  constexpr int kOneForTheRow = 62;  // no index of K is as large
  if (!scales.values) {
    piece.scales = &kOne;
    piece.scale_rows = piece.n;
    piece.scale_shift = kOneForTheRow;
    return;
  }
  piece.scales = scales.values.f32();
  piece.scale_rows = scales.rows;
  piece.scale_shift =
      scales.columns >= piece.k ? kOneForTheRow : std::countr_zero(static_cast<uint64_t>(scales.columns));
  piece.scales_per_row = scales.values.shape[1];
}

void run_linear_lanes(CpuContext& context, const ops::LinearArgs& args) {
  const LaneGemmKernels& kernels = context.kernels.lane_gemm[types_of(args)];
  LanePiece whole;
  whole.x = args.x.f32();
  whole.y = args.y.f32();
  whole.k = args.x.shape[1];
  whole.n = args.weight.shape[0];
  whole.bias = args.bias ? context.widened(args.bias, context.weights) : nullptr;
  const int64_t width = kernels.panel_columns, n_panels = (whole.n + width - 1) / width;
  const int64_t panel_floats = kernels.panel_floats(whole.k);
  const int64_t row_bytes = whole.k * static_cast<int64_t>(size_of(args.weight.dtype));
  float* panels = context.shared.reserve_floats(n_panels * panel_floats);
  context.pool.parallel_for(n_panels, 1, [&](int64_t panel, int64_t) {
    kernels.pack(args.weight.as<std::byte>() + panel * width * row_bytes, whole.k, whole.n - panel * width,
                 panels + panel * panel_floats);
  });
  const int64_t share = args.x.shape[0] / (context.pool.n_threads() * kGemmPiecesPerThread);
  context.pool.parallel_for(args.x.shape[0], std::clamp(share, kLaneGemmPiece / 4, kLaneGemmPiece),
                            [&](int64_t begin, int64_t end) {
                              LanePiece piece = whole;
                              piece.t_begin = begin;
                              piece.t_end = end;
                              for (int64_t panel = 0; panel < n_panels; ++panel) {
                                piece.panel = panels + panel * panel_floats;
                                piece.n_begin = panel * width;
                                kernels.run(piece);
                              }
                            });
}

}  // namespace

void run_linear(CpuContext& context, const ops::LinearArgs& args) {
  if (is_block_type(args.weight.dtype)) return run_linear_quant(context, args);
  if (context.has_tiles && args.weight.dtype == DType::kBF16) return run_linear_amx(context, args);
  if (types_of(args) < kWidenedTypesCount && args.x.shape[0] >= kLaneGemmRows && args.x.shape[1] <= kLaneGemmMaxK) {
    return run_linear_lanes(context, args);
  }
  const LinearKernels& kernels = context.kernels.linear[types_of(args)];
  LinearPiece whole;
  whole.t = args.x.shape[0];
  whole.k = args.x.shape[1];
  whole.n = args.weight.shape[0];
  if (whole.t == 0 || whole.n == 0) return;
  whole.weight = args.weight.data;
  if (args.weight.dtype == DType::kF8_E4M3) set_scales(args.scales, whole);
  whole.y = args.y.f32();
  whole.bias = args.bias ? context.widened(args.bias, context.weights) : nullptr;

  const bool few_rows = whole.t <= kGemvRows;
  const RowsToPack rows{args.x.f32(), whole.t, whole.k, few_rows ? whole.t : kernels.gemm_rows,
                        few_rows ? std::max<int64_t>(1, whole.k) : kernels.gemm_block};
  const int64_t n_tiles = (whole.t + rows.tile_rows - 1) / rows.tile_rows;
  void* packed = context.shared.reserve(kernels.packed_bytes(whole.k, n_tiles * rows.tile_rows));
  context.pool.parallel_for(n_tiles, 8, [&](int64_t begin, int64_t end) { kernels.pack(rows, begin, end, packed); });
  whole.x = packed;

  const auto piece_of = [&](int64_t begin, int64_t end) {
    LinearPiece piece = whole;
    piece.n_begin = begin;
    piece.n_end = end;
    return piece;
  };
  if (few_rows) {
    const int64_t row_bytes = std::max<int64_t>(1, whole.k * static_cast<int64_t>(size_of(args.weight.dtype)));
    const int64_t piece = std::max<int64_t>(8, kGemvPieceBytes / row_bytes);
    context.pool.parallel_for(whole.n, piece, [&](int64_t begin, int64_t end) { kernels.gemv(piece_of(begin, end)); });
  } else {
    const int64_t share = whole.n / (context.pool.n_threads() * kGemmPiecesPerThread);
    const int64_t columns = round_up(std::clamp<int64_t>(share, 1, kGemmColumns), kernels.gemm_cols);
    context.pool.parallel_for(whole.n, columns, [&](int thread, int64_t begin, int64_t end) {
      Scratch& scratch = context.per_thread[static_cast<size_t>(thread)];
      kernels.gemm(piece_of(begin, end), scratch.reserve(kernels.gemm_scratch_bytes(whole.k, columns)));
    });
  }
}

}  // namespace hermes::kernels
