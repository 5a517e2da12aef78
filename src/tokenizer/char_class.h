// Which code points are letters, numbers and white space: the classes that split patterns are made of.
//
// The sets are taken from compiled patterns when first needed (some ten milliseconds), so that a hand-written scanner
// and a pattern run by PCRE2 can never disagree about a character, whichever Unicode version the linked library knows.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace hermes::tokenizer {

// A property of code points, two table steps away. Immutable once built.
class CharClass {
 public:
  static constexpr uint8_t kLetter = 1;  // \p{L}
  static constexpr uint8_t kNumber = 2;  // \p{N}
  static constexpr uint8_t kSpace = 4;   // White_Space

  // Letters, numbers and spaces; shared, made by the first call.
  static const CharClass& split_classes();
  // Word characters (value 1) as \w has them in Unicode: Alphabetic, marks, decimal digits, connectors, joiners.
  static const CharClass& word_classes();

  uint8_t operator[](uint32_t code_point) const {
    return code_point < 128 ? ascii_[code_point] : blocks_[block_of_[code_point >> 8]][code_point & 0xFF];
  }
  uint8_t ascii(uint8_t byte) const { return ascii_[byte]; }

 private:
  struct Block {
    uint8_t value[256];
    uint8_t& operator[](size_t i) { return value[i]; }
    uint8_t operator[](size_t i) const { return value[i]; }
  };
  struct Set {
    std::string_view pattern;  // of one character, as "\\p{L}"
    uint8_t bit;
  };
  explicit CharClass(const std::vector<Set>& sets);

  uint8_t ascii_[128];
  uint16_t block_of_[0x1100];
  std::vector<Block> blocks_;
};

// White_Space, as \s has it in Oniguruma and in Rust. (PCRE2's own \s also takes U+180E, which left the set in 2013.)
inline bool is_space(uint32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace hermes::tokenizer
