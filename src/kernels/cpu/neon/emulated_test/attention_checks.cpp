#include <algorithm>

#include "kernels/cpu/neon/emulated_test/checks.h"

namespace hermes::kernels {
namespace {

constexpr int64_t kPage = 128, kHeadOffset = 48, kSegmentPositions = 1024;  // the offset in bytes: 64-bit aligned

struct Shape {
  int64_t n_tokens, group, head_dim, depth;  // depth: positions before the first token
  bool window;                               // only the last positions are seen
  std::string text() const {
    return " of " + std::to_string(n_tokens) + " tokens, " + std::to_string(group) + " heads of " +
           std::to_string(head_dim) + " at " + std::to_string(depth);
  }
};

template <class T>
struct Pages {
  static constexpr int64_t kBefore = kHeadOffset / static_cast<int64_t>(sizeof(T));
  std::vector<std::vector<T>> memory;
  std::vector<const std::byte*> pages;

  static int64_t row_bytes(int64_t head_dim) { return head_dim * static_cast<int64_t>(sizeof(T)); }
  Pages(int64_t n_positions, int64_t head_dim, uint64_t seed) {
    for (int64_t at = 0; at < n_positions; at += kPage) {
      memory.push_back(narrowed<T>(numbers(kBefore + kPage * head_dim, seed + static_cast<uint64_t>(at))));
    }
    for (const std::vector<T>& page : memory) pages.push_back(reinterpret_cast<const std::byte*>(page.data()));
  }
};
// Q8_0: any int8, and scales.
template <>
struct Pages<int8_t> {
  std::vector<std::vector<int8_t>> memory;
  std::vector<const std::byte*> pages;

  static int64_t row_bytes(int64_t head_dim) { return (head_dim + 31) / 32 * 34; }
  Pages(int64_t n_positions, int64_t head_dim, uint64_t seed) {
    Rng rng(seed);
    const int64_t n_blocks = (head_dim + 31) / 32;
    for (int64_t at = 0; at < n_positions; at += kPage) {
      std::vector<int8_t> page(size(kHeadOffset));
      for (int64_t tile = 0; tile < kPage; tile += 64) {
        for (int64_t i = 0; i < 64 * 32 * n_blocks; ++i) page.push_back(static_cast<int8_t>(rng.below(255) - 127));
        for (const float x : numbers(64 * n_blocks, seed + static_cast<uint64_t>(at + tile))) {
          const F16 scale = to_f16(x / 64);
          page.push_back(static_cast<int8_t>(scale.bits & 0xFF));
          page.push_back(static_cast<int8_t>(scale.bits >> 8));
        }
      }
      memory.push_back(std::move(page));
    }
    for (const std::vector<int8_t>& page : memory) pages.push_back(reinterpret_cast<const std::byte*>(page.data()));
  }
};

using Kernel = void (*AttentionKernels::*)(const AttentionBlock&, float*);

template <class T>
void check_shape(const std::string& name, Kernel kernel, const Shape& s) {
  const int64_t n_positions = s.depth + s.n_tokens, n_queries = s.n_tokens * s.group;
  const Pages<T> keys(n_positions, s.head_dim, 1000), values(n_positions, s.head_dim, 5000);
  const std::vector<float> q = numbers(n_queries * s.head_dim, 31);
  std::vector<int32_t> begin, end;
  for (int64_t t = 0; t < s.n_tokens; ++t) {
    end.push_back(static_cast<int32_t>(s.depth + t + 1));
    begin.push_back(s.window ? static_cast<int32_t>(std::max<int64_t>(0, end.back() - 70)) : 0);
  }
  AttentionBlock block;
  block.q = q.data();
  block.token_stride = s.group * s.head_dim;
  block.n_tokens = s.n_tokens;
  block.group = s.group;
  block.head_dim = s.head_dim;
  block.kv_begin = begin.data();
  block.kv_end = end.data();
  block.k_pages = keys.pages.data();
  block.v_pages = values.pages.data();
  block.page_size = kPage;
  block.row_bytes = Pages<T>::row_bytes(s.head_dim);
  block.head_offset = kHeadOffset;
  block.scale = 0.3F;

  compare(name + s.text(), [&](const KernelTable& set) {
    std::vector<float> out(q.size()), scratch(size(set.attention.scratch_floats(n_queries, s.head_dim)));
    AttentionBlock piece = block;
    piece.out = out.data();
    (set.attention.*kernel)(piece, scratch.data());
    return out;
  });
  // By segments, put together at the end.
  compare(name + " in segments" + s.text(), [&](const KernelTable& set) {
    const int64_t width = set.attention.partial_floats(s.head_dim);
    const int64_t n_segments = (n_positions + kSegmentPositions - 1) / kSegmentPositions;
    std::vector<float> scratch(size(set.attention.scratch_floats(n_queries, s.head_dim)));
    std::vector<float> out(q.size()), partials(size(n_queries * (n_segments + 1) * width));
    for (int64_t i = 0; i < n_segments; ++i) {
      AttentionBlock piece = block;
      piece.first = i * kSegmentPositions;
      piece.last = piece.first + kSegmentPositions;
      piece.partial = partials.data() + i * width;
      piece.partial_stride = (n_segments + 1) * width;
      (set.attention.*kernel)(piece, scratch.data());
    }
    for (int64_t i = 0; i < n_queries; ++i) {
      set.attention.combine(partials.data() + i * (n_segments + 1) * width, n_segments, s.head_dim,
                            out.data() + i * s.head_dim);
    }
    return out;
  });
}

}  // namespace

void check_attention() {
  // One token and several, few queries (read as stored) and many (widened), head sizes of whole vectors and not, depths
  // beyond a segment.
  for (const Shape& s : {Shape{1, 1, 64, 0, false}, Shape{1, 4, 24, 100, false}, Shape{5, 3, 32, 61, false},
                         Shape{9, 2, 24, 130, true}, Shape{1, 2, 16, 1100, false}}) {
    check_shape<float>("attention F32", &AttentionKernels::f32, s);
    check_shape<F16>("attention F16", &AttentionKernels::f16, s);
    check_shape<Bf16>("attention BF16", &AttentionKernels::bf16, s);
    check_shape<int8_t>("attention Q8_0", &AttentionKernels::q8, s);
  }
  for (const int64_t n : {5, 32, 50, 96}) {
    for (const float factor : {1.0F, 1e-7F, 1e7F}) {
      std::vector<float> x = numbers(n, 71);
      for (float& value : x) value *= factor;
      compare("round_q8 of " + std::to_string(n), [&](const KernelTable& set) {
        std::vector<int8_t> q(size((n + 31) / 32 * 32));
        std::vector<F16> scales(q.size() / 32);
        set.attention.round_q8(x.data(), n, q.data(), scales.data());
        std::vector<float> all(q.begin(), q.end());
        for (const F16 scale : scales) all.push_back(to_float(scale));
        return all;
      });
    }
  }
}

}  // namespace hermes::kernels
