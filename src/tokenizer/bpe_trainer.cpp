#include "tokenizer/bpe_trainer.h"

#include <algorithm>
#include <boost/json.hpp>
#include <unordered_map>

#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/byte_hash.h"
#include "tokenizer/nfc.h"
#include "tokenizer/pair_counter.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/trained_json.h"

namespace hermes::tokenizer {
namespace {

constexpr size_t kBytes = 256;
constexpr size_t kReadsPerProgress = 1000;
constexpr size_t kMergesPerProgress = 100;

// All tokens that are given, not learnt, in the order of their ids.
std::vector<std::string> given_tokens(const BpeTrainerOptions& options) {
  std::vector<std::string> tokens = options.special_tokens;
  tokens.insert(tokens.end(), options.shown_tokens.begin(), options.shown_tokens.end());
  return tokens;
}

Status check_options(const BpeTrainerOptions& options) {
  const std::vector<std::string> given = given_tokens(options);
  const size_t fixed = kBytes + given.size();
  if (options.vocab_size < fixed) {
    return Error::invalid("vocab_size {} is too small for 256 bytes and {} special tokens", options.vocab_size,
                          given.size());
  }
  if (options.vocab_size > static_cast<size_t>(MergeTable::kMaxId)) {
    return Error::invalid("vocab_size {} is above {}", options.vocab_size, MergeTable::kMaxId);
  }
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string& token = given[i];
    const auto before = given.begin() + static_cast<std::ptrdiff_t>(i);
    if (token.empty() || find_invalid_utf8(token) != std::string::npos) {
      return Error::invalid("special_tokens[{}] is empty or not UTF-8", i);
    }
    if (std::find(given.begin(), before, token) != before) {
      return Error::invalid("special token \"{}\" is given twice", token);
    }
  }
  if (!options.bos.empty() && std::find(options.special_tokens.begin(), options.special_tokens.end(), options.bos) ==
                                  options.special_tokens.end()) {
    return Error::invalid("bos \"{}\" is not one of the special tokens", options.bos);
  }
  return {};
}

struct Hash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return hash_bytes(text); }
};
using WordCounts = std::unordered_map<std::string, uint64_t, Hash, std::equal_to<>>;

// Cuts texts into pre-tokens, as the trained tokenizer will, and counts them.
class WordCounter {
 public:
  WordCounter(PreTokenizer pre_tokenizer, const BpeTrainerOptions& options)
      : pre_tokenizer_(std::move(pre_tokenizer)), specials_(special_tokens(options)), nfc_(options.nfc) {}

  Status add(std::string_view text) {
    if (const size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
      return Error::invalid("text {} is not UTF-8 at byte {}", n_texts_, bad);
    }
    ++n_texts_;
    Status status;
    specials_.split(text, true, [&](const AddedTokenFinder::Piece& piece) {
      std::string storage;
      const std::string_view normal = nfc_ ? to_nfc(piece.text, storage) : piece.text;
      const Status cut = pre_tokenizer_.split(normal, [&](std::string_view word) { count(word); });
      if (!cut.ok()) status = cut.error();
    });
    return status;
  }

  // Every word with its count, ordered by its bytes: nothing may depend on the order of texts or of a hash table.
  std::vector<std::pair<std::string_view, uint64_t>> sorted() const {
    std::vector<std::pair<std::string_view, uint64_t>> words(counts_.begin(), counts_.end());
    std::sort(words.begin(), words.end());
    return words;
  }

 private:
  static std::vector<AddedToken> special_tokens(const BpeTrainerOptions& options) {
    std::vector<AddedToken> tokens;
    for (const std::string& text : given_tokens(options)) {
      AddedToken token;
      token.content = token.pattern = text;
      token.special = true;
      tokens.push_back(std::move(token));
    }
    return tokens;
  }
  void count(std::string_view word) {
    if (const auto known = counts_.find(word); known != counts_.end()) {
      ++known->second;
    } else {
      counts_.emplace(word, 1);
    }
  }

  PreTokenizer pre_tokenizer_;
  AddedTokenFinder specials_;
  bool nfc_;
  WordCounts counts_;
  size_t n_texts_ = 0;
};

