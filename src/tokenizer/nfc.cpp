#include "tokenizer/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"

namespace hermes::tokenizer {
namespace {

constexpr uint32_t kCodePoints = 0x110000;
constexpr int kMaxDecomposition = 18;  // longest of any code point, with room

// What utf8proc calls a code point.
utf8proc_int32_t signed_code_point(uint32_t c) { return static_cast<utf8proc_int32_t>(c); }

int combining_class(uint32_t c) { return utf8proc_get_property(signed_code_point(c))->combining_class; }

// Appends the canonical decomposition of c.
void decompose(uint32_t c, std::vector<utf8proc_int32_t>& out) {
  utf8proc_int32_t buffer[kMaxDecomposition];
  int boundary = 0;
  const utf8proc_ssize_t n =
      utf8proc_decompose_char(signed_code_point(c), buffer, kMaxDecomposition, UTF8PROC_DECOMPOSE, &boundary);
  HERMES_CHECK(n >= 0 && n <= kMaxDecomposition, "decomposition of U+{:04X}: {}", c, n);
  out.insert(out.end(), buffer, buffer + n);
}

// Decomposes, orders and composes. utf8proc's own ordering is quadratic in a run of marks, hence ours.
void normalize(std::vector<utf8proc_int32_t>& chars) {
  const auto by_class = [](utf8proc_int32_t a, utf8proc_int32_t b) {
    return combining_class(static_cast<uint32_t>(a)) < combining_class(static_cast<uint32_t>(b));
  };
  const auto is_starter = [](utf8proc_int32_t c) { return combining_class(static_cast<uint32_t>(c)) == 0; };
  for (auto run = chars.begin(); run != chars.end();) {
    run = std::find_if_not(run, chars.end(), is_starter);
    const auto end = std::find_if(run, chars.end(), is_starter);
    std::stable_sort(run, end, by_class);
    run = end;
  }
  const utf8proc_ssize_t n =
      utf8proc_normalize_utf32(chars.data(), static_cast<utf8proc_ssize_t>(chars.size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  HERMES_CHECK(n >= 0, "utf8proc: {}", n);
  chars.resize(static_cast<size_t>(n));
}

// Code points that NFC leaves alone whatever stands beside them: starters, unchanged by themselves, that never join
// the character before them. (Stable: a stretch may begin and end at them.)
class StableSet {
 public:
  StableSet() : is_stable_(kCodePoints, true) {
    std::vector<utf8proc_int32_t> chars;
    for (uint32_t c = 0; c < kCodePoints; ++c) {
      if (combining_class(c) != 0) is_stable_[c] = false;
      chars.clear();
      decompose(c, chars);
      if (chars.size() == 1 && static_cast<uint32_t>(chars[0]) == c) continue;
      // What follows the first character of a decomposition can join one; compositions come from these alone.
      for (size_t i = 1; i < chars.size(); ++i) is_stable_[static_cast<uint32_t>(chars[i])] = false;
      normalize(chars);
      if (chars.size() != 1 || static_cast<uint32_t>(chars[0]) != c) is_stable_[c] = false;
    }
  }
  bool operator[](uint32_t c) const { return is_stable_[c]; }

 private:
  std::vector<bool> is_stable_;
};

// Skips characters below U+0300, all of them stable: bytes below 0xCC and what follows the leads among them.
size_t skip_low(std::string_view text, size_t pos) {
  while (pos < text.size() && static_cast<uint8_t>(text[pos]) < 0xCC) ++pos;
  return pos;
}

}  // namespace

std::string_view to_nfc(std::string_view text, std::string& storage) {
  size_t pos = skip_low(text, 0);
  if (pos == text.size()) return text;
  static const StableSet stable;

  storage.clear();
  std::vector<utf8proc_int32_t> chars;
  size_t copied = 0;  // text before this is in storage
  bool changed = false;
  while ((pos = skip_low(text, pos)) < text.size()) {
    const CodePoint c = decode_utf8(text, pos);
    if (stable[c.value]) {
      pos += c.length;
      continue;
    }
    // The stretch around an unstable character: from the stable one before it up to the next stable one.
    size_t begin = pos;
    if (begin > copied) {
      do --begin;
      while ((static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80);
    }
    chars.clear();
    size_t end = begin;
    while (end < text.size()) {
      const CodePoint in = decode_utf8(text, end);
      if (end > pos && stable[in.value]) break;
      decompose(in.value, chars);
      end += in.length;
    }
    normalize(chars);
    const size_t stretch = storage.size() + (begin - copied);
    storage.append(text, copied, begin - copied);
    for (const utf8proc_int32_t out : chars) append_utf8(storage, static_cast<uint32_t>(out));
    changed |= std::string_view(storage).substr(stretch) != text.substr(begin, end - begin);
    pos = copied = end;
  }
  if (!changed) return text;
  storage.append(text, copied);
  return storage;
}

}  // namespace hermes::tokenizer
