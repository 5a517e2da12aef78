#include "ops/rope.h"

#include <cmath>

#include "kernels/cpu/cpu_context.h"

namespace hermes::kernels {

void run_rope(CpuContext& context, const ops::RopeArgs& args) {
  const int64_t n_tokens = args.x.shape[0], n_heads = args.x.shape[1], head_dim = args.x.shape[2];
  const int64_t half = head_dim / 2;
  context.pool.parallel_for(n_tokens, 8, [&](int thread, int64_t begin, int64_t end) {
    float* cosine = context.per_thread[static_cast<size_t>(thread)].reserve_floats(head_dim);
    float* sine = cosine + half;
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t i = 0; i < half; ++i) {
        // The angle is one F32 product by contract; of that angle, fp64 functions are right at any size.
        const float angle =
            static_cast<float>(args.positions[static_cast<size_t>(t)]) * args.inv_freq[static_cast<size_t>(i)];
        cosine[i] = static_cast<float>(std::cos(static_cast<double>(angle)));
        sine[i] = static_cast<float>(std::sin(static_cast<double>(angle)));
      }
      for (int64_t h = 0; h < n_heads; ++h) {
        context.kernels.rows.rotate(args.x.f32() + (t * n_heads + h) * head_dim, cosine, sine, half);
      }
    }
  });
}

}  // namespace hermes::kernels
