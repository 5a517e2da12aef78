#include <immintrin.h>

#include "kernels/cpu/amx/tiles.h"
#include "kernels/cpu/amx_linear.h"

namespace hermes::kernels::amx {
namespace {

constexpr int64_t kTileBytes = 1024;
constexpr int64_t kTileElements = kTileBytes / 2;
constexpr int kFloatsPerTile = 256;
constexpr int kRowTiles = 2;  // row tiles that share one loading of a column tile
constexpr int64_t kRowBlock = kRowTiles * kTileRows;
constexpr int64_t kSubPanels = kPanelRows / kRowBlock;
constexpr int64_t kSubPanelSums = kRowTiles * kFloatsPerTile;  // of one column tile
// A block of k: with it, a panel of weights and two groups of columns fit the second-level cache. Sums of unfinished
// blocks are kept as they are, so blocks do not change a bit.
constexpr int64_t kBlockChunks = 64;

// 16 x 16 of 32 bits, rows to columns.
inline void transpose(__m512i (&r)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xDD);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xDD);
  }
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xDD);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xDD);
  }
}

inline __m512 widen_half(__m256i half) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

// x - hi, and 0 where hi is infinite: the rest of an infinity would be NaN.
inline __m512 rest_of(__m512 x, __m512 hi) {
  const __mmask16 finite = _mm512_cmp_ps_mask(_mm512_abs_ps(hi), _mm512_set1_ps(__builtin_inff()), _CMP_NEQ_UQ);
  return _mm512_maskz_sub_ps(finite, x, hi);
}

// 32 floats as `parts` vectors of 16 BF16 pairs.
inline void split(__m512 low, __m512 high, int parts, __m512i* out) {
  for (int p = 0; p < parts; ++p) {
    const auto pairs = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
    out[p] = pairs;
    if (p + 1 == parts) break;
    low = rest_of(low, widen_half(_mm512_castsi512_si256(pairs)));
    high = rest_of(high, widen_half(_mm512_extracti64x4_epi64(pairs, 1)));
  }
}

inline __mmask16 first_lanes(int64_t n) {
  return n >= 16 ? __mmask16{0xFFFF} : n <= 0 ? __mmask16{0} : static_cast<__mmask16>((1U << n) - 1);
}

// Chunks [begin, end) of rows [n, n + 32) of the weight as row tiles, [chunk][2 row tiles][16 rows][32], zeros beyond
// the weight.
void pack_panel(const Piece& piece, int64_t n, int64_t begin, int64_t end, Bf16* panel) {
  const int64_t k = piece.columns.k;
  for (int64_t row = 0; row < kRowBlock; ++row) {
    Bf16* out = panel + row * kChunk;
    const Bf16* from = piece.weight + (n + row) * k;
    for (int64_t c = begin; c < end; ++c, out += kRowTiles * kTileElements) {
      const int64_t left = n + row < piece.n_end ? k - c * kChunk : 0;
      const __mmask32 mask = left >= kChunk ? ~__mmask32{0} : left <= 0 ? 0 : (__mmask32{1} << left) - 1;
      _mm512_store_si512(out, _mm512_maskz_loadu_epi16(mask, from + c * kChunk));
    }
  }
}

// Two row tiles with two column tiles: adds to the sums of 16 x 16, [column tile][row tile], or begins them.
inline void multiply_2x2(const Bf16* rows, const Bf16* left, const Bf16* right, int64_t n_chunks, bool begin,
                         float* sums) {
  if (begin) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    _tile_loadd(0, sums, 64);
    _tile_loadd(1, sums + kFloatsPerTile, 64);
    _tile_loadd(2, sums + 2 * kFloatsPerTile, 64);
    _tile_loadd(3, sums + 3 * kFloatsPerTile, 64);
  }
  for (int64_t c = 0; c < n_chunks; ++c, rows += 2 * kTileElements, left += kTileElements, right += kTileElements) {
    _tile_loadd(4, rows, 64);
    _tile_loadd(6, left, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, rows + kTileElements, 64);
    _tile_dpbf16ps(1, 5, 6);
    _tile_loadd(7, right, 64);
    _tile_dpbf16ps(2, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + kFloatsPerTile, 64);
  _tile_stored(2, sums + 2 * kFloatsPerTile, 64);
  _tile_stored(3, sums + 3 * kFloatsPerTile, 64);
}

