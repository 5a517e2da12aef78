// The "model" field of a tokenizer.json: vocabulary, merges and options of BPE, checked against each other.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/token_strings.h"

namespace hermes::tokenizer {

struct ModelFields {
  TokenStrings texts;  // by id; "" where the vocabulary has a hole
  StringIndex index;   // over texts
  std::vector<Merge> merges;
  BpeOptions options;  // byte_level is the pre-tokenizer's to say
};

Result<ModelFields> read_model(const JsonObject& model);

}  // namespace hermes::tokenizer
