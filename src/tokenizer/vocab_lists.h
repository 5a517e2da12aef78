// A byte-level BPE vocabulary as lists, the way GGUF files carry it: what the pre-tokenizer does is known by its name
// only. Tokenizer::from_lists builds a tokenizer from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tokenizer/token_id.h"

namespace hermes::tokenizer {

enum class TokenKind : uint8_t {
  kNormal,       // an entry of the vocabulary, in the byte alphabet
  kControl,      // a special token, as text
  kUserDefined,  // an added token that is not special, as text
  kUnused,       // an id without a token; its text is not looked at
};

struct VocabLists {
  std::span<const std::string_view> tokens;  // by id
  std::span<const TokenKind> kinds;          // by id; empty: all normal
  std::span<const std::string_view> merges;  // "left right", by rank
  std::string_view pre_tokenizer;            // "llama-bpe", "qwen2", ...: named_pre_tokenizer.h
  std::optional<TokenId> bos, eos;
  std::optional<bool> add_bos, add_eos;  // around every text; absent: as the named pre-tokenizer has it, else not
};

}  // namespace hermes::tokenizer
