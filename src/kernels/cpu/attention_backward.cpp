#include <algorithm>
#include <numeric>

#include "kernels/cpu/training_drivers.h"

namespace hermes::kernels {

void run_attention_backward(CpuContext& context, const ops::AttentionBackwardArgs& args) {
  const TrainingKernels& kernels = context.kernels.training;
  const int64_t n_heads = args.q.shape[1], head_dim = args.q.shape[2], kv_heads = args.k.shape[1];
  const int64_t group = n_heads / kv_heads;
  const std::span<const int32_t> documents = args.documents;

  // Long documents first: taken last, one would leave the other threads idle.
  std::vector<size_t> order(documents.size() - 1);
  std::iota(order.begin(), order.end(), size_t{0});
  const auto length = [&](size_t i) { return documents[i + 1] - documents[i]; };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return length(a) > length(b); });

  context.pool.parallel_for(static_cast<int64_t>(order.size()) * kv_heads, 1, [&](int thread, int64_t i, int64_t) {
    const size_t document = order[static_cast<size_t>(i / kv_heads)];
    const int64_t g = i % kv_heads, begin = documents[document];
    const int64_t at_q = (begin * n_heads + g * group) * head_dim, at_kv = (begin * kv_heads + g) * head_dim;
    AttentionBackwardPiece piece;
    piece.q = args.q.f32() + at_q;
    piece.k = args.k.f32() + at_kv;
    piece.v = args.v.f32() + at_kv;
    piece.out = args.out.f32() + at_q;
    piece.d_out = args.d_out.f32() + at_q;
    piece.d_q = args.d_q.f32() + at_q;
    piece.d_k = args.d_k.f32() + at_kv;
    piece.d_v = args.d_v.f32() + at_kv;
    piece.q_stride = n_heads * head_dim;
    piece.kv_stride = kv_heads * head_dim;
    piece.n_tokens = length(document);
    piece.group = group;
    piece.head_dim = head_dim;
    piece.scale = args.scale;
    if (piece.n_tokens == 0) return;
    Scratch& scratch = context.per_thread[static_cast<size_t>(thread)];
    kernels.attention_backward(
        piece, scratch.reserve_floats(kernels.attention_backward_floats(piece.n_tokens, group, head_dim)));
  });
}

}  // namespace hermes::kernels
