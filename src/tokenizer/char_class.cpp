#include "tokenizer/char_class.h"

#include <cstring>
#include <map>
#include <string>

#include "base/check.h"
#include "base/utf8.h"
#include "tokenizer/regex.h"

namespace hermes::tokenizer {
namespace {

constexpr uint32_t kCodePoints = 0x110000;
constexpr uint32_t kFirstSurrogate = 0xD800;
constexpr uint32_t kLastSurrogate = 0xDFFF;

// Every scalar value from `first` on, as UTF-8, until `last`.
std::string code_points(uint32_t first, uint32_t last) {
  std::string text;
  for (uint32_t c = first; c <= last; ++c) {
    if (c < kFirstSurrogate || c > kLastSurrogate) append_utf8(text, c);
  }
  return text;
}

}  // namespace

CharClass::CharClass(const std::vector<Set>& sets) {
  std::vector<uint8_t> value(kCodePoints);
  // One range per UTF-8 length, and the surrogates skipped, so that an offset tells its code point.
  constexpr struct {
    uint32_t first, last, bytes;
  } kRanges[] = {{0, 0x7F, 1}, {0x80, 0x7FF, 2}, {0x800, 0xD7FF, 3}, {0xE000, 0xFFFF, 3}, {0x10000, 0x10FFFF, 4}};
  for (const auto& range : kRanges) {
    const std::string text = code_points(range.first, range.last);
    for (const Set& set : sets) {
      const Result<Regex> regex = Regex::compile(std::string(set.pattern) + "+", "character class");
      HERMES_CHECK(regex.ok(), "{}", regex.error().message());
      const auto mark = [&](size_t begin, size_t end) {
        for (size_t i = begin / range.bytes; i < end / range.bytes; ++i) value[range.first + i] |= set.bit;
      };
      const Status found = regex->for_each_match(text, mark);
      HERMES_CHECK(found.ok(), "{}", found.error().message());
    }
  }
  std::memcpy(ascii_, value.data(), sizeof ascii_);
  std::map<std::string_view, uint16_t> known;
  const std::string_view all(reinterpret_cast<const char*>(value.data()), value.size());
  for (size_t i = 0; i < std::size(block_of_); ++i) {
    const auto [it, is_first] = known.emplace(all.substr(i * 256, 256), static_cast<uint16_t>(blocks_.size()));
    if (is_first) std::memcpy(blocks_.emplace_back().value, it->first.data(), 256);
    block_of_[i] = it->second;
  }
}

const CharClass& CharClass::split_classes() {
  static const CharClass classes({{"\\p{L}", kLetter}, {"\\p{N}", kNumber}, {"\\s", kSpace}});
  return classes;
}

const CharClass& CharClass::word_classes() {
  static const CharClass classes({{"[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}]", 1}});
  return classes;
}

}  // namespace hermes::tokenizer
