#include "verify/answer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "verify/number_text.h"

namespace hermes::verify {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr size_t kMostTimes = 8;  // that an answer may be said; a model that repeats itself endlessly has not answered

bool is_word(char c) { return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80; }

// `text` without LaTeX and emphasis, for scans. Positions change.
std::string plain_text(std::string_view text) {
  constexpr std::string_view kFraction = "\\frac{";
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool after_word = i > 0 && is_word(text[i - 1]), before_word = is_word(next);
    if (c == '\\' && text.substr(i).starts_with(kFraction)) {  // \frac{3}{4}
      size_t pos = i + kFraction.size();
      const auto digits = [&] {
        const size_t begin = pos;
        while (pos < text.size() && is_digit(text[pos])) ++pos;
        return text.substr(begin, pos - begin);
      };
      const std::string_view above = digits();
      if (!text.substr(pos).starts_with("}{")) {
        i += kFraction.size() - 1;
        out += " ? ";
        continue;
      }
      pos += 2;
      const std::string_view below = digits();
      out.append(above).append("/").append(below);
      i = pos < text.size() && text[pos] == '}' ? pos : pos - 1;
    } else if (c == '\\' && is_letter(next)) {  // \text, \times
      while (i + 1 < text.size() && is_letter(text[i + 1])) ++i;
      out += ' ';
    } else if (c == '\\') {
      if (next == '%' || next == '$') continue;
      out += ' ';
      ++i;
    } else if (c == '{' || c == '}') {
      continue;
    } else if (c == '*' || c == '`' || c == '~' || c == '$') {
      if (c == '$' && !out.empty() && out.back() == '-') continue;  // -$5
      out += c == '*' && next == '*' ? "" : " ";
    } else if (c == '_' && !(after_word && before_word)) {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out;
}

bool ends_sentence(std::string_view text, size_t i) {
  if (text[i] == '\n') return true;
  if (text[i] != '.' && text[i] != '!' && text[i] != '?') return false;
  return i + 1 >= text.size() || is_space(text[i + 1]);
}

size_t sentence_begin(std::string_view text, size_t pos) {
  while (pos > 0 && !ends_sentence(text, pos - 1)) --pos;
  return pos;
}

size_t sentence_end(std::string_view text, size_t pos) {
  while (pos < text.size() && !ends_sentence(text, pos)) ++pos;
  return pos;
}

// Behind the last "answer ... is", "answer:", "result = "; npos where there is none.
size_t behind_marker(std::string_view text) {
  const std::string low = lower_case(text);
  size_t best = kNone, best_at = 0;
  for (const std::string_view word : {"answer", "result"}) {
    // From the end; a sentence that was looked at is not looked at again.
    for (size_t at = low.rfind(word); at != kNone; at = at == 0 ? kNone : low.rfind(word, at - 1)) {
      if (best != kNone && at < best_at) break;
      const size_t end = sentence_end(std::string_view(low).substr(0, at + 200), at);
      size_t behind = kNone;
      for (size_t i = at + word.size(); i < end; ++i) {
        if (low[i] == ':' || low[i] == '=') {
          behind = i + 1;
          break;
        }
        if (i + 3 < low.size() && is_space(low[i]) && low[i + 1] == 'i' && low[i + 2] == 's' && !is_word(low[i + 3])) {
          behind = low[i + 3] == ':' ? i + 4 : i + 3;
          break;
        }
      }
      if (behind == kNone) continue;
      best = behind;
      best_at = at;
      break;
    }
  }
  return best;
}

bool is_expression_text(std::string_view text) { return text.find_first_not_of("0123456789 .,+-*/()=") == kNone; }

// The last sentence that is not empty.
size_t last_sentence(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && !is_word(text[end - 1])) --end;
  return sentence_begin(text, end);
}

Reading not_found(std::string why) { return {.found = false, .key = {}, .after = {}, .why_not = std::move(why)}; }

// The candidates in [from, end of text) must agree, and the text from `sentence` on must not hedge.
Reading agree(std::string_view text, const std::vector<Candidate>& all, size_t from, size_t sentence) {
  Reading out;
  for (const Candidate& candidate : all) {
    if (candidate.begin < from) continue;
    if (out.found && out.key != candidate.key) {
      return not_found("several answers: " + shown(out.key) + " and " + shown(candidate.key));
    }
    out.found = true;
    out.key = candidate.key;
    out.after.emplace_back(text.substr(candidate.end, 40));
  }
  if (!out.found) return not_found("no answer found");
  if (out.after.size() > kMostTimes) return not_found(fmt::format("the answer is said {} times", out.after.size()));
  if (hedges(text.substr(sentence))) return not_found("the answer is not clear: " + shown(trim(text.substr(sentence))));
  return out;
}

Reading read_boxes(std::string_view content, const Boxes& boxes, const Scan& scan) {
  std::string joined;
  for (const std::string& box : boxes.texts) {
    const std::string text = plain_text(box);
    if (scan(text).empty()) return not_found("what is boxed cannot be read: " + shown(box));
    joined += text + "\n";
  }
  const std::string whole = plain_text(content);
  if (hedges(std::string_view(whole).substr(last_sentence(whole)))) return not_found("the answer is not clear");
  // A box may hold an equation: its last value counts.
  if (boxes.texts.size() == 1 && joined.find('=') != kNone && scan(joined.substr(joined.rfind('=') + 1)).size() == 1) {
    joined.erase(0, joined.rfind('=') + 1);
  }
  joined += plain_text(boxes.rest);
  return agree(joined, scan(joined), 0, 0);
}

}  // namespace

