// Tokens to text as they come, for one stream: every push returns what can be shown already.
//
// A code point that is spread over several tokens is held until it is whole; bytes that can no longer become one turn
// into U+FFFD then, and not before. What all pushes and the flush return, put together, is
// to_valid_utf8(decode(all ids)).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "tokenizer/decoder.h"
#include "tokenizer/tokenizer.h"

namespace hermes::tokenizer {

class Detokenizer {
 public:
  // The tokenizer must outlive this. `shown`: special tokens that are not skipped.
  explicit Detokenizer(const Tokenizer& tokenizer, bool skip_special = false, std::vector<TokenId> shown = {});

  // The text that `id` completes, often "". An id that is not of the vocabulary is an error and changes nothing.
  Result<std::string> push(TokenId id);

  // What was held, as U+FFFD; the next push begins a new text.
  std::string flush();

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_;
  std::vector<TokenId> shown_;
  LeadingStrip strip_;
  std::string held_;  // at most three bytes between pushes: the beginning of a code point
};

}  // namespace hermes::tokenizer
