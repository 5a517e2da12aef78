// Hand-written scanners for the split patterns of Llama-3, Qwen2/3 and Seed-Coder: what PCRE2 would match, some ten
// times faster. Chosen only where a file's pattern equals one of these to the letter; held against PCRE2 by a test.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace hermes::tokenizer {

inline constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwenPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kSeedPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";

class CharClass;

class SplitScanner {
 public:
  // The scanner for `pattern`; nullopt where there is none.
  static std::optional<SplitScanner> for_pattern(std::string_view pattern);

  // Where the pre-token that begins at `pos` (< text.size(), a character's first byte) ends. `text` must be UTF-8.
  // These patterns match at every position, so pre-tokens cover the text.
  size_t end_of_word(std::string_view text, size_t pos) const { return end_of_word_(*classes_, text, pos); }

 private:
  using EndOfWord = size_t (*)(const CharClass&, std::string_view, size_t);
  SplitScanner(EndOfWord scan, const CharClass& classes) : end_of_word_(scan), classes_(&classes) {}

  EndOfWord end_of_word_;
  const CharClass* classes_;
};

}  // namespace hermes::tokenizer
