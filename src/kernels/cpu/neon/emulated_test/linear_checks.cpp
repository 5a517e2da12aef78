#include <algorithm>

#include "kernels/cpu/neon/emulated_test/checks.h"

namespace hermes::kernels {
namespace {

struct Shape {
  int64_t t, k, n;
  std::string text() const { return " " + std::to_string(t) + " x " + std::to_string(k) + " by " + std::to_string(n); }
};

template <class W>
struct Operands {
  Shape shape;
  std::vector<float> x, bias;
  std::vector<W> weight;
  bool with_bias;

  Operands(const Shape& s, bool special) : shape(s), with_bias(s.n % 2 == 1) {
    x = numbers(s.t * s.k, 11);
    bias = numbers(s.n, 12);
    std::vector<float> wide = numbers(s.n * s.k, 13, 0.2F);
    if (special && !x.empty()) {
      sprinkle(x, {kDenormal, -kDenormal, -0.0F, 0x1p-120F}, 14);
      sprinkle(wide, {kDenormal, 0x1p-16F, -0x1p-15F, -0.0F, 0x1p-24F}, 15);
      if (s.t > 2) sprinkle(x, {kInfinity, __builtin_nanf("")}, 16);
    }
    weight = narrowed<W>(wide);
  }
  const float* bias_or_none() const { return with_bias ? bias.data() : nullptr; }
};

template <class W>
std::vector<float> product(const LinearKernels& kernels, const Operands<W>& in, bool few) {
  const auto [t, k, n] = in.shape;
  const RowsToPack rows{in.x.data(), t, k, few ? t : kernels.gemm_rows,
                        few ? std::max<int64_t>(1, k) : kernels.gemm_block};
  const int64_t n_tiles = (t + rows.tile_rows - 1) / rows.tile_rows;
  std::vector<std::byte> packed(size(kernels.packed_bytes(k, n_tiles * rows.tile_rows)));
  kernels.pack(rows, 0, n_tiles, packed.data());
  std::vector<float> y(size(t * n));
  LinearPiece piece;
  piece.x = packed.data();
  piece.weight = in.weight.data();
  piece.bias = in.bias_or_none();
  piece.y = y.data();
  piece.t = t;
  piece.k = k;
  piece.n = piece.n_end = n;
  if (few) {
    kernels.gemv(piece);
  } else {
    std::vector<std::byte> scratch(size(kernels.gemm_scratch_bytes(k, n)));
    kernels.gemm(piece, scratch.data());
  }
  return y;
}

template <class W>
std::vector<float> lane_product(const LaneGemmKernels& kernels, const Operands<W>& in) {
  const auto [t, k, n] = in.shape;
  std::vector<float> y(size(t * n)), panel(size(kernels.panel_floats(k)));
  for (int64_t column = 0; column < n; column += kernels.panel_columns) {
    kernels.pack(in.weight.data() + column * k, k, n - column, panel.data());
    LanePiece piece;
    piece.x = in.x.data();
    piece.panel = panel.data();
    piece.bias = in.bias_or_none();
    piece.y = y.data();
    piece.k = k;
    piece.n = n;
    piece.t_end = t;
    piece.n_begin = column;
    kernels.run(piece);
  }
  return y;
}

template <class W>
void check_types(const std::string& name, LinearTypes types) {
  // Tails of K; K beyond one block of gemm and of its BF16; rows beyond one block of tokens; columns beyond a panel.
  for (const bool special : {false, true}) {
    for (const Shape& shape : {Shape{1, 1, 1}, Shape{1, 100, 9}, Shape{2, 33, 18}, Shape{3, 64, 7}, Shape{3, 15, 4}}) {
      const Operands<W> in(shape, special);
      compare(name + " gemv" + shape.text(), [&](const auto& set) { return product(set.linear[types], in, true); });
    }
    for (const Shape& shape :
         {Shape{4, 31, 6}, Shape{5, 2100, 3}, Shape{2, 1040, 5}, Shape{98, 17, 3}, Shape{2, 0, 3}}) {
      const Operands<W> in(shape, special);
      compare(name + " gemm" + shape.text(), [&](const auto& set) { return product(set.linear[types], in, false); });
    }
    if (types == kBothBf16) continue;
    for (const Shape& shape : {Shape{7, 16, 16}, Shape{13, 45, 35}, Shape{2, 5, 70}}) {
      const Operands<W> in(shape, special);
      compare(name + " lane gemm" + shape.text(),
              [&](const auto& set) { return lane_product(set.lane_gemm[types], in); });
      expect_same(name + " lane gemm beside gemm" + shape.text(), product(kScalarSet.linear[types], in, false),
                  lane_product(kNeonSet.lane_gemm[types], in));
    }
  }
}

}  // namespace

void check_linear() {
  check_types<float>("F32", kWeightF32);
  check_types<F16>("F16", kWeightF16);
  check_types<Bf16>("BF16", kWeightBf16);
  check_types<Bf16>("BF16 pairs", kBothBf16);
}

}  // namespace hermes::kernels
