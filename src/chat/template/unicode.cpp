#include "chat/template/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/utf8.h"
#include "chat/template/special_casing.h"

namespace hermes::chat::jinja {
namespace {

struct CodeRange {
  uint32_t first, last;
};

bool within(std::span<const CodeRange> ranges, uint32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](CodeRange r) { return c >= r.first && c <= r.last; });
}

// What Unicode says beyond the general category.
constexpr CodeRange kSpaces[] = {{0x9, 0xD},       {0x1C, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},
                                 {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F},
                                 {0x205F, 0x205F}, {0x3000, 0x3000}};
constexpr CodeRange kOtherDigits[] = {{0xB2, 0xB3},       {0xB9, 0xB9},       {0x1369, 0x1371},   {0x19DA, 0x19DA},
                                      {0x2070, 0x2070},   {0x2074, 0x2079},   {0x2080, 0x2089},   {0x2460, 0x2468},
                                      {0x2474, 0x247C},   {0x2488, 0x2490},   {0x24EA, 0x24EA},   {0x24F5, 0x24FD},
                                      {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},   {0x278A, 0x2792},
                                      {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A}};
constexpr CodeRange kOtherLowercase[] = {
    {0xAA, 0xAA},     {0xBA, 0xBA},     {0x2B0, 0x2B8},     {0x2C0, 0x2C1},     {0x2E0, 0x2E4},     {0x345, 0x345},
    {0x37A, 0x37A},   {0x1D2C, 0x1D6A}, {0x1D78, 0x1D78},   {0x1D9B, 0x1DBF},   {0x2071, 0x2071},   {0x207F, 0x207F},
    {0x2090, 0x209C}, {0x2170, 0x217F}, {0x24D0, 0x24E9},   {0x2C7C, 0x2C7D},   {0xA69C, 0xA69D},   {0xA770, 0xA770},
    {0xA7F8, 0xA7F9}, {0xAB5C, 0xAB5F}, {0x10780, 0x10780}, {0x10783, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BA}};
constexpr CodeRange kOtherUppercase[] = {
    {0x2160, 0x216F}, {0x24B6, 0x24CF}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};

utf8proc_category_t category(uint32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

const SpecialCasing* special_casing(uint32_t c) {
  const auto at = std::lower_bound(kSpecialCasing.begin(), kSpecialCasing.end(), c,
                                   [](const SpecialCasing& s, uint32_t letter) { return s.letter < letter; });
  return at != kSpecialCasing.end() && at->letter == c ? &*at : nullptr;
}

void append_all(std::string& out, std::u32string_view letters) {
  for (const char32_t c : letters) append_utf8(out, c);
}

void append_upper(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  } else if (const SpecialCasing* special = special_casing(c); special != nullptr) {
    append_all(out, special->upper);
  } else {
    append_utf8(out, static_cast<uint32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
  }
}

void append_title(std::string& out, uint32_t c) {
  if (const SpecialCasing* special = special_casing(c); special != nullptr) {
    append_all(out, special->title);
  } else {
    append_utf8(out, static_cast<uint32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
  }
}

bool is_case_ignorable(uint32_t c) {
  const utf8proc_category_t k = category(c);
  return c == '\'' || c == '.' || c == ':' || c == '^' || c == '`' || c == 0xA8 || c == 0xAD || c == 0xAF ||
         c == 0xB4 || c == 0xB7 || c == 0xB8 || c == 0x2019 || k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME ||
         k == UTF8PROC_CATEGORY_CF || k == UTF8PROC_CATEGORY_LM || k == UTF8PROC_CATEGORY_SK;
}

bool is_cased(uint32_t c) { return is_lower(c) || is_upper(c) || is_title(c); }

// A capital sigma at the end of a word becomes the final form.
bool is_final_sigma(std::string_view text, size_t at) {
  size_t before = at;
  bool cased_before = false;
  while (before > 0) {
    --before;
    while (before > 0 && (static_cast<unsigned char>(text[before]) & 0xC0u) == 0x80u) --before;
    const uint32_t c = decode_utf8(text, before).value;
    if (is_case_ignorable(c)) continue;
    cased_before = is_cased(c);
    break;
  }
  if (!cased_before) return false;
  for (size_t after = at + 2; after < text.size();) {  // sigma is two bytes
    const CodePoint c = decode_utf8(text, after);
    if (!is_case_ignorable(c.value)) return !is_cased(c.value);
    after += c.length;
  }
  return true;
}

void append_lower(std::string& out, std::string_view text, size_t at, uint32_t c) {
  constexpr uint32_t kSigma = 0x3A3, kFinalSigma = 0x3C2, kDottedI = 0x130;
  if (c < 0x80) {
    out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  } else if (c == kSigma) {
    append_utf8(out, is_final_sigma(text, at) ? kFinalSigma : kSigma + 32);
  } else if (c == kDottedI) {
    out += "i\xCC\x87";
  } else {
    append_utf8(out, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
}

template <class F>
void each_code_point(std::string_view text, F&& f) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    f(at, c.value);
    at += c.length;
  }
}

size_t count_starts(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & '\xC0') != '\x80'; }));
}

}  // namespace

