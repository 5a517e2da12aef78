// A learnt vocabulary as the text of a Hugging Face tokenizer.json.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/token_id.h"

namespace hermes::tokenizer {

struct TrainedVocab {
  std::vector<std::string> tokens;                  // bytes, by id
  std::vector<std::pair<TokenId, TokenId>> merges;  // by rank
  std::vector<std::string> special_tokens;          // their ids follow those of tokens
  std::vector<std::string> shown_tokens;            // then these, which are added tokens but not special
  std::string bos;                                  // put before every text by the post-processor; "": none
  std::string pattern;                              // of the Split pre-tokenizer
  bool nfc = false;
};

// The "pre_tokenizer" field: a Split by the pattern, then ByteLevel.
json::value pre_tokenizer_fields(std::string_view pattern);

// Fails where a special token is spelled like a learnt one.
Result<std::string> to_tokenizer_json(const TrainedVocab& vocab);

}  // namespace hermes::tokenizer
