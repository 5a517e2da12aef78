// What a Tokenizer is made of; inside the folder only.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/decoder.h"
#include "tokenizer/model_fields.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/token_strings.h"
#include "tokenizer/tokenizer.h"

namespace hermes::tokenizer {

// Scratch spaces that wait for the next encode(): as many as there ever were calls at once. They keep their word
// caches, so that a short prompt meets the words of those before it.
class ScratchPool {
 public:
  std::unique_ptr<EncodeScratch> take() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return std::make_unique<EncodeScratch>();
    std::unique_ptr<EncodeScratch> scratch = std::move(idle_.back());
    idle_.pop_back();
    return scratch;
  }
  void give_back(std::unique_ptr<EncodeScratch> scratch) {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(scratch));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<EncodeScratch>> idle_;
};

struct TokenizerParts {
  // In the order of their use.
  AddedTokenFinder raw_added;         // found in the text as given
  bool nfc;                           // the normalizer
  AddedTokenFinder normalized_added;  // found in normalized text
  PreTokenizer pre_tokenizer;
  BpeModel model;
  PostProcessor post_processor;
  Decoder decoder;

  TokenStrings texts;                                  // by id, of all tokens
  StringIndex vocab_index;                             // over texts: those of the vocabulary
  std::unordered_map<std::string, TokenId> added_ids;  // by content
  TokenStrings bytes;                                  // by id
  std::vector<uint8_t> flags;                          // by id: kAdded, kSpecial

  ScratchPool scratch;

  static constexpr uint8_t kAdded = 1;
  static constexpr uint8_t kSpecial = 2;
};

// What a file gives, whichever format it has.
struct PartFields {
  ModelFields model;
  std::vector<AddedToken> added;
  bool nfc = false;
  PreTokenizer pre_tokenizer;
  PostProcessor post_processor;
  Decoder decoder;
};

// Puts a tokenizer together. kCorrupt where added tokens and vocabulary, or the post-processor and both, contradict each
// other; `what` (the file) opens the message.
Result<std::unique_ptr<TokenizerParts>> assemble_parts(PartFields fields, std::string_view what);

}  // namespace hermes::tokenizer
