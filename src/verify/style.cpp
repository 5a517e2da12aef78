// Verifiers of how a text is written: its length, words it must or must not have, its case.
#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "verify/answer.h"
#include "verify/number_text.h"
#include "verify/specification.h"

namespace hermes::verify {
namespace {

bool is_word_byte(char c) { return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80; }

// Runs between white space that hold a letter or a digit.
int64_t count_words(std::string_view text) {
  int64_t words = 0;
  bool counted = false;
  for (const char c : text) {
    if (is_space(c)) {
      counted = false;
    } else if (!counted && is_word_byte(c)) {
      ++words;
      counted = true;
    }
  }
  return words;
}

// Runs of text that end in . ! ? (or the full-width ones), perhaps behind a quote or a bracket, before white space or
// the end; what stands after the last of them is one more. A line break ends none.
int64_t count_sentences(std::string_view text) {
  int64_t sentences = 0;
  bool words = false, ended = false;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const bool wide =
        rest.starts_with("\xe3\x80\x82") || rest.starts_with("\xef\xbc\x81") || rest.starts_with("\xef\xbc\x9f");
    const char c = text[i];
    if (wide) {
      sentences += words ? 1 : 0;
      words = ended = false;
    } else if (c == '.' || c == '!' || c == '?') {
      ended = true;
    } else if (is_space(c)) {
      sentences += ended && words ? 1 : 0;
      if (ended) words = false;
      ended = false;
    } else if (is_word_byte(c)) {
      words = true;
      ended = false;
    }
    i += wide ? 3 : 1;
  }
  return sentences + (words ? 1 : 0);
}

struct Bounds {
  std::optional<int64_t> least, most, exactly;

  Verdict judge(int64_t n, std::string_view of) const {
    if (least && n < *least) return Verdict::fail(fmt::format("{} {}, at least {} are asked for", n, of, *least));
    if (most && n > *most) return Verdict::fail(fmt::format("{} {}, at most {} are asked for", n, of, *most));
    if (exactly && n != *exactly) return Verdict::fail(fmt::format("{} {}, {} are asked for", n, of, *exactly));
    return Verdict::pass();
  }
};

Result<std::optional<int64_t>> count_field(const Specification& spec, std::string_view name) {
  if (!spec.has(name)) return std::optional<int64_t>();
  HERMES_ASSIGN(const int64_t n, spec.integer(name));
  if (n < 0) return spec.error(fmt::format("\"{}\" is negative", name));
  return std::optional(n);
}

Result<Bounds> bounds(const Specification& spec, std::string_view least, std::string_view most,
                      std::string_view exactly) {
  Bounds out;
  HERMES_ASSIGN(out.least, count_field(spec, least));
  HERMES_ASSIGN(out.most, count_field(spec, most));
  HERMES_ASSIGN(out.exactly, count_field(spec, exactly));
  if (out.exactly && (out.least || out.most)) return spec.error(fmt::format("\"{}\" stands for itself", exactly));
  if (out.least && out.most && *out.least > *out.most) {
    return spec.error(fmt::format("\"{}\" is above \"{}\"", least, most));
  }
  return out;
}

// A string, or an array of strings.
Result<std::vector<std::string>> texts(const Specification& spec, std::string_view name) {
  if (!spec.has(name)) return std::vector<std::string>();
  if (spec.find(name)->is_array()) return spec.strings(name);
  HERMES_ASSIGN(std::string one, spec.string(name));
  if (one.empty()) return spec.error(fmt::format("\"{}\" is empty", name));
  return std::vector<std::string>{std::move(one)};
}

struct Style {
  Bounds words, sentences;
  std::string starts_with, ends_with, letter_case;
  std::vector<std::string> contains, not_contains;
  bool ignore_case = false;

  std::string folded(std::string_view text) const { return ignore_case ? lower_case(text) : std::string(text); }

  Verdict judge(std::string_view content) const {
    const std::string text(trim(content));
    if (text.empty()) return Verdict::fail("the content is empty");
    const std::string low = folded(text);
    if (!low.starts_with(folded(starts_with))) return Verdict::fail("does not start with " + shown(starts_with));
    if (!low.ends_with(folded(ends_with))) return Verdict::fail("does not end with " + shown(ends_with));
    for (const std::string& part : contains) {
      if (low.find(folded(part)) == std::string::npos) return Verdict::fail("does not contain " + shown(part));
    }
    for (const std::string& part : not_contains) {
      if (low.find(folded(part)) != std::string::npos) return Verdict::fail("contains " + shown(part));
    }
    if (!letter_case.empty()) {
      const bool upper = letter_case == "upper";
      const auto is_wrong = [upper](char c) { return is_letter(c) && (lower(c) == c) == upper; };
      if (std::any_of(text.begin(), text.end(), is_wrong)) return Verdict::fail("not all in " + letter_case + " case");
      if (std::none_of(text.begin(), text.end(), is_letter)) return Verdict::fail("no letters");
    }
    if (const Verdict verdict = words.judge(count_words(text), "words"); !verdict.passed()) return verdict;
    return sentences.judge(count_sentences(text), "sentences");
  }
};

}  // namespace

Made make_style(const Specification& spec) {
  HERMES_TRY(spec.only({"starts_with", "ends_with", "contains", "not_contains", "case", "ignore_case", "max_words",
                        "min_words", "words", "max_sentences", "min_sentences", "sentences", "no"}));
  Style style;
  HERMES_ASSIGN(style.words, bounds(spec, "min_words", "max_words", "words"));
  HERMES_ASSIGN(style.sentences, bounds(spec, "min_sentences", "max_sentences", "sentences"));
  HERMES_ASSIGN(style.starts_with, spec.string_or("starts_with", ""));
  HERMES_ASSIGN(style.ends_with, spec.string_or("ends_with", ""));
  HERMES_ASSIGN(style.contains, texts(spec, "contains"));
  HERMES_ASSIGN(style.not_contains, texts(spec, "not_contains"));
  HERMES_ASSIGN(const std::vector<std::string> no, texts(spec, "no"));
  style.not_contains.insert(style.not_contains.end(), no.begin(), no.end());
  HERMES_ASSIGN(style.ignore_case, spec.boolean_or("ignore_case", false));
  if (spec.has("case")) {
    HERMES_ASSIGN(style.letter_case, spec.one_of("case", {"upper", "lower"}));
  }
  return judged_by([style](const chat::Reply& reply) { return style.judge(reply.content); });
}

Made make_words(const Specification& spec) {
  HERMES_TRY(spec.only({"at_least", "at_most", "exactly"}));
  HERMES_ASSIGN(const Bounds wanted, bounds(spec, "at_least", "at_most", "exactly"));
  return judged_by([wanted](const chat::Reply& reply) { return wanted.judge(count_words(reply.content), "words"); });
}

Made make_sentences(const Specification& spec) {
  HERMES_TRY(spec.only({"at_least", "at_most", "exactly"}));
  HERMES_ASSIGN(const Bounds wanted, bounds(spec, "at_least", "at_most", "exactly"));
  return judged_by(
      [wanted](const chat::Reply& reply) { return wanted.judge(count_sentences(reply.content), "sentences"); });
}

}  // namespace hermes::verify
