// Verifier of operations on one text.
#include <algorithm>

#include "base/utf8.h"
#include "verify/answer.h"
#include "verify/number_text.h"
#include "verify/specification.h"
#include "verify/units.h"

namespace hermes::verify {
namespace {

constexpr size_t kMostBytes = 10000;

std::vector<std::string> code_points(std::string_view text) {
  std::vector<std::string> out;
  for (size_t pos = 0; pos < text.size();) {
    const size_t length = std::max<size_t>(decode_utf8(text, pos).length, 1);
    out.emplace_back(text.substr(pos, length));
    pos += length;
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && !is_space(text[end])) ++end;
    if (end > i) out.emplace_back(text.substr(i, end - i));
    i = end + 1;
  }
  return out;
}

Made text_is(std::string truth, bool ignore_case) {
  return judged_by([truth = std::move(truth), ignore_case](const chat::Reply& reply) {
    for (const std::string& phrase : phrases(reply.content)) {
      if (phrase == truth || (ignore_case && lower_case(phrase) == lower_case(truth))) return Verdict::pass();
    }
    return Verdict::fail("the answer is not " + shown(truth));
  });
}

Made number_is(size_t truth) {
  return judged_by([truth = Rational(static_cast<int64_t>(truth))](const chat::Reply& reply) {
    return judge_number(reply.content, truth);
  });
}

// The one character that "arg" names; an error where the text has it in the other case, so that counting is a matter of
// taste.
Result<std::string> letter_of(const Specification& spec, const std::vector<std::string>& characters) {
  HERMES_ASSIGN(std::string letter, spec.string("arg"));
  if (code_points(letter).size() != 1) return spec.error("\"arg\" must be one character");
  for (const std::string& c : characters) {
    if (c != letter && lower_case(c) == lower_case(letter)) {
      return spec.error(fmt::format("the text has both {} and {}", shown(letter), shown(c)));
    }
  }
  return letter;
}

// Case is changed for ASCII only.
std::string upper_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

}  // namespace

Made make_string(const Specification& spec) {
  HERMES_TRY(spec.only({"op", "text", "arg"}));
  HERMES_ASSIGN(const std::string op,
                spec.one_of("op", {"reverse", "uppercase", "lowercase", "count_letter", "nth_letter", "length",
                                   "first_letters", "join", "remove_letter"}));
  HERMES_ASSIGN(const std::string text, spec.string("text"));
  if (text.empty() || text.size() > kMostBytes || find_invalid_utf8(text) != std::string::npos) {
    return spec.error(fmt::format("\"text\" must be UTF-8 of 1 to {} bytes", kMostBytes));
  }
  const bool letter_op = op == "count_letter" || op == "remove_letter";
  const bool takes_arg = letter_op || op == "nth_letter" || op == "join";
  if (spec.has("arg") && !takes_arg) return spec.error(fmt::format("\"{}\" takes no \"arg\"", op));
  const std::vector<std::string> characters = code_points(text);
  if (op == "length") return number_is(characters.size());
  if (op == "uppercase" || op == "lowercase") {
    if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
      return spec.error("case is known for ASCII only");
    }
    return text_is(op == "uppercase" ? upper_case(text) : lower_case(text), false);
  }
  if (op == "reverse") {
    std::string out;
    for (size_t i = characters.size(); i-- > 0;) out += characters[i];
    return text_is(out, false);
  }
  if (op == "nth_letter") {
    HERMES_ASSIGN(const int64_t n, spec.integer("arg"));
    if (n < 1 || static_cast<size_t>(n) > characters.size()) {
      return spec.error(fmt::format("\"arg\" is {}, must be from 1 to {}", n, characters.size()));
    }
    return text_is(characters[static_cast<size_t>(n - 1)], true);
  }
  if (op == "first_letters" || op == "join") {
    HERMES_ASSIGN(const std::string separator, spec.string_or("arg", ""));
    std::string out;
    for (const std::string& word : words_of(text)) {
      if (op == "join" && !out.empty()) out += separator;
      out += op == "join" ? word : code_points(word)[0];
    }
    if (out.empty()) return spec.error("\"text\" has no words");
    return text_is(out, op == "first_letters");
  }
  HERMES_ASSIGN(const std::string letter, letter_of(spec, characters));
  if (op == "count_letter")
    return number_is(static_cast<size_t>(std::count(characters.begin(), characters.end(), letter)));
  std::string kept;
  for (const std::string& c : characters) kept += c == letter ? "" : c;
  if (trim(kept).empty()) return spec.error("nothing is left of \"text\"");
  return text_is(kept, false);
}

}  // namespace hermes::verify
