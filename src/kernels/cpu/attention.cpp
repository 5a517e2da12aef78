#include "ops/attention.h"

#include <algorithm>

#include "kernels/cpu/attention_kernels.h"
#include "kernels/cpu/cpu_context.h"

namespace hermes::kernels {

static_assert(kTile == ops::kAttentionTile);

namespace {

// Queries that share one widened tile of K and V: many enough that widening is cheap, few enough for the cache.
constexpr int64_t kQueriesPerBlock = 96;

}  // namespace

void run_attention(CpuContext& context, const ops::AttentionArgs& args) {
  const int64_t n_tokens = args.q.shape[0], n_heads = args.q.shape[1], head_dim = args.q.shape[2];
  const int64_t group = n_heads / args.kv_heads;
  const int64_t block_tokens = std::max<int64_t>(1, std::min(n_tokens, kQueriesPerBlock / group));
  const int64_t n_blocks = (n_tokens + block_tokens - 1) / block_tokens;
  const AttentionKernels& kernels = context.kernels.attention;
  const int64_t scratch_floats = kernels.scratch_floats(block_tokens * group, head_dim);

  // Late blocks see the most positions; taken first, they do not leave one thread working at the end.
  context.pool.parallel_for(n_blocks * args.kv_heads, 1, [&](int thread, int64_t piece, int64_t) {
    const int64_t t = (n_blocks - 1 - piece / args.kv_heads) * block_tokens, g = piece % args.kv_heads;
    const int64_t from = (t * n_heads + g * group) * head_dim;
    AttentionBlock block;
    block.q = args.q.f32() + from;
    block.out = args.out.f32() + from;
    block.token_stride = n_heads * head_dim;
    block.n_tokens = std::min(block_tokens, n_tokens - t);
    block.group = group;
    block.head_dim = head_dim;
    block.kv_begin = args.kv_begin.data() + t;
    block.kv_end = args.kv_end.data() + t;
    block.k_pages = args.pages.k.data();
    block.v_pages = args.pages.v.data();
    block.page_size = args.pages.page_size;
    block.head_offset = g * args.pages.page_size * head_dim;
    block.scale = args.scale;
    float* scratch = context.per_thread[static_cast<size_t>(thread)].reserve_floats(scratch_floats);
    switch (args.pages.dtype) {
      case DType::kF16:
        return kernels.f16(block, scratch);
      case DType::kBF16:
        return kernels.bf16(block, scratch);
      default:
        return kernels.f32(block, scratch);
    }
  });
}

}  // namespace hermes::kernels
