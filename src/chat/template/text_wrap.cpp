#include "chat/template/text_wrap.h"

#include <algorithm>
#include <span>

#include "base/utf8.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

struct Letter {
  uint32_t code;
  std::string_view text;
};

using Chunk = std::span<const Letter>;

bool is_blank(uint32_t c) { return c == ' ' || (c >= 9 && c <= 13); }  // ASCII white space, as textwrap has it
bool is_word(uint32_t c) { return c == '_' || is_alnum(c); }
bool is_letter(uint32_t c) { return is_word(c) && !is_decimal(c); }
bool is_word_or_punctuation(uint32_t c) {
  return is_word(c) || c == '!' || c == '"' || c == '\'' || c == '&' || c == '.' || c == ',' || c == '?';
}

// Splits a line where it may be broken: runs of blanks, words, the parts of hyphenated words, and long dashes.
class Chunker {
 public:
  Chunker(std::string_view line, bool break_on_hyphens) : hyphens_(break_on_hyphens) {
    for (size_t at = 0; at < line.size();) {
      const CodePoint c = decode_utf8(line, at);
      letters_.push_back({c.value, line.substr(at, c.length)});
      at += c.length;
    }
  }

  std::vector<Chunk> chunks() const {
    std::vector<Chunk> out;
    for (size_t at = 0; at < letters_.size();) {
      const size_t end = past_chunk(at);
      out.push_back(Chunk(letters_).subspan(at, end - at));
      at = end;
    }
    return out;
  }

 private:
  uint32_t code(size_t at) const { return at < letters_.size() ? letters_[at].code : 0; }

  size_t past_dashes(size_t at) const {
    while (code(at) == '-') ++at;
    return at;
  }
  // Two hyphens or more, between something and a word.
  bool is_dash(size_t at) const {
    if (at == 0 || !is_word_or_punctuation(code(at - 1))) return false;  // first, so that a run of hyphens is read once
    const size_t end = past_dashes(at);
    return end >= at + 2 && is_word(code(end));
  }

  size_t past_chunk(size_t at) const {
    size_t end = at;
    if (is_blank(code(at))) {
      while (end < letters_.size() && is_blank(code(end))) ++end;
      return end;
    }
    if (hyphens_ && is_dash(at)) return past_dashes(at);
    for (end = at + 1; end < letters_.size() && !is_blank(code(end)); ++end) {
      if (!hyphens_) continue;
      // The word ends before a dash ...
      if (is_dash(end)) return end;
      // ... and after a hyphen between two letters on either side, or single letters with hyphens.
      if (code(end) == '-' && end >= 2) {
        const bool left = (is_letter(code(end - 1)) && is_letter(code(end - 2))) ||
                          (end >= 3 && is_letter(code(end - 1)) && code(end - 2) == '-' && is_letter(code(end - 3)));
        const bool right = is_letter(code(end + 1)) &&
                           (is_letter(code(end + 2)) || (code(end + 2) == '-' && is_letter(code(end + 3))));
        if (left && right) return end + 1;
      }
    }
    return end;
  }

  bool hyphens_;
  std::vector<Letter> letters_;
};

bool all_blank(Chunk chunk) {
  for (const Letter& l : chunk) {
    if (!is_space(l.code)) return false;
  }
  return true;
}

// Where a word that is too long is cut: after the last hyphen that fits, unless only hyphens stand before it.
size_t place_to_break(Chunk word, size_t room, bool break_on_hyphens) {
  if (!break_on_hyphens) return room;
  size_t hyphen = room;
  while (hyphen > 0 && word[hyphen - 1].code != '-') --hyphen;
  const auto others = [](const Letter& l) { return l.code != '-'; };
  const bool found =
      hyphen > 1 && std::any_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(hyphen - 1), others);
  return found ? hyphen : room;
}

}  // namespace

std::vector<std::string> wrap_line(std::string_view line, size_t width, bool break_long_words, bool break_on_hyphens) {
  const Chunker chunker(line, break_on_hyphens);
  std::vector<Chunk> chunks = chunker.chunks();
  std::vector<std::string> lines;
  size_t at = 0;
  while (at < chunks.size()) {
    if (!lines.empty() && all_blank(chunks[at]) && ++at == chunks.size()) break;
    std::vector<Chunk> present;
    size_t length = 0;
    for (; at < chunks.size() && length + chunks[at].size() <= width; ++at) {
      length += chunks[at].size();
      present.push_back(chunks[at]);
    }
    if (at < chunks.size() && chunks[at].size() > width) {
      if (break_long_words) {
        const size_t cut = place_to_break(chunks[at], width - length, break_on_hyphens);
        present.push_back(chunks[at].first(cut));
        chunks[at] = chunks[at].subspan(cut);
      } else if (present.empty()) {
        present.push_back(chunks[at++]);
      }
    }
    if (!present.empty() && all_blank(present.back())) present.pop_back();
    if (present.empty()) continue;
    lines.emplace_back();
    for (const Chunk& chunk : present) {
      for (const Letter& l : chunk) lines.back() += l.text;
    }
  }
  return lines;
}

}  // namespace hermes::chat::jinja