// Two row tiles of a panel with one column tile.
inline void multiply_2x1(const Bf16* rows, const Bf16* columns, int64_t n_chunks, bool begin, float* sums) {
  if (begin) {
    _tile_zero(0);
    _tile_zero(1);
  } else {
    _tile_loadd(0, sums, 64);
    _tile_loadd(1, sums + kFloatsPerTile, 64);
  }
  for (int64_t c = 0; c < n_chunks; ++c, rows += 2 * kTileElements, columns += kTileElements) {
    _tile_loadd(4, rows, 64);
    _tile_loadd(6, columns, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, rows + kTileElements, 64);
    _tile_dpbf16ps(1, 5, 6);
  }
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + kFloatsPerTile, 64);
}

// Asks for weights ahead of their use. Tiles read 32 rows side by side, which memory serves badly; this goes along the
// rows, a stretch of `lines` cache lines each, and the tiles find them in the second-level cache.
class Ahead {
 public:
  void aim(const void* rows, int64_t stride_bytes, int64_t n_rows, int64_t lines) {
    at_ = static_cast<const char*>(rows);
    stride_ = stride_bytes;
    rows_left_ = lines > 0 ? n_rows : 0;
    lines_ = lines;
    line_ = 0;
  }
  inline void ask(int64_t n) {
    for (; n > 0 && rows_left_ > 0; --n) {
      _mm_prefetch(at_ + line_ * 64, _MM_HINT_T1);
      if (++line_ == lines_) {
        line_ = 0;
        at_ += stride_;
        --rows_left_;
      }
    }
  }

 private:
  const char* at_ = nullptr;
  int64_t stride_ = 0, rows_left_ = 0, lines_ = 0, line_ = 0;
};

// Sums of a shared tile, [32 rows of the weight][16 columns], to y.
void finish_shared(const Piece& piece, const float* sums, int64_t n) {
  const int parts = piece.columns.parts;
  for (int64_t row = 0; row < kRowBlock && n + row < piece.n_end; ++row) {
    const float* column = sums + row * kTileColumns;
    for (int64_t t = 0; t < piece.columns.t; ++t, column += parts) {
      const float value = parts == 1 ? column[0] : (column[2] + column[1]) + column[0];
      piece.y[t * piece.n + n + row] = piece.bias == nullptr ? value : value + piece.bias[n + row];
    }
  }
}

// Sums of one group, [part][row tile][16][16], to y.
void finish_group(const Piece& piece, const float* sums, int64_t group, int64_t n) {
  const int parts = piece.columns.parts;
  for (int64_t tile = 0; tile < kRowTiles && n < piece.n_end; ++tile, n += kTileRows) {
    __m512i block[16];
    for (int row = 0; row < 16; ++row) {
      const float* from = sums + tile * kFloatsPerTile + row * 16;
      __m512 value = _mm512_loadu_ps(from);
      if (parts == 3) {
        const __m512 mid = _mm512_loadu_ps(from + kRowTiles * kFloatsPerTile);
        const __m512 lo = _mm512_loadu_ps(from + 2 * kRowTiles * kFloatsPerTile);
        value = _mm512_add_ps(_mm512_add_ps(lo, mid), value);
      }
      block[row] = _mm512_castps_si512(value);
    }
    transpose(block);
    const __mmask16 mask = first_lanes(piece.n_end - n);
    const __m512 bias = piece.bias == nullptr ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask, piece.bias + n);
    for (int i = 0; i < 16 && group * kTileColumns + i < piece.columns.t; ++i) {
      __m512 value = _mm512_castsi512_ps(block[i]);
      if (piece.bias != nullptr) value = _mm512_add_ps(value, bias);
      _mm512_mask_storeu_ps(piece.y + (group * kTileColumns + i) * piece.n + n, mask, value);
    }
  }
}

