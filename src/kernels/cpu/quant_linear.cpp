#include <algorithm>
#include <cstring>

#include "kernels/cpu/cpu_context.h"
#include "kernels/cpu/quant_table.h"

namespace hermes::kernels {
namespace {

constexpr int64_t kAlign = 64;
int64_t round_up(int64_t n) { return (n + kAlign - 1) / kAlign * kAlign; }

// Up to this many tokens for each that stream() takes at once, unpacking again costs less than storing what was unpacked.
constexpr int64_t kStreams = 3;
// Bytes of x that stay in the second-level cache as a whole.
constexpr int64_t kSmallX = 512 * 1024;
// Rows of a piece: short enough that a thread whose core was taken away holds up little, and long enough that the first
// sixteen, which nobody asked memory for in time, are few among them (128 KiB: a fifth less tokens a second).
constexpr int64_t kStreamPieceBytes = 1024 * 1024;
// With panels long ones are faster too, for each brings its part of x to the cache again (64 rows: a tenth less).
constexpr int64_t kPieceRows = 256;

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
  PreparedRows prepared;
  PackedX x;
  Tiles tiles;
  const float* bias;
  int64_t k, n, row_bytes;
  int64_t panel_k;

  bool is_prepared(int64_t row) const { return row < prepared.n_rows; }
  // Where the sixteen rows from `row` on lie, in whatever order: they take as many bytes in both.
  const std::byte* rows(int64_t row) const {
    return (is_prepared(row) ? prepared.groups : args.weight.as<std::byte>()) + row * row_bytes;
  }
  int64_t bytes_of_k(int64_t length) const { return length / kernels.block_elements * kernels.block_bytes; }
  int panel_rows() const { return kernels.groups * kQuantRows; }

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

// A thread's memory: panels; and where weights are not prepared, a group, and copies of the last rows where they are fewer
// than sixteen.
struct Space {
  QuantPanel panel;
  std::byte *group, *rows;

  static int64_t scale_bytes(const Work& work) {
    return round_up(work.kernels.groups * work.panel_k / work.kernels.sub * kQuantRows * 4);
  }
  static int64_t bytes(const Work& work) {
    return work.panel_rows() * work.panel_k + 2 * scale_bytes(work) +
           (work.is_prepared(work.n - 1) ? 0 : 2 * round_up(kQuantRows * work.row_bytes));
  }
  Space(const Work& work, void* memory) {
    auto* p = static_cast<std::byte*>(memory);
    panel.q = reinterpret_cast<uint8_t*>(p);
    p += work.panel_rows() * work.panel_k;
    panel.scale = reinterpret_cast<float*>(p);
    panel.offset = reinterpret_cast<float*>(p + scale_bytes(work));
    group = p + 2 * scale_bytes(work);
    rows = group + (work.is_prepared(work.n - 1) ? 0 : round_up(kQuantRows * work.row_bytes));
  }
  // Part of K of the group of rows from `row` on.
  const std::byte* interleaved(const Work& work, int64_t row, int64_t k_begin, int64_t k_end) const {
    const int64_t begin = work.bytes_of_k(k_begin), bytes = work.bytes_of_k(k_end) - begin;
    if (work.is_prepared(row)) return work.rows(row) + kQuantRows * begin;
    const std::byte* from = work.rows(row) + begin;
    int64_t apart = work.row_bytes;
    if (const int64_t n = work.n - row; n < kQuantRows) {
      for (int64_t r = 0; r < kQuantRows; ++r) {
        std::memcpy(rows + r * bytes, from + std::min(r, n - 1) * apart, static_cast<size_t>(bytes));
      }
      from = rows;
      apart = bytes;
    }
    work.kernels.interleave(from, apart, (k_end - k_begin) / work.kernels.block_elements, group);
    return group;
  }
};

int rows_at(const Work& work, int64_t row, int64_t end, int most) {
  return static_cast<int>(std::min<int64_t>(most, std::min(end, work.n) - row));
}

// Each row once, as fast as memory gives it; the tiles share the asking for what comes next.
void stream_rows(const Work& work, int64_t begin, int64_t end, const Space& space) {
  const QuantKernels& kernels = work.kernels;
  const int64_t n_blocks = work.k / kernels.block_elements, n_tiles = work.tiles.n_tiles;
  const int64_t per_block = kQuantRows * kernels.block_bytes / n_tiles;
  for (int64_t row = begin; row < end; row += kQuantRows) {
    const int n_rows = rows_at(work, row, end, kQuantRows);
    const std::byte* group = space.interleaved(work, row, 0, work.k);
    // What follows may be another thread's, and then of no use here; but it must be there.
    const std::byte* next = work.rows(row + 2 * kQuantRows <= work.n ? row + kQuantRows : row);
    for (int64_t tile = 0; tile < n_tiles; ++tile) {
      kernels.stream(work.run(tile, row, n_rows, 0, work.k), group, {next + tile * n_blocks * per_block, per_block});
    }
  }
}

// Two groups at once only where both are whole.
int panel_rows_at(const Work& work, int64_t row, int64_t end) {
  const int all = work.panel_rows();
  return rows_at(work, row, end, all) == all ? all : rows_at(work, row, end, kQuantRows);
}

// Some rows, from `row` on, and a part of K.
struct PanelPlace {
  int64_t row = 0, n_rows = 0, k_begin = 0, k_end = 0;
};

// What to ask memory for while tile after tile meets a panel: the groups that make up the next one, evenly.
QuantAhead panel_ahead(const Work& work, const PanelPlace& next, int64_t tile, int64_t n_blocks) {
  if (next.n_rows < kQuantRows || !work.is_prepared(next.row)) return {};
  const int64_t begin = work.bytes_of_k(next.k_begin), of_group = kQuantRows * (work.bytes_of_k(next.k_end) - begin);
  const int64_t n_tiles = work.tiles.n_tiles, all = next.n_rows / kQuantRows * of_group, at = tile * all / n_tiles;
  const std::byte* group = work.rows(next.row + at / of_group * kQuantRows) + kQuantRows * begin;
  return {group + at % of_group, all / (n_tiles * n_blocks)};
}

// A panel with every token.
void multiply_panel(const Work& work, const PanelPlace& place, const PanelPlace& next, const Space& space) {
  const QuantKernels& kernels = work.kernels;
  const int64_t length = place.k_end - place.k_begin;
  for (int group = 0; group * kQuantRows < place.n_rows; ++group) {
    const int64_t first = place.row + group * kQuantRows, scales = group * length / kernels.sub * kQuantRows;
    kernels.unpack(
        space.interleaved(work, first, place.k_begin, place.k_end), length / kernels.block_elements,
        {space.panel.q + group * length * kQuantRows, space.panel.scale + scales, space.panel.offset + scales});
  }
  for (int64_t tile = 0; tile < work.tiles.n_tiles; ++tile) {
    kernels.run(work.run(tile, place.row, static_cast<int>(place.n_rows), place.k_begin, place.k_end), space.panel,
                length, panel_ahead(work, next, tile, length / kQuantBlock));
  }
}

// The panels of some rows, in an order in which either the weights are read as they lie in memory, or a part of x stays in
// the cache for all rows.
class Panels {
 public:
  Panels(const Work& work, int64_t begin, int64_t end)
      : work_(work), begin_(begin), end_(end), small_(work.tiles.n_tokens * work.k <= kSmallX) {}

