// What surrounds the weights in a GGUF file's metadata: vocabulary, special tokens, chat templates, recommended
// sampling. Typed and checked against each other; what a vocabulary means is src/tokenizer's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/generation_config.h"
#include "formats/gguf_metadata.h"
#include "formats/tokenizer_config.h"

namespace hermes::formats {

// The numbers of tokenizer.ggml.token_type.
enum class GgufTokenType : int32_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

// tokenizer.ggml.*. Views borrow the file.
struct GgufVocab {
  std::string_view model;  // "gpt2": byte-level BPE; "llama", "bert", ...
  std::string_view pre;    // "llama-bpe", "qwen2", ...; "" where the file does not say
  GgufStrings tokens;      // by id
  GgufIntegers types;      // GgufTokenType by id; as many as tokens, or none
  GgufStrings merges;      // "left right", by rank

  // Ids are those of tokens.
  std::optional<int32_t> bos, eos;
  std::optional<int32_t> eot, eom;  // end of turn, end of message
  std::optional<int32_t> pad, unk;  // absent too where the file gives an id that is none: only templates ask for them
  std::optional<bool> add_bos, add_eos;
};

bool has_gguf_vocab(const GgufMetadata& metadata);
Result<GgufVocab> read_gguf_vocab(const GgufMetadata& metadata);

// The special tokens by role, as a tokenizer_config.json would give them; all empty where there is no vocabulary.
Result<TokenizerConfig> read_gguf_tokenizer_config(const GgufMetadata& metadata);

// The tokens that end a turn (eos, end of turn, end of message) and general.sampling.*. The files do not say whether
// to sample: do_sample is set where they recommend anything about it.
Result<GenerationConfig> read_gguf_generation_config(const GgufMetadata& metadata);

// tokenizer.chat_template, named "default", and tokenizer.chat_template.NAME; by ascending name.
Result<std::vector<ChatTemplate>> read_gguf_chat_templates(const GgufMetadata& metadata);

}  // namespace hermes::formats
