#include <algorithm>

#include "kernels/cpu/amx_linear.h"
#include "kernels/cpu/cpu_context.h"
#include "ops/linear.h"

#if defined(HERMES_CPU_X86)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace hermes::kernels {

#if defined(HERMES_CPU_X86)

bool amx::enable() {
  // Tiles are large, so Linux hands them out on request only (arch_prctl, since 5.16); threads started later inherit
  // them.
  static const bool enabled = [] {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    constexpr unsigned kTileBit = 1U << 24, kBf16Bit = 1U << 22;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
    if ((edx & kTileBit) == 0 || (edx & kBf16Bit) == 0) return false;
    constexpr int kRequestPermission = 0x1023, kTileData = 18;
    return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return enabled;
}

void run_linear_amx(CpuContext& context, const ops::LinearArgs& args) {
  amx::Piece whole;
  whole.columns.t = args.x.shape[0];
  whole.columns.k = args.x.shape[1];
  whole.columns.parts = args.activations == ops::Activations::kBF16 ? 1 : 3;
  whole.weight = args.weight.as<Bf16>();
  whole.bias = args.bias ? context.widened(args.bias, context.weights) : nullptr;
  whole.y = args.y.f32();
  whole.n = args.weight.shape[0];
  if (whole.columns.t == 0 || whole.n == 0) return;

  auto* tiles = static_cast<Bf16*>(context.shared.reserve(whole.columns.bytes()));
  context.pool.parallel_for(whole.columns.n_groups(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) amx::pack_columns(whole.columns, args.x.f32(), group, tiles);
  });
  whole.columns.tiles = tiles;

  // Few rows of x: a piece long enough to read at full speed. Many: one panel, so that threads end together.
  int64_t rows = amx::kPanelRows;
  if (whole.columns.shares_tile()) {
    constexpr int64_t kPieceBytes = 1024 * 1024;
    rows = std::max<int64_t>(1, kPieceBytes / (2 * std::max<int64_t>(1, whole.columns.k) * rows)) * rows;
  }
  context.pool.parallel_for(whole.n, rows, [&](int thread, int64_t begin, int64_t end) {
    amx::Piece piece = whole;
    piece.n_begin = begin;
    piece.n_end = end;
    Scratch& scratch = context.per_thread[static_cast<size_t>(thread)];
    amx::multiply(piece, scratch.reserve(amx::scratch_bytes(whole.columns)));
  });
}

#else

bool amx::enable() { return false; }
void run_linear_amx(CpuContext&, const ops::LinearArgs&) { HERMES_CHECK(false, "AMX is not of this machine"); }

#endif

}  // namespace hermes::kernels
