// What a file says of a BPE model, whichever format it has: vocabulary, merges and options, checked against each other.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/token_strings.h"

namespace hermes::tokenizer {

struct ModelFields {
  TokenStrings texts;                 // by id; "" where the vocabulary has a hole
  StringIndex index = StringIndex();  // over texts
  std::vector<Merge> merges;
  BpeOptions options;  // byte_level is the pre-tokenizer's to say
};

using MergeHalves = std::pair<std::string_view, std::string_view>;

// The halves of a merge written "left right".
Result<MergeHalves> split_merge(std::string_view text);

// Looks up what a merge joins and makes; the error says which text is not in the vocabulary. `joined` is scratch.
Result<Merge> find_merge(const ModelFields& fields, MergeHalves halves, std::string& joined);

}  // namespace hermes::tokenizer
