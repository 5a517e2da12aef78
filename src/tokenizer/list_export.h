// A tokenizer.json as the lists of a GGUF file (vocab_lists.h): the other way of Tokenizer::from_lists.
//
// Goals: a tokenizer made from the lists gives the same ids, or there are no lists. What the lists cannot say is refused
// by name: pre-tokenizers without a GGUF name, models that are not byte-level, texts put around others that are not the
// beginning- and end-of-text tokens. Not carried, as by every converter: the spaces that an added token takes from its
// sides, and added tokens that are looked for after NFC.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/vocab_lists.h"

namespace hermes::tokenizer {

struct ExportedLists {
  std::vector<std::string> tokens;  // by id
  std::vector<TokenKind> kinds;     // by id
  std::vector<std::string> merges;  // "left right", by rank
  std::string_view pre_tokenizer;   // static storage
  std::optional<TokenId> bos, eos;  // those that are put around texts, where there are any
  bool add_bos = false, add_eos = false;
};

// `what` names the text in messages, as a path would.
Result<ExportedLists> export_lists(std::string_view tokenizer_json, std::string_view what);

}  // namespace hermes::tokenizer
