// A fast 64-bit hash of short byte strings, for the tables of this folder. Not for anything an enemy chooses keys for
// and waits on: every table that uses it bounds its size or replaces on collision.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace hermes::tokenizer {

// The two halves of the 128-bit product folded together (the mixing step of wyhash).
inline uint64_t fold_multiply(uint64_t a, uint64_t b) {
  __extension__ using Uint128 = unsigned __int128;
  const Uint128 product = static_cast<Uint128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t load_u64(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

inline uint64_t hash_bytes(std::string_view bytes) {
  constexpr uint64_t kA = 0x9E3779B97F4A7C15ULL;
  constexpr uint64_t kB = 0xD6E8FEB86659FD93ULL;
  const char* p = bytes.data();
  size_t left = bytes.size();
  uint64_t hash = kA ^ left;
  for (; left > 8; left -= 8, p += 8) hash = fold_multiply(hash ^ load_u64(p), kB);
  uint64_t last = 0;
  if (left == 8) {
    last = load_u64(p);
  } else if (left >= 4) {  // two overlapping words, instead of a copy whose length the compiler does not know
    uint32_t low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + left - 4, 4);
    last = low | (static_cast<uint64_t>(high) << 32);
  } else if (left > 0) {
    last = static_cast<uint8_t>(p[0]) | (static_cast<uint64_t>(static_cast<uint8_t>(p[left / 2])) << 8) |
           (static_cast<uint64_t>(static_cast<uint8_t>(p[left - 1])) << 16);
  }
  return fold_multiply(hash ^ last, kA);
}

}  // namespace hermes::tokenizer
