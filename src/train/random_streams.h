// Streams of base/rng.h that training draws from, kept apart for one seed.
#pragma once

#include <cstdint>

namespace hermes::train {

inline constexpr uint64_t kPackingStream = 1;
inline constexpr uint64_t kEpochStream = uint64_t{1} << 32;           // plus the epoch
inline constexpr uint64_t kInitialisationStream = uint64_t{1} << 33;  // plus the tensor's place

}  // namespace hermes::train
