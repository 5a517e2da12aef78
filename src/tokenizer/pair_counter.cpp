#include "tokenizer/pair_counter.h"

#include "base/check.h"

namespace hermes::tokenizer {

void PairCounter::add_word(const std::vector<TokenId>& tokens, uint64_t count) {
  const auto index = static_cast<uint32_t>(words_.size());
  words_.push_back({symbols_.size(), static_cast<uint32_t>(tokens.size()), count});
  symbols_.insert(symbols_.end(), tokens.begin(), tokens.end());
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    change(tokens[i], tokens[i + 1], static_cast<int64_t>(count), index);
  }
}

void PairCounter::change(TokenId left, TokenId right, int64_t by, uint32_t word) {
  if (!is_considered(left, right)) return;
  const uint64_t pair = key(left, right);
  Stats& stats = pairs_[pair];
  stats.count += by;
  if (by < 0) return;  // the queue learns of losses when it meets the pair
  if (stats.words.empty() || stats.words.back() != word) stats.words.push_back(word);
  if (!stats.has_grown) grown_.push_back(pair);
  stats.has_grown = true;
}

void PairCounter::queue_changed() {
  for (const uint64_t pair : grown_) {
    Stats& stats = pairs_[pair];
    stats.has_grown = false;
    if (stats.count > 0) queue_.push({stats.count, pair});
  }
  grown_.clear();
}

std::optional<PairCounter::Pair> PairCounter::next_pair(uint64_t min_count) {
  queue_changed();
  while (!queue_.empty()) {
    const Candidate top = queue_.top();
    queue_.pop();
    const auto found = pairs_.find(top.pair);
    if (found == pairs_.end()) continue;
    const int64_t count = found->second.count;
    if (count == 0) {
      pairs_.erase(found);
      continue;
    }
    if (count < top.count) queue_.push({count, top.pair});
    if (count != top.count) continue;  // where it is larger, a fresher candidate has come before
    if (static_cast<uint64_t>(count) < min_count) return std::nullopt;
    return Pair{static_cast<TokenId>(top.pair >> 32), static_cast<TokenId>(top.pair & 0xFFFFFFFF),
                static_cast<uint64_t>(count)};
  }
  return std::nullopt;
}

void PairCounter::merge_in_word(uint32_t index, TokenId left, TokenId right, TokenId made) {
  Word& word = words_[index];
  TokenId* const symbol = symbols_.data() + word.begin;
  const auto count = static_cast<int64_t>(word.count);
  uint32_t out = 0;
  for (uint32_t in = 0; in < word.size; ++out) {
    if (in + 1 == word.size || symbol[in] != left || symbol[in + 1] != right) {
      symbol[out] = symbol[in++];
      continue;
    }
    change(left, right, -count, index);
    if (out > 0) {
      change(symbol[out - 1], left, -count, index);
      change(symbol[out - 1], made, count, index);
    }
    in += 2;
    if (in < word.size) {
      change(right, symbol[in], -count, index);
      change(made, symbol[in], count, index);
    }
    symbol[out] = made;
  }
  word.size = out;
}

void PairCounter::merge(TokenId left, TokenId right, TokenId made) {
  HERMES_CHECK(static_cast<size_t>(made) <= token_bytes_.size(), "id {} leaves a hole", made);
  if (static_cast<size_t>(made) == token_bytes_.size()) {
    token_bytes_.push_back(token_bytes_[static_cast<size_t>(left)] + token_bytes_[static_cast<size_t>(right)]);
  }
  const std::vector<uint32_t> words = std::move(pairs_[key(left, right)].words);
  pairs_[key(left, right)].words.clear();
  for (const uint32_t word : words) merge_in_word(word, left, right, made);
}

}  // namespace hermes::tokenizer
