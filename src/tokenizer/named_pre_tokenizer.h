// Pre-tokenizers by the names that GGUF files give them (tokenizer.ggml.pre): a file of that format says no more, so the
// rest is from the tokenizer.json files of the models that the names stand for.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/pre_tokenizer.h"

namespace hermes::tokenizer {

struct NamedPreTokenizer {
  PreTokenizer pre_tokenizer;
  bool nfc = false;            // the normalizer
  bool ignore_merges = false;  // a word that is a token is that token
  bool add_bos = false;        // where a file does not say
};

// Unsupported, with the names there are, where `name` is none of them; `what` opens the message.
Result<NamedPreTokenizer> find_pre_tokenizer(std::string_view name, std::string_view what);

std::string pre_tokenizer_names();  // "llama-bpe, qwen2, ..."

// The other way: the name of what a tokenizer.json says in its field "pre_tokenizer", where with that name come just this
// normalizer and this way with whole words. nullopt where there is no such name.
std::optional<std::string_view> name_of_pre_tokenizer(const json::value& fields, bool nfc, bool ignore_merges);

}  // namespace hermes::tokenizer
