#include "ops/rope.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/cpu_context.h"

namespace hermes::kernels {
namespace {

constexpr int64_t kTokensPerPiece = 32;

void rotate_heads(CpuContext& context, const TensorView& x, std::span<const int32_t> positions,
                  std::span<const float> inv_freq, void (*rotate)(float*, const float*, const float*, int64_t)) {
  const int64_t n_tokens = x.shape[0], n_heads = x.shape[1], head_dim = x.shape[2];
  const int64_t half = head_dim / 2;
  const float* angles = context.rotations.angles(context.pool, positions, inv_freq);
  context.pool.parallel_for(n_tokens, kTokensPerPiece, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* cosine = angles + t * head_dim;
      for (int64_t h = 0; h < n_heads; ++h) {
        rotate(x.f32() + (t * n_heads + h) * head_dim, cosine, cosine + half, half);
      }
    }
  });
}

}  // namespace

const float* RotationTable::angles(ThreadPool& pool, std::span<const int32_t> positions,
                                   std::span<const float> inv_freq) {
  const auto half = static_cast<int64_t>(inv_freq.size()), n_tokens = static_cast<int64_t>(positions.size());
  float* table = table_.reserve_floats(n_tokens * 2 * half);
  if (std::ranges::equal(positions, positions_) && std::ranges::equal(inv_freq, inv_freq_)) return table;
  pool.parallel_for(n_tokens, kTokensPerPiece, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float *cosine = table + t * 2 * half, *sine = cosine + half;
      for (int64_t i = 0; i < half; ++i) {
        // The angle is one F32 product by contract; of that angle, fp64 functions are right at any size.
        const float angle = static_cast<float>(positions[static_cast<size_t>(t)]) * inv_freq[static_cast<size_t>(i)];
        cosine[i] = static_cast<float>(std::cos(static_cast<double>(angle)));
        sine[i] = static_cast<float>(std::sin(static_cast<double>(angle)));
      }
    }
  });
  positions_.assign(positions.begin(), positions.end());
  inv_freq_.assign(inv_freq.begin(), inv_freq.end());
  return table;
}

void run_rope(CpuContext& context, const ops::RopeArgs& args) {
  const RowKernels& rows = context.kernels.rows;
  rotate_heads(context, args.x, args.positions, args.inv_freq, args.interleaved ? rows.rotate_pairs : rows.rotate);
}

void run_rope_backward(CpuContext& context, const ops::RopeBackwardArgs& args) {
  rotate_heads(context, args.d_x, args.positions, args.inv_freq, context.kernels.training.rotate_back);
}

}  // namespace hermes::kernels
