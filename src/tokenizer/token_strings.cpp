#include "tokenizer/token_strings.h"

#include <bit>

#include "tokenizer/byte_hash.h"

namespace hermes::tokenizer {
namespace {

constexpr uint64_t kHashBits = 0xFFFFFFFF00000000ULL;

}  // namespace

StringIndex::StringIndex(size_t n_strings) : slots_(std::bit_ceil(n_strings * 2 + 2)), mask_(slots_.size() - 1) {}

std::optional<TokenId> StringIndex::insert(const TokenStrings& strings, TokenId id) {
  const std::string_view text = strings[static_cast<size_t>(id)];
  const uint64_t hash = hash_bytes(text);
  size_t slot = hash & mask_;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask_) {
    const auto other = static_cast<TokenId>((slots_[slot] & ~kHashBits) - 1);
    if ((slots_[slot] ^ hash) < (uint64_t{1} << 32) && strings[static_cast<size_t>(other)] == text) return other;
  }
  slots_[slot] = (hash & kHashBits) | (static_cast<uint64_t>(id) + 1);
  return std::nullopt;
}

std::optional<TokenId> StringIndex::find(const TokenStrings& strings, std::string_view text) const {
  const uint64_t hash = hash_bytes(text);
  for (size_t slot = hash & mask_; slots_[slot] != 0; slot = (slot + 1) & mask_) {
    if ((slots_[slot] ^ hash) >= (uint64_t{1} << 32)) continue;
    const auto id = static_cast<TokenId>((slots_[slot] & ~kHashBits) - 1);
    if (strings[static_cast<size_t>(id)] == text) return id;
  }
  return std::nullopt;
}

}  // namespace hermes::tokenizer
