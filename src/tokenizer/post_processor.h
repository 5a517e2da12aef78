// The post-processor of a tokenizer.json: the special tokens put around a text, as Llama-3's <|begin_of_text|>.
//
// Supported: null, ByteLevel (which concerns offsets only), TemplateProcessing (its "single" template), and Sequences
// with at most one template. Anything else is refused by name.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/token_id.h"

namespace hermes::tokenizer {

struct PostProcessor {
  std::vector<TokenId> before;
  std::vector<TokenId> after;

  static Result<PostProcessor> from_json(const json::value* value, std::string_view what);
};

}  // namespace hermes::tokenizer
