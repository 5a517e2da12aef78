// A text as chunks of tokens, all of one size, each run by itself from an empty cache: what importance and perplexity
// are measured over. As llama.cpp's tools cut it: the whole text is tokenized once, what is left behind the last whole
// chunk is dropped, and where the vocabulary opens texts with a token, every chunk has it in place of its first.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace hermes::engine {

struct TextChunks {
  std::vector<int32_t> tokens;  // [count() * size]
  int64_t size = 0;             // tokens of a chunk

  int64_t count() const { return size > 0 ? static_cast<int64_t>(tokens.size()) / size : 0; }
  std::span<const int32_t> chunk(int64_t i) const {
    return std::span(tokens).subspan(static_cast<size_t>(i * size), static_cast<size_t>(size));
  }
};

struct ChunkOptions {
  int64_t size = 512;          // above 0
  int64_t most = 0;            // chunks; 0: as many as there are
  bool parse_special = false;  // text that spells a special token is that token: for texts made by a chat template
};

// `what` (the text's file) opens messages. Invalid where the text has fewer tokens than one chunk.
Result<TextChunks> cut_into_chunks(const tokenizer::Tokenizer& tokenizer, std::string_view text, std::string_view what,
                                   const ChunkOptions& options);

// Invalid where chunks do not fit a model's context.
Status check_context(const TextChunks& text, int64_t max_positions);

// Whether two cuts are the same tokens; else a sentence saying where they begin to differ, for people.
Status same_tokens(const TextChunks& a, const TextChunks& b);

}  // namespace hermes::engine
