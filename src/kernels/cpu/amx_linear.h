// Products with BF16 weights on AMX tiles (Intel, "Intel Architecture Instruction Set Extensions Programming
// Reference", TDPBF16PS): some ten times the arithmetic rate of AVX-512.
//
// The unit multiplies BF16 pairs. With Activations::kBF16, x is rounded once. With Activations::kF32 it is split into
// three BF16 parts whose sum is x (8 + 8 + 8 bits of mantissa are F32's 24), three products are made and added: exact
// products of what is stored, sums in F32, as the contract asks, at a third of the rate.
//
// The sum of one output: for each 32 elements of k, the even and the odd products are summed apart, in order, from
// zero; the two sums are added, and then added to what came before (this is the instruction). Parts: (lo + mid) + hi;
// then the bias. The same instruction serves one row of x and a thousand, so blocking cannot change a bit. These are
// other bits than the other sets give, which agree among themselves.
#pragma once

#include <cstdint>

#include "kernels/cpu/always_inline.h"
#include "tensor/float_types.h"

namespace hermes::kernels::amx {

inline constexpr int64_t kTileColumns = 16;  // rows of x in a column tile
inline constexpr int64_t kTileRows = 16;     // rows of the weight in a row tile
inline constexpr int64_t kChunk = 32;        // elements of k in a tile
inline constexpr int64_t kPanelRows = 64;    // rows of the weight that are packed and multiplied together

// x as column tiles, [tile][chunk of k][16 pairs][16 columns][2], 1 KiB a chunk, zeros beyond x.
struct Columns {
  int64_t t = 0, k = 0;
  int parts = 1;  // 1: rounded, 3: exact
  const Bf16* tiles = nullptr;

  // Few columns share one tile (part p of row r is column r * parts + p); otherwise 16 rows and one part make a tile.
  HERMES_INLINE bool shares_tile() const { return t * parts <= kTileColumns; }
  HERMES_INLINE int64_t n_chunks() const { return (k + kChunk - 1) / kChunk; }
  HERMES_INLINE int64_t n_groups() const { return shares_tile() ? 1 : (t + kTileColumns - 1) / kTileColumns; }
  HERMES_INLINE int64_t tiles_per_group() const { return shares_tile() ? 1 : parts; }
  HERMES_INLINE int64_t tile_elements() const { return n_chunks() * kChunk * kTileColumns; }
  HERMES_INLINE int64_t bytes() const { return n_groups() * tiles_per_group() * tile_elements() * 2; }
};

// Packs group `group` of x, [t, k], into tiles (the same memory as columns.tiles).
void pack_columns(const Columns& columns, const float* x, int64_t group, Bf16* tiles);

struct Piece {
  Columns columns;
  const Bf16* weight = nullptr;  // [n, k]
  const float* bias = nullptr;   // [n] or nullptr
  float* y = nullptr;            // [t, n]
  int64_t n = 0, n_begin = 0, n_end = 0;
};

int64_t scratch_bytes(const Columns& columns);
// Columns [n_begin, n_end) of y; n_begin is a multiple of kPanelRows.
void multiply(const Piece& piece, void* scratch);

// Products in registers, four tiles a round, for measuring what the unit can do; `enable()` first.
float multiply_rounds(int64_t rounds);
inline constexpr int64_t kFlopsPerRound = 4 * 16 * 16 * 32 * 2;

// Whether processor and operating system have tiles; asks the kernel for them, once for the process.
bool enable();

}  // namespace hermes::kernels::amx
