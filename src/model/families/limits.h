// Bounds on what a config.json or a GGUF file may ask for. No real model comes near these; beyond them products of sizes
// could overflow, and memory would be asked for nothing.
#pragma once

#include <cstdint>

namespace hermes::model {

inline constexpr int64_t kMaxLayers = 4096;
inline constexpr int64_t kMaxHeads = 65536;
inline constexpr int64_t kMaxHeadDim = 65536;
inline constexpr int64_t kMaxDimension = int64_t{1} << 24;
inline constexpr int64_t kMaxPositions = int64_t{1} << 30;

}  // namespace hermes::model
