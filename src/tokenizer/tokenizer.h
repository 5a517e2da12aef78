// Text to token ids and back, as a Hugging Face tokenizer.json describes it: byte-level BPE as in Llama-3, Qwen2/3 and
// Seed-OSS, and BPE over characters with byte fallback.
//
// Goals: the ids of Hugging Face's `tokenizers` library, bit for bit; ten times its speed; time linear in the text,
// whatever the text; a file that asks for something we do not do is refused by name when it is loaded.
// Non-goals: offsets into the text, pairs of texts, truncation and padding (what a file says of these two is what some
// training run wanted of its batches; transformers resets them at every call too), dropout, WordPiece and Unigram.
//
// Errors: kCorrupt and kUnsupported when loading, naming file and field. Encoding fails only where the vocabulary lacks
// a character and has no unknown token, or where a pattern of the file backtracks beyond its limit; decoding, where an
// id is not of the vocabulary.
//
//   HERMES_ASSIGN(const Tokenizer tokenizer, Tokenizer::open("tokenizer.json"));
//   HERMES_ASSIGN(const std::vector<TokenId> ids, tokenizer.encode("Hello"));
//   HERMES_ASSIGN(const std::string text, tokenizer.decode(ids));
//
// Source of the semantics: huggingface/tokenizers 0.23 (tokenizers/src). On purpose, these are not as there: ids of
// added tokens come from the file, and a file that contradicts itself is refused; a character without a token is an
// error, not dropped; an added token is decoded as it is written, never through the byte alphabet (which loses the é of
// one).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/token_id.h"

namespace hermes::tokenizer {

struct TokenizerParts;
struct VocabLists;

struct EncodeOptions {
  bool add_special = true;    // what the post-processor puts around a text (<|begin_of_text|>)
  bool parse_special = true;  // false: text that spells a special token is text; for what users write
};

// Immutable after loading; every member may be called from several threads at once.
class Tokenizer {
 public:
  static Result<Tokenizer> open(const std::string& path);
  // `what` names the text in messages, as a path would.
  static Result<Tokenizer> parse(std::string_view json_text, std::string_view what);
  // From the lists that a GGUF file has (vocab_lists.h), which are copied.
  static Result<Tokenizer> from_lists(const VocabLists& lists, std::string_view what);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // Any bytes: those that are not UTF-8 are encoded as bytes, apart from the text around them.
  Result<std::vector<TokenId>> encode(std::string_view text, EncodeOptions options = {}) const;

  // The bytes the tokens stand for, which need not be UTF-8 (to_valid_utf8, or Detokenizer for a stream).
  Result<std::string> decode(std::span<const TokenId> ids, bool skip_special = false) const;

  // What the token contributes to decoded text; "" for an id that is unused. (A file may ask that the beginning of the
  // whole text lose a space; that is decode's and the Detokenizer's.)
  std::string_view token_bytes(TokenId id) const;
  // As the file writes it, to show: "Ġhello".
  std::string_view token_text(TokenId id) const;

  // Added tokens by their content, vocabulary entries as the file writes them.
  std::optional<TokenId> find(std::string_view token_text) const;

  bool is_special(TokenId id) const;
  bool is_added(TokenId id) const;
  // 1 + the largest id.
  size_t vocab_size() const;

 private:
  friend class Detokenizer;  // needs what the decoder strips from the beginning of a text
  explicit Tokenizer(std::unique_ptr<TokenizerParts> parts);

  std::unique_ptr<TokenizerParts> parts_;
};

}  // namespace hermes::tokenizer
