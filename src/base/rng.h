// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).
// A draw is a pure function of (seed, stream, index), the same on every platform and for any thread count.
#pragma once

#include <array>
#include <cstdint>

namespace hermes {

// The raw block function: 128 bits of counter and 64 of key to 128 random bits.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// A stream of draws. Copy it to fork the position; skip with `seek`.
class Rng {
 public:
  // `stream` keeps independent uses of one seed apart (a sequence, a layer, an epoch).
  explicit Rng(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  void seek(uint64_t index) { index_ = index; }
  uint64_t index() const { return index_; }

  uint32_t next_u32();
  uint64_t next_u64();
  // Uniform in [0, 1), 53 bits.
  double uniform();
  // Uniform in [0, n), unbiased; n > 0.
  uint64_t below(uint64_t n);
  // Standard normal (Box-Muller; one draw uses two uniforms, so that positions stay countable).
  double normal();

 private:
  uint64_t seed_;
  uint64_t stream_;
  uint64_t index_ = 0;  // in 32-bit words
  uint64_t block_ = ~uint64_t{0};
  std::array<uint32_t, 4> words_{};
};

}  // namespace hermes
