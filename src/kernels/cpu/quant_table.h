// Products with block-quantised weights: what one instruction set's folder offers to the driver (quant_linear.cpp).
//
// Sixteen rows of weights are interleaved, so that a register holds four bytes of each of them: at load once for all
// (prepared_weights.h), or piece by piece on the way. From there they are unpacked, to registers or to a panel of bytes and
// scales that stays in the first-level cache. x is rounded to int8, 32 elements to a scale. The definition of the result,
// which all sets share in bits, is in ops/linear.h. Lanes are rows of the weights, so a product of one token and of many
// takes the same steps in each lane.
//
// Interleaved: the rows' first blocks, then their second ones, and so on; of sixteen blocks, by columns of four bytes:
//   [columns][16 rows][4 bytes]   and, where a block is not whole columns,   [16 rows][1 or 2 bytes]
// These odd bytes are a block's scale (F16, or the exponent of MXFP4), first or last in the file's block. Sixteen rows take
// as many bytes as in the file.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace hermes::kernels {

// Types whose elements are points of codebooks: looking points up costs more than storing what was found.
constexpr bool has_codebook(DType dtype) { return DType::kIQ1_S <= dtype && dtype <= DType::kIQ3_S; }

inline constexpr int kQuantRows = 16;          // rows of weights in a panel
inline constexpr int kQuantBlock = 32;         // elements of x to a scale
inline constexpr int64_t kQuantPanelK = 1024;  // elements of K in a panel, at most

// A tile of a few tokens of x, block after block; n is the tile's own number of tokens.
struct QuantTile {
  int8_t* q = nullptr;     // [K / 32][n][32]
  float* scale = nullptr;  // [K / 32][n]
  // Sums of q over 16 elements, [K / 32][n][2]: as int32, or already multiplied (QuantKernels::finish).
  int32_t* sums = nullptr;
};

// Sixteen rows of weights, some blocks long. A second group of rows may follow at the strides below.
struct QuantPanel {
  uint8_t* q = nullptr;     // [K / 4][16 rows][4 elements]
  float* scale = nullptr;   // [K / sub][16]
  float* offset = nullptr;  // [K / sub][16], where the type has one: added to every element
};

// The tokens of a tile, from the first block of the weights on, and where their products go.
struct QuantRun {
  const int8_t* q = nullptr;
  const float* scale = nullptr;
  const int32_t* sums = nullptr;
  int n_tokens = 0;
  float* y = nullptr;  // token t, row r: y[t * y_stride + r]
  int64_t y_stride = 0;
  const float* bias = nullptr;  // [n_rows]: added at the end; or nullptr
  int n_rows = kQuantRows;      // 1 to 16, or 32 for two groups
  bool first = false;           // y begins at 0; else it goes on from what is there
  int64_t n_blocks = 0;         // of 32 elements
};

// What to ask memory for meanwhile, a little at a time: it need not be of use.
struct QuantAhead {
  const std::byte* begin = nullptr;  // nothing: for run() alone
  int64_t bytes_per_block = 0;       // of the format for stream(), of 32 elements for run()
};

// One type of weights.
struct QuantKernels {
  DType dtype;
  int sub;                          // elements to a scale: 32 or 16
  int block_elements, block_bytes;  // of the format
  int tile_tokens;                  // at most
  int stream_tokens;                // at most: what stream() takes
  int groups;                       // of sixteen rows that run() takes at once: 1 or 2
  // Prepares a tile's sums for this type: in place, `n` sums and their tokens' scales.
  void (*finish)(const QuantTile& tile, int n_tokens, int64_t n_blocks, int32_t* out);
  // Sixteen rows of the file, `row_bytes` apart, some blocks of each, to a group.
  void (*interleave)(const std::byte* rows, int64_t row_bytes, int64_t n_blocks, std::byte* group);
  void (*unpack)(const std::byte* group, int64_t n_blocks, const QuantPanel& panel);  // a group to a panel
  // One group of rows, or two; those of the second lie `panel_k` elements further in the panel.
  void (*run)(const QuantRun& run, const QuantPanel& panel, int64_t panel_k, const QuantAhead& ahead);
  // Whole rows straight from their group, nothing stored between.
  void (*stream)(const QuantRun& run, const std::byte* group, const QuantAhead& ahead);
};

struct QuantTable {
  // x [n_tokens, K] with stride x_stride to a tile; sums are plain.
  void (*pack)(const float* x, int64_t x_stride, int n_tokens, int64_t k, const QuantTile& tile);
  const QuantKernels* kernels;  // [n_kernels]
  int n_kernels;
};

}  // namespace hermes::kernels