// Whole row blocks and whole chunks, with one column tile, the weight read where it lies: memory is the limit.
// `n_end` is where asking ahead ends.
void multiply_in_place(const Piece& piece, int64_t n, int64_t n_end, Ahead& ahead, float* sums) {
  const int64_t k = piece.columns.k, n_chunks = piece.columns.n_chunks(), stride = 2 * k;
  const auto tile_stride = static_cast<size_t>(stride);
  const Bf16* rows = piece.weight + n * k;
  const Bf16* columns = piece.columns.tiles;
  _tile_zero(0);
  _tile_zero(1);
  for (int64_t block = 0; block < n_chunks; block += kBlockChunks) {
    const int64_t left = n_chunks - block, here = left < kBlockChunks ? left : kBlockChunks;
    const int64_t next = left - here < kBlockChunks ? left - here : kBlockChunks;
    if (next > 0) {
      ahead.aim(rows + here * kChunk, stride, kRowBlock, next);
    } else if (n + 2 * kRowBlock <= n_end) {
      ahead.aim(piece.weight + (n + kRowBlock) * k, stride, kRowBlock,
                n_chunks < kBlockChunks ? n_chunks : kBlockChunks);
    }
    for (int64_t c = 0; c < here; ++c, rows += kChunk, columns += kTileElements) {
      ahead.ask(16);
      _tile_loadd(4, rows, tile_stride);
      _tile_loadd(6, columns, 64);
      _tile_dpbf16ps(0, 4, 6);
      ahead.ask(16);
      _tile_loadd(5, rows + kTileRows * k, tile_stride);
      _tile_dpbf16ps(1, 5, 6);
    }
    ahead.ask(kRowBlock * kBlockChunks);  // what a shorter block left over
  }
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + kFloatsPerTile, 64);
}

// One column tile.
void multiply_shared(const Piece& piece, Bf16* panel) {
  const int64_t k = piece.columns.k, n_chunks = piece.columns.n_chunks();
  alignas(64) float sums[kSubPanelSums];
  Ahead ahead;
  if (k % kChunk == 0 && piece.n_begin + kRowBlock <= piece.n_end) {
    ahead.aim(piece.weight + piece.n_begin * k, 2 * k, kRowBlock, n_chunks < kBlockChunks ? n_chunks : kBlockChunks);
    ahead.ask(kRowBlock * kBlockChunks);
  }
  for (int64_t n = piece.n_begin; n < piece.n_end; n += kRowBlock) {
    if (k % kChunk == 0 && n + kRowBlock <= piece.n_end) {
      multiply_in_place(piece, n, piece.n_end, ahead, sums);
    } else {
      int64_t c = 0;
      do {  // once even where k is 0: y is then the bias
        const int64_t c_end = c + kBlockChunks < n_chunks ? c + kBlockChunks : n_chunks;
        pack_panel(piece, n, c, c_end, panel);
        multiply_2x1(panel, piece.columns.tiles + c * kTileElements, c_end - c, c == 0, sums);
        c = c_end;
      } while (c < n_chunks);
    }
    finish_shared(piece, sums, n);
  }
}

