#include <algorithm>
#include <cstring>

#include "kernels/cpu/neon/emulated_test/checks.h"

namespace hermes::kernels {
namespace {

constexpr int64_t kK = 512, kTokens = 7;

// Places of the F16 scales in a block; the other bytes may be anything.
std::vector<int64_t> places_of_halves(DType dtype) {
  switch (dtype) {
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K:
      return {0, 2};
    case DType::kQ2_K:
      return {80, 82};
    case DType::kQ3_K:
      return {108};
    case DType::kQ6_K:
      return {208};
    case DType::kMXFP4:
    case DType::kIQ1_M:
      return {};
    default:
      return {0};
  }
}

// IQ1_M has its scale in the upper quarters of its last four numbers: like this it is finite.
void make_iq1_m_scale_finite(std::byte* block) { block[55] = (block[55] & std::byte{0x0F}) | std::byte{0x20}; }

// Sixteen rows.
std::vector<std::byte> weights(const QuantKernels& kernels, int64_t row_bytes) {
  Rng rng(21, static_cast<uint64_t>(kernels.dtype));
  std::vector<std::byte> rows(size(kQuantRows * row_bytes));
  for (std::byte& b : rows) b = static_cast<std::byte>(rng.next_u32());
  for (int64_t at = 0; at + kernels.block_bytes <= kQuantRows * row_bytes; at += kernels.block_bytes) {
    for (const int64_t place : places_of_halves(kernels.dtype)) {
      // Denormals in some blocks, large numbers in others.
      F16 half = to_f16(static_cast<float>(rng.normal()) * 0.05F);
      if (rng.below(8) == 0) half = {static_cast<uint16_t>(rng.below(0x400))};
      if (rng.below(16) == 0) half = {static_cast<uint16_t>(0x7800 + rng.below(0x300))};
      std::memcpy(rows.data() + at + place, &half, sizeof half);
    }
    if (kernels.dtype == DType::kMXFP4)
      rows[size(at)] = static_cast<std::byte>(rng.below(5) == 0 ? rng.below(3) : 100 + rng.below(40));
    if (kernels.dtype == DType::kIQ1_M) make_iq1_m_scale_finite(rows.data() + at);
  }
  return rows;
}

struct PackedTile {
  std::vector<int8_t> q;
  std::vector<float> scale;
  std::vector<int32_t> sums;

  PackedTile(const QuantTable& table, const float* x, int n_tokens)
      : q(size(kK * n_tokens)), scale(size(kK / kQuantBlock * n_tokens)), sums(2 * scale.size()) {
    table.pack(x, kK, n_tokens, kK, tile());
  }
  QuantTile tile() { return {q.data(), scale.data(), sums.data()}; }
};

std::vector<std::byte> interleaved(const QuantKernels& kernels, const std::vector<std::byte>& rows, int64_t row_bytes) {
  std::vector<std::byte> group(size(kQuantRows * row_bytes));
  kernels.interleave(rows.data(), row_bytes, kK / kernels.block_elements, group.data());
  return group;
}

struct Panel {
  std::vector<uint8_t> q;
  std::vector<float> scale, offset;

