// A 64-bit hash of bytes that is the same on every platform and in every release: for fingerprints in files (splits of
// data sets, recipes, duplicates). Not for adversaries. FNV-1a (Fowler, Noll, Vo) with the finaliser of MurmurHash3, so
// that any bits of it may be used.
#pragma once

#include <cstdint>
#include <string_view>

namespace hermes {

inline constexpr uint64_t kHashSeed = 0xcbf29ce484222325ULL;

// Chains: bytes hashed in two calls, the first one's state passed on, give the state of one call over both.
constexpr uint64_t hash_state(std::string_view bytes, uint64_t state = kHashSeed) {
  for (const char c : bytes) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return state;
}
constexpr uint64_t finish_hash(uint64_t state) {
  state = (state ^ (state >> 33)) * 0xff51afd7ed558ccdULL;
  state = (state ^ (state >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return state ^ (state >> 33);
}
constexpr uint64_t hash64(std::string_view bytes) { return finish_hash(hash_state(bytes)); }

}  // namespace hermes