// Many column tiles: arithmetic is the limit. A panel of weights is packed once and meets all columns; two groups of
// columns at a time stay in the second-level cache while the panel's rows pass.
void multiply_groups(const Piece& piece, Bf16* panel, float* sums) {
  const Columns& columns = piece.columns;
  const int64_t n_chunks = columns.n_chunks(), tile = columns.tile_elements(), parts = columns.parts;
  const int64_t sub_panel = kBlockChunks * kRowTiles * kTileElements;
  const bool one_block = n_chunks <= kBlockChunks;  // then sums need not be kept past their group
  for (int64_t n_panel = piece.n_begin; n_panel < piece.n_end; n_panel += kPanelRows) {
    const int64_t n_end = n_panel + kPanelRows < piece.n_end ? n_panel + kPanelRows : piece.n_end;
    int64_t c = 0;
    do {
      const int64_t c_end = c + kBlockChunks < n_chunks ? c + kBlockChunks : n_chunks;
      for (int64_t n = n_panel, i = 0; n < n_end; n += kRowBlock, ++i) {
        pack_panel(piece, n, c, c_end, panel + i * sub_panel);
      }
      for (int64_t group = 0; group < columns.n_groups(); group += 2) {
        const int64_t n_groups = columns.n_groups() - group < 2 ? 1 : 2;
        const int64_t n_tiles = n_groups * parts;
        const Bf16* tiles = columns.tiles + group * parts * tile + c * kTileElements;
        for (int64_t n = n_panel, i = 0; n < n_end; n += kRowBlock, ++i) {
          const Bf16* rows = panel + i * sub_panel;
          float* at_sums = one_block ? sums : sums + (i * columns.n_groups() + group) * parts * kSubPanelSums;
          int64_t at = 0;
          for (; at + 2 <= n_tiles; at += 2) {
            multiply_2x2(rows, tiles + at * tile, tiles + (at + 1) * tile, c_end - c, c == 0,
                         at_sums + at * kSubPanelSums);
          }
          if (at < n_tiles) {
            multiply_2x1(rows, tiles + at * tile, c_end - c, c == 0, at_sums + at * kSubPanelSums);
          }
          if (c_end < n_chunks) continue;
          for (int64_t g = 0; g < n_groups; ++g) finish_group(piece, at_sums + g * parts * kSubPanelSums, group + g, n);
        }
      }
      c = c_end;
    } while (c < n_chunks);
  }
}

constexpr int64_t kPanelBytes = kPanelRows * kBlockChunks * kChunk * 2;

}  // namespace

void pack_columns(const Columns& columns, const float* x, int64_t group, Bf16* tiles) {
  const int parts = columns.parts;
  const int64_t rows_per_group = columns.shares_tile() ? columns.t : kTileColumns;
  const int64_t first = group * rows_per_group;
  Bf16* out = tiles + group * columns.tiles_per_group() * columns.tile_elements();
  for (int64_t chunk = 0; chunk < columns.n_chunks(); ++chunk, out += kTileElements) {
    __m512i pairs[3][16];
    for (auto& part : pairs) {
      for (__m512i& column : part) column = _mm512_setzero_si512();
    }
    const int64_t at = chunk * kChunk, left = columns.k - at;
    for (int64_t r = 0; r < rows_per_group && first + r < columns.t; ++r) {
      const float* row = x + (first + r) * columns.k + at;
      __m512i split_row[3];
      split(_mm512_maskz_loadu_ps(first_lanes(left), row), _mm512_maskz_loadu_ps(first_lanes(left - 16), row + 16),
            parts, split_row);
      for (int p = 0; p < parts; ++p) {
        if (columns.shares_tile())
          pairs[0][r * parts + p] = split_row[p];
        else
          pairs[p][r] = split_row[p];
      }
    }
    for (int64_t tile = 0; tile < columns.tiles_per_group(); ++tile) {
      transpose(pairs[tile]);
      for (int i = 0; i < 16; ++i) _mm512_store_si512(out + tile * columns.tile_elements() + i * 32, pairs[tile][i]);
    }
  }
}

int64_t scratch_bytes(const Columns& columns) {
  const bool one_block = columns.n_chunks() <= kBlockChunks;
  const int64_t kept_tiles = one_block ? 2 * columns.parts : kSubPanels * columns.n_groups() * columns.parts;
  return kPanelBytes + kept_tiles * kRowTiles * kTileBytes;
}

void multiply(const Piece& piece, void* scratch) {
  const TileConfiguration tiles;
  auto* panel = static_cast<Bf16*>(scratch);
  auto* sums = reinterpret_cast<float*>(static_cast<char*>(scratch) + kPanelBytes);
  if (piece.columns.shares_tile()) return multiply_shared(piece, panel);
  multiply_groups(piece, panel, sums);
}

}  // namespace hermes::kernels::amx
