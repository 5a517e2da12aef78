#include "tokenizer/detokenizer.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/tokenizer_parts.h"

namespace hermes::tokenizer {

Detokenizer::Detokenizer(const Tokenizer& tokenizer, bool skip_special, std::vector<TokenId> shown)
    : tokenizer_(&tokenizer),
      skip_special_(skip_special),
      shown_(std::move(shown)),
      strip_(tokenizer.parts_->decoder.leading_strip()) {}

Result<std::string> Detokenizer::push(TokenId id) {
  if (id < 0 || static_cast<size_t>(id) >= tokenizer_->vocab_size()) {
    return Error::invalid("token id {} is not in 0..{}", id, tokenizer_->vocab_size() - 1);
  }
  if (skip_special_ && tokenizer_->is_special(id) && std::find(shown_.begin(), shown_.end(), id) == shown_.end()) {
    return std::string();
  }
  held_ += strip_.apply(tokenizer_->token_bytes(id));
  const size_t n_ready = held_.size() - incomplete_utf8_suffix(held_);
  std::string ready = to_valid_utf8(std::string_view(held_).substr(0, n_ready));
  held_.erase(0, n_ready);
  return ready;
}

std::string Detokenizer::flush() {
  std::string rest = to_valid_utf8(held_);
  held_.clear();
  strip_ = tokenizer_->parts_->decoder.leading_strip();
  return rest;
}

}  // namespace hermes::tokenizer
