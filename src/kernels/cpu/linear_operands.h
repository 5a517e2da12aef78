// How linear multiplies: the pairs of weight and activation types, and x as its kernels read it.
#pragma once

#include "kernels/cpu/always_inline.h"
#include "kernels/cpu/kernel_table.h"

namespace hermes::kernels {

// F32 arithmetic; weights of type W widen exactly.
template <class V, class W>
struct WidenedMultiply {
  using Lanes = V;
  using Weight = W;
  using Packed = float;
  using Chunk = V;
};

// Products of BF16 pairs.
template <class V, class Pairs>
struct Bf16Multiply {
  using Lanes = V;
  using Weight = Bf16;
  using Packed = Bf16;
  using Chunk = Pairs;
};

// A row of the weights, chunk by chunk as it is multiplied: widened, or scaled, where that is the way.
template <class M>
class WeightRow {
 public:
  HERMES_INLINE WeightRow() = default;
  HERMES_INLINE WeightRow(const LinearPiece& piece, int64_t n)
      : w_(static_cast<const typename M::Weight*>(piece.weight) + n * piece.k) {}
  HERMES_INLINE const void* at(int64_t k) const { return w_ + k; }
  HERMES_INLINE typename M::Chunk load(int64_t k) const { return M::Chunk::load(w_ + k); }
  HERMES_INLINE typename M::Chunk load_first(int64_t k, int n) const { return M::Chunk::load_first(w_ + k, n); }

 private:
  const typename M::Weight* w_;
};
template <class V>
class WeightRow<WidenedMultiply<V, F8E4M3>> {
 public:
  HERMES_INLINE WeightRow() = default;
  HERMES_INLINE WeightRow(const LinearPiece& piece, int64_t n)
      : w_(static_cast<const F8E4M3*>(piece.weight) + n * piece.k),
        scales_(piece.scales + n / piece.scale_rows * piece.scales_per_row),
        shift_(piece.scale_shift) {}
  HERMES_INLINE const void* at(int64_t k) const { return w_ + k; }
  HERMES_INLINE V load(int64_t k) const { return V::load(w_ + k) * scale(k); }
  HERMES_INLINE V load_first(int64_t k, int n) const { return V::load_first(w_ + k, n) * scale(k); }

 private:
  HERMES_INLINE V scale(int64_t k) const { return V::broadcast(scales_[k >> shift_]); }
  const F8E4M3* w_;
  const float* scales_;
  int shift_;
};

template <class M>
constexpr int64_t chunks_of(int64_t k) {
  return (k + M::Chunk::kCount - 1) / M::Chunk::kCount;
}
template <class M>
int64_t packed_bytes(int64_t k, int64_t rows) {
  return chunks_of<M>(k) * M::Chunk::kCount * rows * static_cast<int64_t>(sizeof(typename M::Packed));
}

// Rows of x as tiles, one block of K after the other: [block][tile][chunk][row][kCount], zeros where there is no row or
// no element. A tile's block is one stream to read, and the tiles of a block are neighbours: had they the distance of
// rows of x, a power of two more often than not, they would drive each other out of the cache.
template <class M>
void pack_rows(const RowsToPack& rows, int64_t tile_begin, int64_t tile_end, void* packed) {
  using V = typename M::Lanes;
  constexpr int kCount = M::Chunk::kCount;
  const int64_t n_tiles = (rows.t + rows.tile_rows - 1) / rows.tile_rows;
  for (int64_t k = 0; k < rows.k; k += rows.k_block) {
    const int64_t k_end = k + rows.k_block < rows.k ? k + rows.k_block : rows.k;
    const int64_t tile_elements = chunks_of<M>(k_end - k) * kCount * rows.tile_rows;
    auto* block = static_cast<typename M::Packed*>(packed) + k * n_tiles * rows.tile_rows;
    for (int64_t tile = tile_begin; tile < tile_end; ++tile) {
      auto* out = block + tile * tile_elements;
      for (int64_t chunk = k; chunk < k_end; chunk += kCount) {
        for (int64_t t = tile * rows.tile_rows; t < (tile + 1) * rows.tile_rows; ++t) {
          for (int64_t i = chunk; i < chunk + kCount; i += V::kCount, out += V::kCount) {
            const int64_t left = t < rows.t && i < k_end ? k_end - i : 0;
            const V part = left <= 0 ? V::zero()
                                     : V::load_first(rows.x + t * rows.k + i,
                                                     static_cast<int>(left < V::kCount ? left : V::kCount));
            part.store_first(out, V::kCount);
          }
        }
      }
    }
  }
}

}  // namespace hermes::kernels
