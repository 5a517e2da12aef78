#include <algorithm>
#include <cstring>

#include "kernels/cpu/cpu_context.h"
#include "kernels/cpu/quant_table.h"

namespace hermes::kernels {
namespace {

constexpr int64_t kAlign = 64;
int64_t round_up(int64_t n) { return (n + kAlign - 1) / kAlign * kAlign; }

// Up to this many tokens a panel is short, so that it stays in the first-level cache beside x.
constexpr int64_t kShortPanelTokens = 16;
constexpr int64_t kShortPanelK = 256;
// Rows of a piece: short enough that a thread whose core was taken away holds up little, and long enough that the first
// sixteen, which nobody asked memory for in time, are few among them (128 KiB: a fifth less tokens a second).
constexpr int64_t kStreamPieceBytes = 1024 * 1024;
constexpr int64_t kPieceRows = 64;
constexpr int64_t kPiecesPerThread = 4;

// Tokens of x as tiles of nearly equal sizes.
struct Tiles {
  int64_t n_tokens, n_tiles;
  Tiles(int64_t tokens, int64_t most) : n_tokens(tokens), n_tiles((tokens + most - 1) / most) {}
  int64_t begin(int64_t tile) const { return tile * n_tokens / n_tiles; }
  int size(int64_t tile) const { return static_cast<int>(begin(tile + 1) - begin(tile)); }
};

// Where the packed tokens lie: of token t and block b of its tile, one after the other.
struct PackedX {
  int8_t* q;
  float* scale;
  int32_t* raw_sums;
  int32_t* sums;
};

struct Work {
  const ops::LinearArgs& args;
  const QuantKernels& kernels;
  PackedX x;
  Tiles tiles;
  const float* bias;
  int64_t k, n, row_bytes;
  int64_t panel_k;
  bool stream;

  const std::byte* rows(int64_t row) const { return args.weight.as<std::byte>() + row * row_bytes; }
  bool short_panels() const { return panel_k < std::min(k, kQuantPanelK); }

  // The tokens of a tile and rows from `row` on, for K from k_begin to k_end.
  QuantRun run(int64_t tile, int64_t row, int n_rows, int64_t k_begin, int64_t k_end) const {
    const int64_t t = tiles.begin(tile), n_tokens = tiles.size(tile);
    const int64_t at = t * (k / kQuantBlock) + k_begin / kQuantBlock * n_tokens;
    return {.q = x.q + at * kQuantBlock,
            .scale = x.scale + at,
            .sums = x.sums + at * (kQuantBlock / kernels.sub),
            .n_tokens = static_cast<int>(n_tokens),
            .y = args.y.f32() + t * n + row,
            .y_stride = n,
            .bias = k_end == k && bias != nullptr ? bias + row : nullptr,
            .n_rows = n_rows,
            .first = k_begin == 0,
            .n_blocks = (k_end - k_begin) / kQuantBlock};
  }
};

// A thread's memory: panels, and copies of the last rows where they are fewer than sixteen.
struct Space {
  QuantPanel panel;
  std::byte* rows;