bool is_ascii(const String& s) {
  if (s.ascii == Ascii::kUnknown) {
    const bool plain = std::all_of(s.text.begin(), s.text.end(), [](char c) { return (c & '\x80') == 0; });
    s.ascii = plain ? Ascii::kYes : Ascii::kNo;
  }
  return s.ascii == Ascii::kYes;
}

size_t code_points(const String& s) { return is_ascii(s) ? s.text.size() : count_starts(s.text); }
size_t code_points(std::string_view text) { return count_starts(text); }

size_t byte_at(const String& s, size_t index) {
  if (is_ascii(s)) return std::min(index, s.text.size());
  size_t at = 0;
  for (; at < s.text.size(); ++at) {
    if ((s.text[at] & '\xC0') == '\x80') continue;
    if (index-- == 0) break;
  }
  return at;
}

size_t find_text(std::string_view text, std::string_view wanted, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (wanted.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

size_t rfind_text(std::string_view text, std::string_view wanted) {
  constexpr size_t kSmallProduct = 1 << 14;
  if (wanted.size() > text.size()) return std::string_view::npos;
  if (wanted.size() <= 1 || text.size() * wanted.size() <= kSmallProduct) return text.rfind(wanted);
  const std::string backwards(text.rbegin(), text.rend()), drawkcab(wanted.rbegin(), wanted.rend());
  const size_t at = find_text(backwards, drawkcab);
  return at == std::string_view::npos ? at : text.size() - wanted.size() - at;
}

bool is_space(uint32_t c) { return c < 0x80 ? (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) : within(kSpaces, c); }

bool is_printable(uint32_t c) {
  if (c < 0x7F) return c >= 0x20;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

bool is_alpha(uint32_t c) {
  const utf8proc_category_t k = category(c);
  return k == UTF8PROC_CATEGORY_LU || k == UTF8PROC_CATEGORY_LL || k == UTF8PROC_CATEGORY_LT ||
         k == UTF8PROC_CATEGORY_LM || k == UTF8PROC_CATEGORY_LO;
}
bool is_decimal(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }
bool is_digit(uint32_t c) { return is_decimal(c) || within(kOtherDigits, c); }
bool is_numeric(uint32_t c) {
  const utf8proc_category_t k = category(c);
  return k == UTF8PROC_CATEGORY_ND || k == UTF8PROC_CATEGORY_NL || k == UTF8PROC_CATEGORY_NO;
}
bool is_alnum(uint32_t c) { return is_alpha(c) || is_numeric(c); }
bool is_lower(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LL || within(kOtherLowercase, c); }
bool is_upper(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LU || within(kOtherUppercase, c); }
bool is_title(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LT; }
bool is_name_mark(uint32_t c) {
  const utf8proc_category_t k = category(c);
  return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_PC;
}

std::string to_upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_code_point(text, [&](size_t, uint32_t c) { append_upper(out, c); });
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_code_point(text, [&](size_t at, uint32_t c) { append_lower(out, text, at, c); });
  return out;
}

std::string to_title(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_word = false;
  each_code_point(text, [&](size_t at, uint32_t c) {
    if (in_word) {
      append_lower(out, text, at, c);
    } else {
      append_title(out, c);
    }
    in_word = is_cased(c);
  });
  return out;
}

std::string to_capitalized(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_code_point(text, [&](size_t at, uint32_t c) {
    if (at == 0) {
      append_title(out, c);
    } else {
      append_lower(out, text, at, c);
    }
  });
  return out;
}

std::string swap_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_code_point(text, [&](size_t at, uint32_t c) {
    if (is_upper(c)) {
      append_lower(out, text, at, c);
    } else if (is_lower(c)) {
      append_upper(out, c);
    } else {
      append_utf8(out, c);
    }
  });
  return out;
}

size_t leading_space(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const CodePoint c = decode_utf8(text, at);
    if (!is_space(c.value)) break;
    at += c.length;
  }
  return at;
}

size_t trailing_space(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t at = end - 1;
    while (at > 0 && (text[at] & '\xC0') == '\x80') --at;
    if (!is_space(decode_utf8(text, at).value)) break;
    end = at;
  }
  return text.size() - end;
}

}  // namespace hermes::chat::jinja
