// Trains a byte-level BPE vocabulary and writes it as a Hugging Face tokenizer.json.
//
// Ids: the 256 bytes in the order of the byte alphabet, then what merges make in the order they were learnt, then the
// special tokens, then the shown ones. The most frequent pair is merged next; among pairs of equal count the one with the lower left id,
// then the lower right id. The same texts in any order give the same bytes. Goals: 100 MB in minutes on one core (pair
// counts are kept up to date, never counted again). Non-goals: other models, sampling, parallel counting. Errors
// (kInvalidArgument): options that contradict each other, a text that is not UTF-8, and texts too poor in repetition
// for the vocabulary asked for. Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with
// Subword Units", ACL 2016.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/split_scanner.h"

namespace hermes::tokenizer {

// Letters, single digits, and what stands between them, each apart: a word is then the same tokens wherever it stands, with
// a space before it, a quotation mark or nothing. For small vocabularies that cannot learn each word twice.
inline constexpr std::string_view kWordsPattern = R"(\p{L}+|\p{N}|[^\p{L}\p{N}]+)";

struct BpeTrainerProgress {
  size_t n_tokens = 0;  // of the vocabulary so far; 0 while texts are read
  size_t vocab_size = 0;
  size_t bytes_read = 0;
};

struct BpeTrainerOptions {
  size_t vocab_size = 32000;                // exactly, bytes and special tokens included
  std::vector<std::string> special_tokens;  // never part of a learnt token: texts are cut where they occur
  std::vector<std::string> shown_tokens;    // likewise one token each, but part of what is shown: <think>, <tool_call>
  std::string bos;                          // the one of special_tokens that is put before every text; "": none
  std::string pattern{kLlama3Pattern};      // of the Split pre-tokenizer
  bool nfc = false;                         // whether texts are normalized, here and by the tokenizer
  size_t max_token_bytes = 64;              // no learnt token is longer
  uint64_t min_count = 2;                   // a pair that occurs less often is not merged
  std::function<void(const BpeTrainerProgress&)> progress;  // called now and then
};

// Puts the next text, valid until the next call, into `text`; false at the end.
using NextText = std::function<bool(std::string_view& text)>;

Result<std::string> train_bpe(const NextText& next, const BpeTrainerOptions& options);
Result<std::string> train_bpe(std::span<const std::string_view> texts, const BpeTrainerOptions& options);

}  // namespace hermes::tokenizer