  PanelPlace first() const { return at(begin_, 0); }
  bool is_end(const PanelPlace& place) const { return place.n_rows == 0; }
  PanelPlace after(const PanelPlace& place) const {
    if (small_) return place.k_end < work_.k ? at(place.row, place.k_end) : at(place.row + place.n_rows, 0);
    if (place.row + place.n_rows < end_) return at(place.row + place.n_rows, place.k_begin);
    return place.k_end < work_.k ? at(begin_, place.k_end) : PanelPlace();
  }

 private:
  PanelPlace at(int64_t row, int64_t k) const {
    if (row >= end_) return {};
    return {row, panel_rows_at(work_, row, end_), k, std::min(work_.k, k + work_.panel_k)};
  }

  const Work& work_;
  int64_t begin_, end_;
  bool small_;
};

void multiply_rows(const Work& work, int64_t begin, int64_t end, const Space& space) {
  const Panels panels(work, begin, end);
  for (PanelPlace place = panels.first(); !panels.is_end(place);) {
    const PanelPlace next = panels.after(place);
    multiply_panel(work, place, next, space);
    place = next;
  }
}

const QuantKernels& kernels_for(const QuantTable& table, DType dtype) {
  const auto* end = table.kernels + table.n_kernels;
  const auto* found = std::find_if(table.kernels, end, [&](const QuantKernels& k) { return k.dtype == dtype; });
  HERMES_CHECK(found != end, "no kernels for {}", name_of(dtype));
  return *found;
}

}  // namespace

std::shared_ptr<ops::Preparation> prepare_quant(CpuContext& context, const ConstTensorView& weight) {
  return context.prepared.prepare(weight, kernels_for(context.kernels.quant, weight.dtype));
}

void run_linear_quant(CpuContext& context, const ops::LinearArgs& args) {
  const int64_t t = args.x.shape[0], k = args.x.shape[1], n = args.weight.shape[0];
  if (t == 0 || n == 0) return;
  const QuantKernels& kernels = kernels_for(context.kernels.quant, args.weight.dtype);
  const int subs = kQuantBlock / kernels.sub;
  const bool few = t <= (has_codebook(kernels.dtype) ? 1 : kStreams) * kernels.stream_tokens;
  const Tiles tiles(t, few ? kernels.stream_tokens : kernels.tile_tokens);
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
                  .prepared = context.prepared.find(args.weight),
                  .x = x,
                  .tiles = tiles,
                  .bias = args.bias ? context.widened(args.bias, context.weights) : nullptr,
                  .k = k,
                  .n = n,
                  .row_bytes = static_cast<int64_t>(bytes_of(args.weight.dtype, k)),
                  .panel_k = std::min(k, kQuantPanelK)};
  const int64_t step = work.panel_rows();
  const auto multiply = [&](int thread, int64_t begin, int64_t end) {
    const Space space(work, context.per_thread[static_cast<size_t>(thread)].reserve(Space::bytes(work)));
    few ? stream_rows(work, begin, end, space) : multiply_rows(work, begin, end, space);
  };
  if (few) {
    const int64_t most = std::max(step, kStreamPieceBytes / work.row_bytes / step * step);
    return context.pool.parallel_for_tapered(n, most, step, multiply);
  }
  context.pool.parallel_for_tapered(n, std::max(step, kPieceRows), step, multiply);
}

}  // namespace hermes::kernels