bool hedges(std::string_view text) {
  static constexpr std::array<std::string_view, 30> kWords{
      "or",    "not",    "maybe",   "perhaps",       "possibly", "probably", "either", "neither", "wrong", "incorrect",
      "about", "around", "roughly", "approximately", "almost",   "nearly",   "unless", "between", "than",  "might",
      "could", "cannot", "unsure",  "unknown",       "guess",    "nor",      "never",  "except",  "least", "most"};
  if (text.find('?') != kNone || text.find("n't") != kNone || text.find("\xe2\x89\x88") != kNone) return true;
  for (size_t i = 0; i < text.size();) {
    if (!is_letter(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && is_letter(text[end])) ++end;
    if (end - i <= 13) {
      const std::string word = lower_case(text.substr(i, end - i));
      if (std::find(kWords.begin(), kWords.end(), word) != kWords.end()) return true;
    }
    i = end;
  }
  return false;
}

Reading read_final(std::string_view content, const Scan& scan) {
  if (const Boxes boxes = boxed(content); !boxes.texts.empty()) return read_boxes(content, boxes, scan);
  const std::string plain = plain_text(trim(content));
  const std::string_view text = plain;
  const std::vector<Candidate> all = scan(text);
  if (all.empty()) return not_found("no answer found");
  const bool one_key = std::all_of(all.begin(), all.end(), [&](const Candidate& c) { return c.key == all[0].key; });

  if (size_t from = behind_marker(text); from != kNone && all.back().begin >= from) {
    const size_t sentence = sentence_begin(text, from > 0 ? from - 1 : 0);
    // "The answer is 3 + 4 = 7."
    if (const size_t equals = text.rfind('='); equals != kNone && equals > from && all.back().begin > equals &&
                                               is_expression_text(text.substr(from, equals - from))) {
      from = equals + 1;
    }
    return agree(text, all, from, sentence);
  }
  if (const size_t equals = text.rfind('='); equals != kNone && all.back().begin > equals) {
    const size_t sentence = sentence_begin(text, equals);
    const std::string_view before = text.substr(sentence, equals - sentence);
    const size_t other = before.find('=');
    if (other != kNone && !is_expression_text(before.substr(other))) return not_found("several equations");
    return agree(text, all, equals + 1, sentence);
  }
  const size_t sentence = last_sentence(text);
  const bool in_last = all.back().begin >= sentence;
  if (!in_last) {
    return one_key ? agree(text, all, 0, 0) : not_found("several answers, and none in the last sentence");
  }
  const auto first = std::find_if(all.begin(), all.end(), [&](const Candidate& c) { return c.begin >= sentence; });
  std::string rest(text.substr(sentence, first->begin - sentence));
  rest += text.substr(all.back().end);
  const bool alone = std::none_of(rest.begin(), rest.end(), is_word);
  if (alone && one_key && all.size() > kMostTimes) return not_found("the answer is said again and again");
  if (alone && !one_key) {
    return not_found("several answers: " + shown(all[0].key) + " and " + shown(all.back().key));
  }
  if (first->key != all.back().key) {
    for (const std::string_view verb : {" is ", " are ", " equals "}) {
      const size_t at = text.substr(sentence).rfind(verb);
      if (at != kNone && all.back().begin > sentence + at) return agree(text, all, sentence + at, sentence);
    }
  }
  return agree(text, all, sentence, sentence);
}

Verdict judge_reading(const Reading& reading, const std::vector<std::string>& accepted) {
  if (!reading.found) return Verdict::could_not_tell(reading.why_not);
  if (std::find(accepted.begin(), accepted.end(), reading.key) != accepted.end()) return Verdict::pass();
  return Verdict::fail("the answer " + shown(reading.key) + " is not " + shown(accepted.at(0)));
}

std::vector<std::string> phrases(std::string_view content) {
  std::vector<std::string> out;
  if (const Boxes boxes = boxed(content); !boxes.texts.empty()) {
    const std::string first = bare(boxes.texts[0]);
    for (const std::string& box : boxes.texts) {
      if (bare(box) != first) return {};
    }
    if (hedges(content.substr(last_sentence(content))) || behind_marker(boxes.rest) != kNone) return {};
    return {first};
  }
  const std::string_view text = trim(content);
  out.emplace_back(text);
  out.push_back(bare(text));
  if (const size_t from = behind_marker(text); from != kNone) {
    out.push_back(bare(text.substr(from)));
    return out;
  }
  const size_t last = last_sentence(text);
  if (last != 0 || hedges(text)) return out;
  const std::string_view whole = trim(text);
  for (const std::string_view marker : {" is ", ": ", ":\n"}) {
    const size_t at = whole.rfind(marker);
    if (at != kNone) out.push_back(bare(whole.substr(at + marker.size())));
  }
  return out;
}

std::string answer_region(std::string_view content) {
  if (const Boxes boxes = boxed(content); !boxes.texts.empty()) {
    const std::string& first = boxes.texts[0];
    const bool agreed = std::all_of(boxes.texts.begin(), boxes.texts.end(), [&](const auto& b) { return b == first; });
    return agreed && behind_marker(boxes.rest) == kNone ? first : "";
  }
  const size_t from = behind_marker(content);
  return std::string(trim(from == kNone ? content : content.substr(from)));
}

std::vector<Candidate> scan_numbers(std::string_view text) {
  std::vector<Candidate> out;
  for (size_t i = 0; i < text.size();) {
    const bool digit = is_digit(text[i]);
    if (!digit && !(text[i] == '.' && i + 1 < text.size() && is_digit(text[i + 1]))) {
      ++i;
      continue;
    }
    const NumberText number = scan_number(text, i);
    size_t begin = i, end = number.end;
    i = end;
    const char before = begin > 0 ? text[begin - 1] : ' ';
    if (is_letter(before) || before == '_') continue;  // x2
    const std::string ending = lower_case(text.substr(end, 2));
    if ((ending == "st" || ending == "nd" || ending == "rd" || ending == "th") &&
        !(end + 2 < text.size() && is_letter(text[end + 2]))) {
      continue;  // 3rd
    }
    std::optional<Rational> value = number.value;
    const auto slash = [&] { return end + 1 < text.size() && text[end] == '/' && is_digit(text[end + 1]); };
    if (slash()) {
      const NumberText below = scan_number(text, end + 1);
      value = value && below.value ? *value / *below.value : std::nullopt;
      for (end = below.end; slash(); end = scan_number(text, end + 1).end) value.reset();  // 3/4/2024
      i = end;
    }
    // A minus sign, not a dash between two numbers.
    const std::string_view head = text.substr(0, begin);
    const size_t sign = head.ends_with('-') ? 1 : head.ends_with("\xe2\x88\x92") ? 3 : 0;
    if (sign > 0 && (begin == sign || std::string_view(" \t\n([=:,\"'").find(text[begin - sign - 1]) != kNone)) {
      begin -= sign;
      if (value) value = -*value;
    }
    out.push_back({begin, end, value ? value->text() : unreadable_key(text.substr(begin, end - begin))});
  }
  return out;
}

std::vector<Candidate> scan_words(std::string_view text, const std::vector<std::string>& words) {
  std::array<std::vector<const std::string*>, 256> by_first;
  for (const std::string& word : words) {
    if (!word.empty()) by_first[static_cast<unsigned char>(lower(word[0]))].push_back(&word);
  }
  std::vector<Candidate> out;
  for (size_t i = 0; i < text.size();) {
    const std::string* best = nullptr;
    if (i == 0 || !is_word(text[i - 1])) {
      for (const std::string* word : by_first[static_cast<unsigned char>(lower(text[i]))]) {
        const size_t end = i + word->size();
        if (end > text.size() || (end < text.size() && is_word(text[end]))) continue;
        if (best != nullptr && best->size() > word->size()) continue;
        const std::string_view here = text.substr(i, word->size());
        // Of two that differ in case only, the one as written.
        if (here == *word ||
            (lower_case(here) == lower_case(*word) && (best == nullptr || best->size() < word->size()))) {
          best = word;
        }
      }
    }
    if (best != nullptr) out.push_back({i, i + best->size(), *best});
    i += best != nullptr ? best->size() : 1;
  }
  return out;
}

Verdict judge_yes_no(std::string_view content, bool truth) {
  static const std::vector<std::string> kWords{"yes", "no", "true", "false"};
  const auto value_of = [](const std::string& word) { return word == "yes" || word == "true"; };
  std::vector<std::string> texts{std::string(content)};
  if (Boxes boxes = boxed(content); !boxes.texts.empty()) {
    texts = std::move(boxes.texts);
    if (behind_marker(boxes.rest) != kNone) texts.emplace_back(boxes.rest);
  }
  std::optional<bool> said;
  for (const std::string& dressed : texts) {
    const std::string text = plain_text(dressed);
    std::vector<Candidate> all = scan_words(text, kWords);
    if (const size_t from = behind_marker(text); from != kNone) {
      std::erase_if(all, [&](const Candidate& c) { return c.begin < from; });
    }
    if (all.empty()) return Verdict::could_not_tell("neither yes nor no");
    if (all.size() > kMostTimes) return Verdict::could_not_tell("the answer is said again and again");
    for (const Candidate& c : all) {
      if (said && *said != value_of(c.key)) return Verdict::could_not_tell("both yes and no");
      said = value_of(c.key);
    }
    // "Yes, 3 is less than 5" compares; other hedges, and "not true", take the answer back.
    const std::string_view before = std::string_view(text).substr(0, all[0].begin);
    const size_t sentence = sentence_begin(before, before.size());
    if (hedges(before.substr(sentence))) return Verdict::could_not_tell("not a clear yes or no");
    for (const Candidate& c :
         scan_words(text, {"maybe", "perhaps", "possibly", "probably", "unless", "unsure", "might", "or"})) {
      if (c.begin > all[0].begin) return Verdict::could_not_tell("not a clear yes or no");
    }
  }
  if (*said == truth) return Verdict::pass();
  return Verdict::fail(std::string("the answer is ") + (truth ? "yes" : "no"));
}

}  // namespace hermes::verify
