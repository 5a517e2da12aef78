#include "engine/text_chunks.h"

#include <algorithm>

namespace hermes::engine {
namespace {

// What the vocabulary puts in front of every text. The tokenizer tells only the whole, so it is asked for a short one.
Result<std::vector<int32_t>> opening_tokens(const tokenizer::Tokenizer& tokenizer) {
  constexpr std::string_view kText = "a";
  HERMES_ASSIGN(std::vector<int32_t> opened, tokenizer.encode(kText, {.add_special = true}));
  HERMES_ASSIGN(const std::vector<int32_t> bare, tokenizer.encode(kText, {.add_special = false}));
  opened.erase(std::search(opened.begin(), opened.end(), bare.begin(), bare.end()), opened.end());
  return opened;
}

}  // namespace

Result<TextChunks> cut_into_chunks(const tokenizer::Tokenizer& tokenizer, std::string_view text, std::string_view what,
                                   const ChunkOptions& options) {
  HERMES_CHECK(options.size > 0 && options.most >= 0);
  HERMES_ASSIGN(const std::vector<int32_t> opening, opening_tokens(tokenizer));
  TextChunks chunks{.tokens = opening, .size = options.size};
  HERMES_ASSIGN(const std::vector<int32_t> tokens,
                tokenizer.encode(text, {.add_special = false, .parse_special = options.parse_special}));
  chunks.tokens.insert(chunks.tokens.end(), tokens.begin(), tokens.end());

  int64_t n = chunks.count();
  if (n == 0) {
    return Error::invalid("{}: {} tokens are fewer than one chunk of {}: give a longer text or a smaller context", what,
                          chunks.tokens.size(), options.size);
  }
  if (options.most > 0) n = std::min(n, options.most);
  chunks.tokens.resize(static_cast<size_t>(n * options.size));
  const auto n_opening = static_cast<ptrdiff_t>(std::min(opening.size(), static_cast<size_t>(options.size)));
  for (int64_t i = 0; i < n; ++i) {
    std::copy(opening.begin(), opening.begin() + n_opening, chunks.tokens.begin() + i * options.size);
  }
  return chunks;
}

Status check_context(const TextChunks& text, int64_t max_positions) {
  if (text.size <= max_positions) return {};
  return Error::invalid("chunks of {} tokens are longer than the model's context of {}: choose a smaller one",
                        text.size, max_positions);
}

Status same_tokens(const TextChunks& a, const TextChunks& b) {
  if (a.size == b.size && a.tokens == b.tokens) return {};
  const auto [one, other] = std::mismatch(a.tokens.begin(), a.tokens.end(), b.tokens.begin(), b.tokens.end());
  return Error::invalid("the text is not the same tokens for both: they differ from token {} on",
                        one - a.tokens.begin());
}

}  // namespace hermes::engine
