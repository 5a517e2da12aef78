// Added tokens: those that are found in the text before anything is split or merged ("<|im_start|>", "<think>").
//
// Found leftmost and longest, as Hugging Face does: tokens with "normalized": false in the text as given, the others,
// themselves normalized, in what the normalizer made of the rest. Where two tokens begin at one place, the longer wins,
// even if it then does not count (single_word, or a special token that is to stay text).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "tokenizer/token_trie.h"

namespace hermes::tokenizer {

struct AddedToken {
  TokenId id = 0;
  std::string content;  // as in the file
  bool special = false;
  bool lstrip = false;       // takes the spaces before it
  bool rstrip = false;       // takes the spaces after it
  bool single_word = false;  // only where no word character adjoins
  bool normalized = false;
  std::string pattern;  // what is looked for: the content, normalized where that is asked for
};

// The "added_tokens" field (null or absent: none). Contents are distinct and not empty, ids distinct and in range.
Result<std::vector<AddedToken>> read_added_tokens(const json::value* value, std::string_view what, TokenId max_id);

// Finds the tokens of one pass (normalized or not) in text. Immutable.
class AddedTokenFinder {
 public:
  explicit AddedTokenFinder(std::vector<AddedToken> tokens);

  // A stretch of text, or a token in place of one.
  struct Piece {
    std::string_view text;  // empty where a token was found
    std::optional<TokenId> id;
  };
  // Calls `piece` for what `text` (UTF-8) consists of, in order. With parse_special false, special tokens stay text.
  void split(std::string_view text, bool parse_special, FunctionRef<void(Piece)> piece) const;

  bool empty() const { return tokens_.empty(); }

 private:
  // The longest token that begins at `pos`, as an index into tokens_.
  std::optional<size_t> longest_at(std::string_view text, size_t pos) const;

  std::vector<AddedToken> tokens_;
  TokenTrie trie_;  // its ids are indices into tokens_
  std::array<bool, 256> can_begin_{};
};

}  // namespace hermes::tokenizer