  Panel(const QuantKernels& kernels, const std::vector<std::byte>& group)
      : q(size(kK * kQuantRows)), scale(size(kK / kernels.sub * kQuantRows)), offset(scale.size()) {
    kernels.unpack(group.data(), kK / kernels.block_elements, panel());
  }
  QuantPanel panel() { return {q.data(), scale.data(), offset.data()}; }
};

struct Case {
  int kernel;
  int n_rows;
  bool with_bias;
  const std::vector<std::byte>& rows;  // of the file
  int64_t row_bytes;
  const std::vector<float>&x, &bias;
};

// All tokens, in tiles as large as the set takes them; or one at a time, from the weights as they are.
std::vector<float> products(const QuantTable& table, const Case& c, bool stream) {
  const QuantKernels& kernels = table.kernels[c.kernel];
  const int most = stream ? kernels.stream_tokens : kernels.tile_tokens;
  const int64_t n_blocks = kK / kQuantBlock;
  const std::vector<std::byte> group = interleaved(kernels, c.rows, c.row_bytes);
  Panel panel(kernels, group);
  std::vector<float> y(size(kTokens * c.n_rows), 7.0F);
  for (int64_t t = 0; t < kTokens; t += most) {
    const int n = static_cast<int>(std::min<int64_t>(most, kTokens - t));
    PackedTile packed(table, c.x.data() + t * kK, n);
    std::vector<int32_t> finished(packed.sums.size());
    kernels.finish(packed.tile(), n, n_blocks, finished.data());
    QuantRun run{.q = packed.q.data(),
                 .scale = packed.scale.data(),
                 .sums = finished.data(),
                 .n_tokens = n,
                 .y = y.data() + t * c.n_rows,
                 .y_stride = c.n_rows,
                 .bias = c.with_bias ? c.bias.data() : nullptr,
                 .n_rows = c.n_rows,
                 .first = true,
                 .n_blocks = n_blocks};
    if (stream) {
      kernels.stream(run, group.data(), {group.data(), kernels.block_bytes});
      continue;
    }
    // In two parts, so that the second goes on from what the first left.
    const int64_t half = n_blocks / 2, subs = kQuantBlock / kernels.sub;
    run.n_blocks = half;
    run.bias = nullptr;
    kernels.run(run, panel.panel(), kK, {});
    run.q += half * n * kQuantBlock;
    run.scale += half * n;
    run.sums += half * n * subs;
    run.bias = c.with_bias ? c.bias.data() : nullptr;
    run.first = false;
    const QuantPanel whole = panel.panel();
    kernels.run(run,
                {whole.q + half * kQuantBlock * kQuantRows, whole.scale + half * subs * kQuantRows,
                 whole.offset + half * subs * kQuantRows},
                kK, {group.data(), kernels.block_bytes});
  }
  return y;
}

void check_pack(const std::vector<float>& x) {
  for (const int n : {1, 2, 3}) {
    const std::string at = "pack of " + std::to_string(n);
    compare(at + ", q", [&](const KernelTable& set) { return PackedTile(set.quant, x.data(), n).q; });
    compare(at + ", scale", [&](const KernelTable& set) { return PackedTile(set.quant, x.data(), n).scale; });
    compare(at + ", sums", [&](const KernelTable& set) { return PackedTile(set.quant, x.data(), n).sums; });
  }
}

}  // namespace

void check_quant() {
  std::vector<float> x = numbers(kTokens * kK, 22);
  const std::vector<float> bias = numbers(kQuantRows, 23);
  // A block of zeros, one of denormals, one with a number that drowns the others.
  std::fill_n(x.begin() + 64, 32, 0.0F);
  std::fill_n(x.begin() + 128, 32, kDenormal);
  x[kK + 5] = 1e30F;
  check_pack(x);
  if (kScalarSet.quant.n_kernels != kNeonSet.quant.n_kernels) fail("number of quantised types");
  for (int i = 0; i < kScalarSet.quant.n_kernels; ++i) {
    const QuantKernels& kernels = kScalarSet.quant.kernels[i];
    const std::string name = "quantised type " + std::to_string(static_cast<int>(kernels.dtype));
    if (kNeonSet.quant.kernels[i].dtype != kernels.dtype) fail(name + ": order of types");
    const int64_t row_bytes = kK / kernels.block_elements * kernels.block_bytes;
    const std::vector<std::byte> rows = weights(kernels, row_bytes);
    const auto group = [&](const KernelTable& set) { return interleaved(set.quant.kernels[i], rows, row_bytes); };
    const auto panel = [&](const KernelTable& set) { return Panel(set.quant.kernels[i], group(set)); };
    compare(name + " interleave", group);
    compare(name + " unpack, q", [&](const KernelTable& set) { return panel(set).q; });
    compare(name + " unpack, scale", [&](const KernelTable& set) { return panel(set).scale; });
    compare(name + " unpack, offset", [&](const KernelTable& set) { return panel(set).offset; });
    for (const int n_rows : {kQuantRows, 11}) {
      const Case c{i, n_rows, n_rows == 11, rows, row_bytes, x, bias};
      compare(name + " run", [&](const KernelTable& set) { return products(set.quant, c, false); });
      compare(name + " stream", [&](const KernelTable& set) { return products(set.quant, c, true); });
    }
  }
}

}  // namespace hermes::kernels
