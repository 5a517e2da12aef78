// Strings by id and ids by string, each in one flat allocation: a vocabulary of 150,000 tokens loads in milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/token_id.h"

namespace hermes::tokenizer {

// id -> string; ids are the order of push_back.
class TokenStrings {
 public:
  void push_back(std::string_view text) {
    arena_.append(text);
    ends_.push_back(static_cast<uint32_t>(arena_.size()));
  }
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t id) const {
    const uint32_t begin = id == 0 ? 0 : ends_[id - 1];
    return std::string_view(arena_).substr(begin, ends_[id] - begin);
  }

 private:
  std::string arena_;  // at most 4 GiB: far above the cap on files
  std::vector<uint32_t> ends_;
};

// string -> id, over strings that are kept elsewhere: `strings` must stay as it is and be passed to every call.
class StringIndex {
 public:
  explicit StringIndex(size_t n_strings = 0);

  // Returns the id already there under the same string, if any; the index then stays as it was.
  std::optional<TokenId> insert(const TokenStrings& strings, TokenId id);
  std::optional<TokenId> find(const TokenStrings& strings, std::string_view text) const;

 private:
  // 32 bits of hash above 32 bits of id + 1; 0 is empty. The hash bits spare almost every wrong comparison.
  std::vector<uint64_t> slots_;
  size_t mask_;
};

}  // namespace hermes::tokenizer
