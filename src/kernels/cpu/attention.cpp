#include "ops/attention.h"

#include <algorithm>

#include "kernels/cpu/attention_kernels.h"
#include "kernels/cpu/cpu_context.h"

namespace hermes::kernels {

static_assert(kTile == ops::kAttentionTile && kSegment == ops::kAttentionSegment);

namespace {

// Queries that share one widened tile of K and V: many enough that widening is cheap, few enough for the cache.
constexpr int64_t kQueriesPerBlock = 96;
// Fewer pieces than this for each thread, and segments are taken apart.
constexpr int64_t kPiecesPerThread = 4;

struct Blocks {
  CpuContext& context;
  const ops::AttentionArgs& args;
  int64_t n_tokens, n_heads, head_dim, group, block_tokens, n_blocks, scratch_floats;

  Blocks(CpuContext& c, const ops::AttentionArgs& a)
      : context(c), args(a), n_tokens(a.q.shape[0]), n_heads(a.q.shape[1]), head_dim(a.q.shape[2]) {
    group = n_heads / args.kv_heads;
    block_tokens = std::max<int64_t>(1, std::min(n_tokens, kQueriesPerBlock / group));
    n_blocks = (n_tokens + block_tokens - 1) / block_tokens;
    scratch_floats = context.kernels.attention.scratch_floats(block_tokens * group, head_dim);
  }

  AttentionBlock block(int64_t index, int64_t kv_head) const {
    const int64_t t = index * block_tokens, from = (t * n_heads + kv_head * group) * head_dim;
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
    block.row_bytes = padded_bytes(args.pages.dtype, head_dim);
    block.head_offset = kv_head * args.pages.page_size * block.row_bytes;
    block.scale = args.scale;
    return block;
  }

  void run(int thread, const AttentionBlock& block) const {
    const AttentionKernels& kernels = context.kernels.attention;
    float* scratch = context.per_thread[static_cast<size_t>(thread)].reserve_floats(scratch_floats);
    switch (args.pages.dtype) {
      case DType::kF16:
        return kernels.f16(block, scratch);
      case DType::kBF16:
        return kernels.bf16(block, scratch);
      case DType::kQ8_0:
        return kernels.q8(block, scratch);
      default:
        return kernels.f32(block, scratch);
    }
  }
};

// One block of few tokens, and a long cache: threads take segments of it.
void run_segments(const Blocks& blocks, int64_t n_segments) {
  CpuContext& context = blocks.context;
  const int64_t kv_heads = blocks.args.kv_heads, n_queries = blocks.n_tokens * blocks.group;
  const int64_t floats = context.kernels.attention.partial_floats(blocks.head_dim),
                query_floats = (n_segments + 1) * floats;
  float* partials = context.shared.reserve_floats(kv_heads * n_queries * query_floats);
  context.pool.parallel_for(kv_heads * n_segments, 1, [&](int thread, int64_t piece, int64_t) {
    const int64_t kv_head = piece / n_segments, segment = piece % n_segments;
    AttentionBlock block = blocks.block(0, kv_head);
    block.first = segment * kSegment;
    block.last = block.first + kSegment;
    block.partial = partials + kv_head * n_queries * query_floats + segment * floats;
    block.partial_stride = query_floats;
    blocks.run(thread, block);
  });
  context.pool.parallel_for(kv_heads * n_queries, blocks.group, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t kv_head = i / n_queries, token = i % n_queries / blocks.group, head = i % blocks.group;
      float* out = blocks.args.out.f32() + (token * blocks.n_heads + kv_head * blocks.group + head) * blocks.head_dim;
      context.kernels.attention.combine(partials + i * query_floats, n_segments, blocks.head_dim, out);
    }
  });
}

}  // namespace

void run_attention(CpuContext& context, const ops::AttentionArgs& args) {
  const Blocks blocks(context, args);
  const int64_t n_pieces = blocks.n_blocks * args.kv_heads;
  if (blocks.n_blocks == 1 && n_pieces < kPiecesPerThread * context.pool.n_threads()) {
    const int64_t end = *std::max_element(args.kv_end.begin(), args.kv_end.end());
    const int64_t n_segments = (end + kSegment - 1) / kSegment;
    if (n_segments > 1) return run_segments(blocks, n_segments);
  }
  // Late blocks see the most positions; taken first, they do not leave one thread working at the end.
  context.pool.parallel_for(n_pieces, 1, [&](int thread, int64_t piece, int64_t) {
    blocks.run(thread, blocks.block(blocks.n_blocks - 1 - piece / args.kv_heads, piece % args.kv_heads));
  });
}

}  // namespace hermes::kernels