  static int64_t scale_bytes(const Work& work) {
    return round_up(work.kernels.groups * work.panel_k / work.kernels.sub * kQuantRows * 4);
  }
  static int64_t bytes(const Work& work) {
    return work.kernels.groups * work.panel_k * kQuantRows + 2 * scale_bytes(work) +
           round_up(kQuantRows * work.row_bytes);
  }
  Space(const Work& work, void* memory) {
    auto* p = static_cast<std::byte*>(memory);
    panel.q = reinterpret_cast<uint8_t*>(p);
    p += work.kernels.groups * work.panel_k * kQuantRows;
    panel.scale = reinterpret_cast<float*>(p);
    panel.offset = reinterpret_cast<float*>(p + scale_bytes(work));
    rows = p + 2 * scale_bytes(work);
  }
  // Rows from `row` on, or a copy that repeats the last of them.
  const std::byte* sixteen(const Work& work, int64_t row) const {
    const int64_t n = work.n - row;
    if (n >= kQuantRows) return work.rows(row);
    for (int64_t r = 0; r < kQuantRows; ++r) {
      std::memcpy(rows + r * work.row_bytes, work.rows(row + std::min(r, n - 1)), static_cast<size_t>(work.row_bytes));
    }
    return rows;
  }
};

int rows_at(const Work& work, int64_t row, int64_t end, int most) {
  return static_cast<int>(std::min<int64_t>(most, std::min(end, work.n) - row));
}

// Each row once, as fast as memory gives it.
void stream_rows(const Work& work, int64_t begin, int64_t end, const Space& space) {
  for (int64_t row = begin; row < end; row += kQuantRows) {
    const int n_rows = rows_at(work, row, end, kQuantRows);
    // What follows may be another thread's, and then of no use here; but it must be there.
    const int64_t next = row + 2 * kQuantRows <= work.n ? row + kQuantRows : row;
    work.kernels.stream(work.run(0, row, n_rows, 0, work.k), space.sixteen(work, row), work.row_bytes,
                        work.rows(std::min(next, work.n)));
  }
}

// Some rows, as many as run() takes, and part of K with every token.
void multiply_panel(const Work& work, int64_t row, int n_rows, int64_t k_begin, const Space& space) {
  const int64_t k_end = std::min(work.k, k_begin + work.panel_k), length = k_end - k_begin;
  const QuantKernels& kernels = work.kernels;
  for (int group = 0; group * kQuantRows < n_rows; ++group) {
    const std::byte* rows = space.sixteen(work, row + group * kQuantRows);
    const int64_t scales = group * length / kernels.sub * kQuantRows;
    kernels.unpack(
        rows + k_begin / kernels.block_elements * kernels.block_bytes, work.row_bytes, length / kernels.block_elements,
        {space.panel.q + group * length * kQuantRows, space.panel.scale + scales, space.panel.offset + scales});
  }
  for (int64_t tile = 0; tile < work.tiles.n_tiles; ++tile) {
    kernels.run(work.run(tile, row, n_rows, k_begin, k_end), space.panel, length);
  }
}

void multiply_rows(const Work& work, int64_t begin, int64_t end, const Space& space) {
  // Two groups at once only where both are whole.
  const auto step = [&](int64_t row) {
    const int all = work.kernels.groups * kQuantRows;
    return rows_at(work, row, end, all) == all ? all : rows_at(work, row, end, kQuantRows);
  };
  if (work.short_panels()) {
    for (int64_t row = begin; row < end; row += step(row)) {
      for (int64_t k = 0; k < work.k; k += work.panel_k) multiply_panel(work, row, step(row), k, space);
    }
    return;
  }
  for (int64_t k = 0; k < work.k; k += work.panel_k) {  // a part of x stays in the second-level cache for all rows
    for (int64_t row = begin; row < end; row += step(row)) multiply_panel(work, row, step(row), k, space);
  }
}

const QuantKernels& kernels_for(const QuantTable& table, DType dtype) {
  const auto* end = table.kernels + table.n_kernels;
  const auto* found = std::find_if(table.kernels, end, [&](const QuantKernels& k) { return k.dtype == dtype; });
  HERMES_CHECK(found != end, "no kernels for {}", name_of(dtype));
  return *found;
}

}  // namespace

void run_linear_quant(CpuContext& context, const ops::LinearArgs& args) {
  const int64_t t = args.x.shape[0], k = args.x.shape[1], n = args.weight.shape[0];
  if (t == 0 || n == 0) return;
  const QuantKernels& kernels = kernels_for(context.kernels.quant, args.weight.dtype);
  const int subs = kQuantBlock / kernels.sub;
  const Tiles tiles(t, kernels.tile_tokens);
  const int64_t blocks = k / kQuantBlock;

  const int64_t q_bytes = round_up(t * k), scale_bytes = round_up(t * blocks * 4), sums_bytes = 2 * scale_bytes;
  auto* memory = static_cast<std::byte*>(context.shared.reserve(q_bytes + scale_bytes + 2 * sums_bytes));
  const PackedX x{reinterpret_cast<int8_t*>(memory), reinterpret_cast<float*>(memory + q_bytes),
                  reinterpret_cast<int32_t*>(memory + q_bytes + scale_bytes),
                  reinterpret_cast<int32_t*>(memory + q_bytes + scale_bytes + sums_bytes)};
  context.pool.parallel_for(tiles.n_tiles, 2, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      const int64_t first = tiles.begin(tile), at = first * blocks;
      const QuantTile part{x.q + at * kQuantBlock, x.scale + at, x.raw_sums + 2 * at};
      context.kernels.quant.pack(args.x.f32() + first * k, k, tiles.size(tile), k, part);
      kernels.finish(part, tiles.size(tile), blocks, x.sums + at * subs);
    }
  });

  const Work work{.args = args,
                  .kernels = kernels,
                  .x = x,
                  .tiles = tiles,
                  .bias = args.bias ? context.widened(args.bias, context.weights) : nullptr,
                  .k = k,
                  .n = n,
                  .row_bytes = static_cast<int64_t>(bytes_of(args.weight.dtype, k)),
                  .panel_k = std::min(k, t <= kShortPanelTokens ? kShortPanelK : kQuantPanelK),
                  .stream = t <= kernels.stream_tokens};
  const int64_t share = n / (context.pool.n_threads() * kPiecesPerThread);
  const int64_t wanted = work.stream ? kStreamPieceBytes / work.row_bytes : kPieceRows;
  const int64_t step = kernels.groups * kQuantRows;
  const int64_t piece = std::max<int64_t>(step, std::min(wanted, share) / step * step);
  context.pool.parallel_for(n, piece, [&](int thread, int64_t begin, int64_t end) {
    const Space space(work, context.per_thread[static_cast<size_t>(thread)].reserve(Space::bytes(work)));
    work.stream ? stream_rows(work, begin, end, space) : multiply_rows(work, begin, end, space);
  });
}

}  // namespace hermes::kernels
