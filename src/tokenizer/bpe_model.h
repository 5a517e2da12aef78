// The BPE model: one pre-token to token ids, as Hugging Face's `BPE` does it (merges by rank, then from left to right;
// `ignore_merges`, `byte_fallback`, `unk_token`, `fuse_unk`).
//
// Words of a byte-level model are bytes; those of any other, UTF-8 characters. Immutable; what changes while encoding
// is in an EncodeScratch, one per thread.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/long_word.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/token_strings.h"
#include "tokenizer/word_cache.h"

namespace hermes::tokenizer {

// What one encode() writes to besides its result.
struct EncodeScratch {
  WordCache words;
  LongWordMerger long_word;
  std::vector<TokenId> symbols;
  std::vector<uint32_t> ranks;
};

struct BpeOptions {
  bool byte_level = false;     // words are bytes, and vocabulary entries are written in the byte alphabet
  bool ignore_merges = false;  // a word that is a vocabulary entry is that token, whatever merges would make of it
  bool byte_fallback = false;  // a character without a token becomes the tokens <0x..> of its bytes
  bool fuse_unk = false;       // neighbouring unknown characters become one unknown token
  std::optional<TokenId> unk;  // for characters without a token; without it they are an error
};

class BpeModel {
 public:
  // texts[id] is the vocabulary entry of id as the file writes it, "" where there is none. Entries are distinct.
  BpeModel(BpeOptions options, const TokenStrings& texts, std::span<const Merge> merges);

  // Appends the tokens of `word`. Fails where a character has no token and there is no unknown token either.
  Status encode_word(std::string_view word, EncodeScratch& scratch, std::vector<TokenId>& out) const;

  const BpeOptions& options() const { return options_; }

 private:
  static constexpr TokenId kNoToken = -1;

  Status encode_uncached(std::string_view word, EncodeScratch& scratch, std::vector<TokenId>& out) const;
  Status start_symbols(std::string_view word, std::vector<TokenId>& symbols) const;
  // The tokens <0x..> of the character; false if one is missing.
  bool append_fallback(std::string_view character, std::vector<TokenId>& symbols) const;
  void merge_short(EncodeScratch& scratch) const;

  BpeOptions options_;
  MergeTable merges_;
  TokenStrings entries_;  // what a whole word is compared with: bytes for a byte-level model; "" where no token
  StringIndex index_;     // over entries_
  std::array<TokenId, 256> byte_token_;      // of the word that is this one byte, for byte-level models
  std::array<TokenId, 256> fallback_token_;  // <0x..>
};

}  // namespace hermes::tokenizer
