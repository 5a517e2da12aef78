#include "tokenizer/bpe_model.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"

namespace hermes::tokenizer {
namespace {

// Up to this many symbols, looking through all ranks for the smallest beats keeping a queue of them.
constexpr size_t kShortWord = 96;
constexpr size_t kKeptSymbols = 1 << 16;  // scratch above this is given back after the word

}  // namespace

BpeModel::BpeModel(BpeOptions options, const TokenStrings& texts, std::span<const Merge> merges)
    : options_(options), merges_(merges) {
  const bool needs_index = options_.ignore_merges || !options_.byte_level;
  if (needs_index) index_ = StringIndex(texts.size());
  byte_token_.fill(kNoToken);
  fallback_token_.fill(kNoToken);
  std::string bytes;
  for (size_t id = 0; id < texts.size(); ++id) {
    bytes.clear();
    if (!options_.byte_level) {
      bytes = texts[id];
    } else if (!append_alphabet_bytes(texts[id], bytes)) {
      bytes.clear();  // no word can be this entry
    }
    entries_.push_back(bytes);
    if (bytes.empty()) continue;
    if (needs_index) (void)index_.insert(entries_, static_cast<TokenId>(id));
    if (bytes.size() == 1) byte_token_[static_cast<uint8_t>(bytes[0])] = static_cast<TokenId>(id);
  }
  if (!options_.byte_fallback) return;
  StringIndex by_text(texts.size());
  for (size_t id = 0; id < texts.size(); ++id) {
    if (texts[id].size() == 6) (void)by_text.insert(texts, static_cast<TokenId>(id));
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    fallback_token_[byte] = by_text.find(texts, fmt::format("<0x{:02X}>", byte)).value_or(kNoToken);
  }
}

Status BpeModel::encode_word(std::string_view word, EncodeScratch& scratch, std::vector<TokenId>& out) const {
  if (word.empty()) return {};
  if (word.size() > WordCache::kMaxBytes) return encode_uncached(word, scratch, out);
  const WordCache::Key key = WordCache::key_of(word);
  if (const std::span<const TokenId> known = scratch.words.find(key); !known.empty()) {
    out.insert(out.end(), known.begin(), known.end());
    return {};
  }
  const size_t start = out.size();
  HERMES_TRY(encode_uncached(word, scratch, out));
  scratch.words.insert(key, std::span(out).subspan(start));
  return {};
}

Status BpeModel::encode_uncached(std::string_view word, EncodeScratch& scratch, std::vector<TokenId>& out) const {
  if (options_.ignore_merges) {
    if (const std::optional<TokenId> whole = index_.find(entries_, word)) {
      out.push_back(*whole);
      return {};
    }
  }
  HERMES_TRY(start_symbols(word, scratch.symbols));
  if (scratch.symbols.size() > kShortWord) {
    scratch.long_word.merge(merges_, scratch.symbols);
  } else if (scratch.symbols.size() > 1) {
    merge_short(scratch);
  }
  out.insert(out.end(), scratch.symbols.begin(), scratch.symbols.end());
  if (scratch.symbols.capacity() > kKeptSymbols) scratch.symbols = {};
  return {};
}

// The order of unknown and fallback tokens follows Hugging Face to the letter: an unknown token waits, so that others
// may be fused with it, until a character that has its own token; fallback tokens do not end the waiting.
Status BpeModel::start_symbols(std::string_view word, std::vector<TokenId>& symbols) const {
  symbols.clear();
  symbols.reserve(word.size());
  bool unknown_waits = false;
  for (size_t pos = 0; pos < word.size();) {
    TokenId token;
    std::string_view character = word.substr(pos, 1);
    if (options_.byte_level) {
      token = byte_token_[static_cast<uint8_t>(word[pos])];
    } else {
      character = word.substr(pos, decode_utf8(word, pos).length);
      token = character.size() == 1 ? byte_token_[static_cast<uint8_t>(word[pos])]
                                    : index_.find(entries_, character).value_or(kNoToken);
    }
    pos += character.size();
    if (token != kNoToken) {
      if (unknown_waits) symbols.push_back(*options_.unk);
      unknown_waits = false;
      symbols.push_back(token);
      continue;
    }
    const std::string written = options_.byte_level ? to_alphabet(character) : std::string(character);
    if (options_.byte_fallback && append_fallback(written, symbols)) continue;
    if (!options_.unk) {
      return Error::invalid("the vocabulary has no token for \"{}\", and no unknown token", to_valid_utf8(written));
    }
    if (unknown_waits && !options_.fuse_unk) symbols.push_back(*options_.unk);
    unknown_waits = true;
  }
  if (unknown_waits) symbols.push_back(*options_.unk);
  return {};
}

bool BpeModel::append_fallback(std::string_view character, std::vector<TokenId>& symbols) const {
  const auto token_of = [&](char byte) { return fallback_token_[static_cast<uint8_t>(byte)]; };
  if (std::any_of(character.begin(), character.end(), [&](char b) { return token_of(b) == kNoToken; })) return false;
  for (const char byte : character) symbols.push_back(token_of(byte));
  return true;
}

void BpeModel::merge_short(EncodeScratch& scratch) const {
  std::vector<TokenId>& ids = scratch.symbols;
  size_t n = ids.size();
  scratch.ranks.resize(n);
  TokenId* const id = ids.data();
  uint32_t* const rank = scratch.ranks.data();  // rank[i] of the pair (i, i + 1), for i < n - 1
  for (size_t i = 0; i + 1 < n; ++i) rank[i] = merges_.rank(id[i], id[i + 1]);
  while (n > 1) {
    uint32_t best = MergeTable::kNoRank;
    for (size_t i = 0; i + 1 < n; ++i) best = std::min(best, rank[i]);
    if (best == MergeTable::kNoRank) break;
    const auto i = static_cast<size_t>(std::find(rank, rank + n - 1, best) - rank);
    id[i] = merges_.made(best);
    std::copy(id + i + 2, id + n, id + i + 1);
    std::copy(rank + i + 1, rank + n - 1, rank + i);
    --n;
    if (i + 1 < n) rank[i] = merges_.rank(id[i], id[i + 1]);
    if (i > 0) rank[i - 1] = merges_.rank(id[i - 1], id[i]);
  }
  ids.resize(n);
}

}  // namespace hermes::tokenizer