// Learns merges until the vocabulary is as large as asked for.
class Learner {
 public:
  explicit Learner(const BpeTrainerOptions& options)
      : options_(options), pairs_(std::vector<size_t>(kBytes, 1), std::max<size_t>(1, options.max_token_bytes)) {
    for (size_t i = 0; i < kBytes; ++i) {
      const uint8_t byte = alphabet_order()[i];
      id_of_byte_[byte] = static_cast<TokenId>(i);
      add_token(std::string(1, static_cast<char>(byte)));
    }
  }

  void add_word(std::string_view word, uint64_t count) {
    tokens_.clear();
    for (const char byte : word) tokens_.push_back(id_of_byte_[static_cast<uint8_t>(byte)]);
    if (tokens_.size() > 1) pairs_.add_word(tokens_, count);
  }

  Result<TrainedVocab> run() {
    const size_t n_given = given_tokens(options_).size(), wanted = options_.vocab_size - n_given;
    while (vocab_.tokens.size() < wanted) {
      const std::optional<PairCounter::Pair> pair = pairs_.next_pair(options_.min_count);
      if (!pair) {
        return Error::invalid("the texts support a vocabulary of {} tokens, not {}: give more text or ask for less",
                              vocab_.tokens.size() + n_given, options_.vocab_size);
      }
      learn(pair->left, pair->right);
    }
    return std::move(vocab_);
  }

 private:
  TokenId add_token(std::string bytes) {
    const auto id = static_cast<TokenId>(vocab_.tokens.size());
    ids_.emplace(bytes, id);
    vocab_.tokens.push_back(std::move(bytes));
    return id;
  }

  void learn(TokenId left, TokenId right) {
    const std::string bytes = vocab_.tokens[static_cast<size_t>(left)] + vocab_.tokens[static_cast<size_t>(right)];
    const auto known = ids_.find(bytes);
    // Two ways may lead to one token ("ab" "c" and "a" "bc"): the second is a merge, but no new token.
    const TokenId made = known != ids_.end() ? known->second : add_token(bytes);
    pairs_.merge(left, right, made);
    // A pair can come up again when another merge makes its left or right token in places it was not made before.
    // Encoding merges it there by its old rank; to name it twice would move that.
    const uint64_t pair = (static_cast<uint64_t>(left) << 32) | static_cast<uint64_t>(right);
    if (merged_.emplace(pair, true).second) vocab_.merges.emplace_back(left, right);
    if (options_.progress && vocab_.merges.size() % kMergesPerProgress == 0) {
      options_.progress({vocab_.tokens.size(), options_.vocab_size, 0});
    }
  }

  const BpeTrainerOptions& options_;
  PairCounter pairs_;
  TokenId id_of_byte_[kBytes];
  TrainedVocab vocab_;
  std::unordered_map<std::string, TokenId> ids_;
  std::unordered_map<uint64_t, bool> merged_;
  std::vector<TokenId> tokens_;
};

}  // namespace

Result<std::string> train_bpe(const NextText& next, const BpeTrainerOptions& options) {
  HERMES_TRY(check_options(options));
  const json::value pre_tokenizer_json = pre_tokenizer_fields(options.pattern);
  HERMES_ASSIGN(PreTokenizer pre_tokenizer, PreTokenizer::from_json(&pre_tokenizer_json, "trainer options"));
  WordCounter counter(std::move(pre_tokenizer), options);
  size_t n_bytes = 0, n_texts = 0;
  for (std::string_view text; next(text);) {
    HERMES_TRY(counter.add(text));
    n_bytes += text.size();
    if (options.progress && ++n_texts % kReadsPerProgress == 0) options.progress({0, options.vocab_size, n_bytes});
  }
  Learner learner(options);
  for (const auto& [word, count] : counter.sorted()) learner.add_word(word, count);
  HERMES_ASSIGN(TrainedVocab vocab, learner.run());
  if (options.progress) options.progress({options.vocab_size, options.vocab_size, n_bytes});
  vocab.special_tokens = options.special_tokens;
  vocab.shown_tokens = options.shown_tokens;
  vocab.bos = options.bos;
  vocab.pattern = options.pattern;
  vocab.nfc = options.nfc;
  return to_tokenizer_json(vocab);
}

Result<std::string> train_bpe(std::span<const std::string_view> texts, const BpeTrainerOptions& options) {
  size_t at = 0;
  return train_bpe(
      [&](std::string_view& text) {
        if (at == texts.size()) return false;
        text = texts[at++];
        return true;
      },
      options);
}

}  // namespace hermes::tokenizer
