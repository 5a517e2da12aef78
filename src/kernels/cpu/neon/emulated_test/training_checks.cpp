#include <algorithm>

#include "kernels/cpu/neon/emulated_test/checks.h"

namespace hermes::kernels {
namespace {

struct Shape {
  int64_t rows, columns, k;
  std::string text() const {
    return " " + std::to_string(rows) + " x " + std::to_string(k) + " by " + std::to_string(columns);
  }
};

void check_products(const Shape& s, bool add) {
  const std::vector<float> a = numbers(s.rows * s.k, 41), out0 = numbers(s.rows * s.columns, 43);
  const int64_t b_row = round_up(s.columns, 16);
  const std::vector<float> b = numbers(s.k * b_row, 42);
  Product whole;
  whole.a = a.data();
  whole.a_row = s.k;
  whole.b = b.data();
  whole.b_row = b_row;
  whole.out_row = s.columns;
  whole.rows = s.rows;
  whole.columns = s.columns;
  whole.k = s.k;
  whole.add = add;
  compare("product" + s.text(), [&](const KernelTable& set) {
    std::vector<float> out = out0;
    Product p = whole;
    p.out = out.data();
    set.training.product(p);
    return out;
  });
  compare("product of transposed" + s.text(), [&](const KernelTable& set) {
    std::vector<float> out = out0;
    Product p = whole;
    p.out = out.data();
    p.a_row = 1;
    p.a_step = s.rows;
    set.training.product(p);
    return out;
  });
  if (s.k > kProductDepth) return;
  const auto packed = [&](const TrainingKernels& kernels, const std::vector<float>& tiles, auto multiply) {
    const int64_t width = kernels.product_columns, panel_floats = s.k * width;
    std::vector<float> panels(size(round_up(s.columns, width) / width * panel_floats)), out = out0;
    kernels.pack_panels(b.data(), b_row, s.k, s.columns, panels.data(), panel_floats);
    for (int64_t c = 0; c < s.columns; c += width) {
      Product p = whole;
      p.a = tiles.data();
      p.b = panels.data() + c / width * panel_floats;
      p.out = out.data() + c;
      p.columns = std::min(width, s.columns - c);
      multiply(p);
    }
    return out;
  };
  compare("product of packed rows" + s.text(), [&](const KernelTable& set) {
    const TrainingKernels& kernels = set.training;
    std::vector<float> tiles(size(round_up(s.rows, kernels.product_rows) * kProductDepth));
    kernels.pack_rows(a.data(), s.k, s.rows, s.k, tiles.data());
    return packed(kernels, tiles, kernels.product_of_rows);
  });
  compare("product of packed columns" + s.text(), [&](const KernelTable& set) {
    const TrainingKernels& kernels = set.training;
    std::vector<float> tiles(size(round_up(s.rows, kernels.product_rows) * s.k));
    kernels.pack_transposed(a.data(), s.rows, s.k, s.rows, tiles.data());
    return packed(kernels, tiles, kernels.product_of_transposed);
  });
}

void check_attention_backward(int64_t n_tokens, int64_t group, int64_t head_dim) {
  const int64_t n_q = n_tokens * group * head_dim, n_kv = n_tokens * head_dim;
  const std::vector<float> q = numbers(n_q, 51), k = numbers(n_kv, 52), v = numbers(n_kv, 53), out = numbers(n_q, 54),
                           d_out = numbers(n_q, 55);
  compare("attention_backward of " + std::to_string(n_tokens) + " tokens", [&](const KernelTable& set) {
    std::vector<float> d(size(n_q + 2 * n_kv));
    std::vector<float> scratch(size(set.training.attention_backward_floats(n_tokens, group, head_dim)));
    AttentionBackwardPiece piece{.q = q.data(), .k = k.data(), .v = v.data(), .out = out.data(), .d_out = d_out.data()};
    piece.d_q = d.data();
    piece.d_k = d.data() + n_q;
    piece.d_v = d.data() + n_q + n_kv;
    piece.q_stride = group * head_dim;
    piece.kv_stride = head_dim;
    piece.n_tokens = n_tokens;
    piece.group = group;
    piece.head_dim = head_dim;
    piece.scale = 0.25F;
    set.training.attention_backward(piece, scratch.data());
    return d;
  });
}

void check_rms_norm_backward(int64_t n, const std::vector<float>& x, const std::vector<float>& y) {
  compare("rms_norm_backward of " + std::to_string(n), [&](const KernelTable& set) {
    std::vector<float> d(size(4 * n));  // of x, three rows; of the weight
    RmsNormRows rows{.x = x.data(), .weight = y.data(), .d_out = y.data() + n, .d_x = d.data()};
    rows.d_weight = d.data() + 3 * n;
    rows.n_rows = 3;
    rows.n = n;
    rows.eps = 1e-5F;
    set.training.rms_norm_backward(rows);
    return d;
  });
}

// The kernels that go over rows; x and y are four rows of n.
void check_row_kernels(int64_t n, std::initializer_list<float> special, const std::string& kind) {
  std::vector<float> x = numbers(4 * n, 61), y = numbers(4 * n, 62);
  sprinkle(x, special, 63);
  const std::string at = " of " + std::to_string(n) + kind;
  const auto in_place = [&](const std::string& name, const auto& run) {
    compare(name + at, [&](const KernelTable& set) {
      std::vector<float> out = x;
      run(set.training, out.data());
      return out;
    });
  };
  check_rms_norm_backward(n, x, y);
  in_place("rotate_back", [&](const auto& k, float* out) { k.rotate_back(out, y.data(), y.data() + n, n); });
  in_place("scale", [&](const auto& k, float* out) { k.scale(out, n, 0.37F); });
  in_place("add_columns", [&](const auto& k, float* out) { k.add_columns(y.data(), n, 3, n, out); });
  in_place("swiglu_backward",
           [&](const auto& k, float* out) { k.swiglu_backward(x.data(), y.data(), y.data() + n, n, out, out + n); });
  in_place("adamw", [&](const auto& k, float* out) {
    std::vector<float> v(y.begin(), y.begin() + n);
    for (float& e : v) e = e * e;
    k.adamw({0.5F, 0.9F, 0.1F, 0.95F, 0.05F, 0.999F, 1e-3F, 1.7F, 1e-8F}, n, out, y.data() + n, out + n, v.data());
    std::copy(v.begin(), v.end(), out + 2 * n);
  });
  in_place("softmax_parts", [&](const auto& k, float* out) { out[n] = k.softmax_parts(x.data(), n, out).highest; });
  compare("sums in fp64" + at, [&](const KernelTable& set) {
    return std::vector<double>{set.training.softmax_parts(x.data(), n, nullptr).sum,
                               set.training.sum_of_squares(x.data(), n)};
  });
}

}  // namespace

void check_training() {
  for (const Shape& s : {Shape{1, 1, 1}, Shape{13, 70, 40}, Shape{6, 16, 128}, Shape{5, 33, 200}}) {
    check_products(s, false);
    check_products(s, true);
  }
  check_attention_backward(5, 2, 24);
  check_attention_backward(70, 2, 16);
  for (const int64_t n : {1, 16, 53}) {
    check_row_kernels(n, {}, "");
    check_row_kernels(n, {kDenormal, -0.0F, -kInfinity}, " with denormals and -infinity");
    check_row_kernels(n, {__builtin_nanf(""), kInfinity}, " with NaN");
  }
}

}  // namespace hermes::kernels
