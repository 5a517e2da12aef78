// The tile registers of AMX. Only for files compiled with its flags.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/always_inline.h"

namespace hermes::kernels::amx {

// All eight as 16 rows of 64 bytes, for as long as it lives. Released at the end: a thread with tiles in use is dearer
// to switch.
class TileConfiguration {
 public:
  HERMES_INLINE TileConfiguration() {
    alignas(64) struct {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t column_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } config;
    _tile_loadconfig(&config);
  }
  HERMES_INLINE ~TileConfiguration() { _tile_release(); }
  TileConfiguration(const TileConfiguration&) = delete;
  TileConfiguration& operator=(const TileConfiguration&) = delete;
};

}  // namespace hermes::kernels::amx
