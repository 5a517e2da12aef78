#include "kernels/cpu/amx/tiles.h"
#include "kernels/cpu/amx_linear.h"

namespace hermes::kernels::amx {

float multiply_rounds(int64_t rounds) {
  const TileConfiguration tiles;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (int64_t round = 0; round < rounds; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 5, 6);
    _tile_dpbf16ps(2, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
  }
  alignas(64) float sums[256];
  _tile_stored(0, sums, 64);
  return sums[0];
}

}  // namespace hermes::kernels::amx
