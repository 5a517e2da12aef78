// The kernels of one instruction set: functions over raw pointers and sizes, with no checks, no threads and
// no memory of their own. The drivers beside this file (linear.cpp, attention.cpp, cpu_backend.cpp) give them
// pieces of work and scratch. How they sum is written in *_kernels.h; all sets give the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/quant_table.h"
#include "kernels/cpu/training_table.h"
#include "tensor/float_types.h"

namespace hermes::kernels {

// Some columns [n_begin, n_end) of y = x W^T + bias, for all rows of x.
struct LinearPiece {
  const void* x = nullptr;       // packed by LinearKernels::pack
  const void* weight = nullptr;  // [N, K]
  const float* bias = nullptr;   // [N] or nullptr
  float* y = nullptr;            // [T, N]
  int64_t t = 0, k = 0, n = 0;
  int64_t n_begin = 0, n_end = 0;
  // Of F8_E4M3 weights: that of weight (n, k) is scales[n / scale_rows * scales_per_row + (k >> scale_shift)].
  const float* scales = nullptr;
  int64_t scale_rows = 1, scales_per_row = 0;
  int scale_shift = 0;
};

// x as `pack` takes it.
struct RowsToPack {
  const float* x = nullptr;  // [T, K]
  int64_t t = 0, k = 0;
  int64_t tile_rows = 0;  // gemm_rows, or T for gemv
  int64_t k_block = 0;    // gemm_block, or K for gemv
};

// One pair of weight and activation types.
struct LinearKernels {
  int gemm_rows;       // rows of x in a tile of gemm; gemv takes all rows as one tile
  int gemm_cols;       // pieces of gemm hold a multiple of this many columns, where they can
  int64_t gemm_block;  // elements of K that gemm takes at a time
  int64_t (*packed_bytes)(int64_t k, int64_t rows);
  // Rounds or copies tiles [tile_begin, tile_end) of x to their places in `packed`.
  void (*pack)(const RowsToPack& rows, int64_t tile_begin, int64_t tile_end, void* packed);
  void (*gemv)(const LinearPiece& piece);                 // t <= kGemvRows
  void (*gemm)(const LinearPiece& piece, void* scratch);  // any t
  int64_t (*gemm_scratch_bytes)(int64_t k, int64_t n_columns);
};
inline constexpr int kGemvRows = 3;

// Rows [t_begin, t_end) of y = x W^T + bias for one panel of columns, as the lane gemm takes it: x as it is.
struct LanePiece {
  const float* x = nullptr;      // [T, K]
  const float* panel = nullptr;  // packed by LaneGemmKernels::pack
  const float* bias = nullptr;   // [N] or nullptr
  float* y = nullptr;            // [T, N]
  int64_t k = 0, n = 0;
  int64_t t_begin = 0, t_end = 0;
  int64_t n_begin = 0;  // first column of the panel
};

// The same bits as LinearKernels, by another way: for many short rows (lane_gemm_kernels.h).
struct LaneGemmKernels {
  int64_t panel_columns;
  int64_t (*panel_floats)(int64_t k);
  // Rows of the weights from `weight` on, at most panel_columns of them, to a panel.
  void (*pack)(const void* weight, int64_t k, int64_t n_columns, float* panel);
  void (*run)(const LanePiece& piece);
};

enum LinearTypes {
  kWeightF32,
  kWeightF16,
  kWeightBf16,
  kBothBf16,
  kWeightF8,
  kLinearTypesCount,
  kWidenedTypesCount = kBothBf16,  // those that the lane gemm has
};

// Queries of one KV head: `n_tokens` tokens with `group` heads each.
struct AttentionBlock {
  const float* q = nullptr;  // token t, head g of the group: q + t * token_stride + g * head_dim
  float* out = nullptr;      // likewise
  int64_t token_stride = 0;
  int64_t n_tokens = 0, group = 0, head_dim = 0;
  const int32_t* kv_begin = nullptr;  // [n_tokens]
  const int32_t* kv_end = nullptr;    // [n_tokens]
  const std::byte* const* k_pages = nullptr;
  const std::byte* const* v_pages = nullptr;
  int64_t page_size = 0;
  int64_t row_bytes = 0;    // of K, or V, of one position of a head: padded_bytes()
  int64_t head_offset = 0;  // bytes from a page's start to this KV head
  float scale = 1;
  // Only positions of [first, last), whole segments: the partial results go to `partial` instead of `out`, for each query
  // its weighted values (partial_floats() - 2 of them), maximum and sum.
  int64_t first = 0, last = INT64_MAX;
  float* partial = nullptr;
  int64_t partial_stride = 0;  // floats from one query to the next
};

struct AttentionKernels {
  void (*f32)(const AttentionBlock& block, float* scratch);
  void (*f16)(const AttentionBlock& block, float* scratch);
  void (*bf16)(const AttentionBlock& block, float* scratch);
  void (*q8)(const AttentionBlock& block, float* scratch);
  int64_t (*scratch_floats)(int64_t n_queries, int64_t head_dim);
  int64_t (*partial_floats)(int64_t head_dim);
  // One query's partial results, segment after segment, to out [head_dim]. Needs room for one more behind them.
  void (*combine)(float* partials, int64_t n_segments, int64_t head_dim, float* out);
  // x [n] to blocks of Q8_0 (ops::round_to_kept_int8): q whole blocks, one scale for each.
  void (*round_q8)(const float* x, int64_t n, int8_t* q, F16* scales);
};

struct RowKernels {
  void (*widen_f16)(const F16* x, int64_t n, float* out);
  void (*widen_bf16)(const Bf16* x, int64_t n, float* out);
  void (*narrow_f16)(const float* x, int64_t n, F16* out);
  void (*narrow_bf16)(const float* x, int64_t n, Bf16* out);
  void (*rms_norm)(const float* x, const float* weight, int64_t n, float eps, float* out);  // one row
  void (*rotate)(float* x, const float* cosine, const float* sine, int64_t half);           // one head, half-split
  void (*rotate_pairs)(float* x, const float* cosine, const float* sine, int64_t half);     // one head, interleaved
  void (*swiglu)(const float* gate, const float* up, int64_t n, float* out);
  void (*add)(float* x, const float* y, int64_t n);
  void (*softmax)(const float* x, int64_t n, float* out);  // one row
};

// Loops that measure what the processor can do at most (machine_limits.h).
struct LimitKernels {
  float (*f32_fma)(int64_t rounds);  // returns something that depends on all of it
  float (*bf16_fma)(int64_t rounds);
  float (*int8_dot)(int64_t rounds);
  int64_t flops_per_round_f32;
  int64_t flops_per_round_bf16;
  int64_t ops_per_round_int8;
  float (*read)(const float* x, int64_t n);
};

// Each folder of an instruction set defines these under its own name.
#define HERMES_DECLARE_KERNELS(isa)                           \
  namespace isa {                                             \
  extern const LinearKernels kLinear[kLinearTypesCount];      \
  extern const LaneGemmKernels kLaneGemm[kWidenedTypesCount]; \
  extern const AttentionKernels kAttention;                   \
  extern const RowKernels kRows;                              \
  extern const LimitKernels kLimits;                          \
  extern const TrainingKernels kTraining;                     \
  extern const QuantTable kQuant;                             \
  }
HERMES_DECLARE_KERNELS(scalar)
HERMES_DECLARE_KERNELS(avx2)
HERMES_DECLARE_KERNELS(avx512)
HERMES_DECLARE_KERNELS(neon)
#undef HERMES_DECLARE_KERNELS

struct KernelTable {
  const LinearKernels* linear;       // [kLinearTypesCount]
  const LaneGemmKernels* lane_gemm;  // [kWidenedTypesCount]
  const AttentionKernels& attention;
  const RowKernels& rows;
  const LimitKernels& limits;
  const TrainingKernels& training;
  const QuantTable& quant;
};

}  // namespace hermes::kernels
