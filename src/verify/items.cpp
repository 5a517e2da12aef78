#include "verify/items.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "verify/answer.h"
#include "verify/number_text.h"

namespace hermes::verify {
namespace {

constexpr size_t kNone = std::string_view::npos;

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> out;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    out.push_back(trim(text.substr(begin, end == kNone ? kNone : end - begin)));
    if (end == kNone) return out;
    begin = end + separator.size();
  }
}

std::vector<std::string_view> split_at_spaces(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && !is_space(text[end])) ++end;
    if (end > i) out.push_back(text.substr(i, end - i));
    i = end + 1;
  }
  return out;
}

bool same(std::string_view said, const Item& expected) {
  const std::string text = bare(said);
  if (!expected.number) return text == expected.text;
  const std::vector<Candidate> numbers = scan_numbers(text);
  return numbers.size() == 1 && numbers[0].begin == 0 && numbers[0].end == text.size() &&
         numbers[0].key == expected.text;
}

bool all_same(const std::vector<std::string_view>& said, const std::vector<Item>& expected) {
  return said.size() == expected.size() && std::equal(said.begin(), said.end(), expected.begin(), same);
}

// Lines without bullets, and without numbers where they count 1, 2, 3.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines = split(text, "\n");
  std::erase_if(lines, [](std::string_view line) { return line.empty(); });
  const auto marker = [](std::string_view line, size_t n) {
    const std::string number = std::to_string(n);
    const bool counted = line.starts_with(number) && line.size() > number.size() + 1 &&
                         (line[number.size()] == '.' || line[number.size()] == ')') &&
                         is_space(line[number.size() + 1]);
    return counted ? number.size() + 2 : 0;
  };
  bool numbered = !lines.empty();
  for (size_t i = 0; i < lines.size(); ++i) numbered = numbered && marker(lines[i], i + 1) > 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (numbered) lines[i] = trim(lines[i].substr(marker(lines[i], i + 1)));
    for (const std::string_view bullet : {"- ", "* ", "\xe2\x80\xa2 "}) {
      if (lines[i].starts_with(bullet)) lines[i] = trim(lines[i].substr(bullet.size()));
    }
  }
  return lines;
}

std::string_view without_brackets(std::string_view text) {
  constexpr std::array<std::string_view, 3> kPairs{"[]", "()", "{}"};
  for (const std::string_view pair : kPairs) {
    if (text.size() >= 2 && text.front() == pair[0] && text.back() == pair[1])
      return trim(text.substr(1, text.size() - 2));
  }
  return text;
}

bool reads_as(std::string_view text, const std::vector<Item>& expected) {
  if (text.find('\n') != kNone && all_same(lines_of(text), expected)) return true;
  for (const std::string_view separator : {", ", ",", ";"}) {
    std::vector<std::string_view> parts = split(text, separator);
    if (parts.size() < 2 && expected.size() != 1) continue;
    std::string_view& last = parts.back();
    if (last.starts_with("and ")) {
      last = trim(last.substr(4));
    } else if (const size_t at = last.find(" and "); at != kNone && parts.size() + 1 == expected.size()) {
      const std::string_view both = last;
      last = trim(both.substr(0, at));
      parts.push_back(trim(both.substr(at + 5)));
    }
    if (all_same(parts, expected)) return true;
  }
  return text.find('\n') == kNone && all_same(split_at_spaces(text), expected);
}

// What follows an introduction that says nothing of the list.
std::vector<std::string_view> behind_introductions(std::string_view text, const std::vector<Item>& expected) {
  std::vector<std::string> words;
  for (const Item& item : expected) words.push_back(item.text);
  std::vector<std::string_view> out;
  for (const std::string_view marker : {": ", ":\n", " is ", " are ", " is\n", " are\n"}) {
    const size_t at = text.find(marker);
    if (at == kNone) continue;
    const std::string_view before = text.substr(0, at);
    if (std::any_of(before.begin(), before.end(), is_digit) || hedges(before)) continue;
    if (scan_words(before, words).empty()) out.push_back(trim(text.substr(at + marker.size())));
  }
  return out;
}

bool says_none(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kNothing{
      "[]", "()", "{}", "none", "empty", "empty list", "the empty list", "an empty list", "the list is empty"};
  const std::string said = lower_case(bare(text));
  return std::find(kNothing.begin(), kNothing.end(), said) != kNothing.end();
}

}  // namespace

Result<std::vector<Item>> items_of(const Specification& spec, std::string_view name) {
  HERMES_ASSIGN(const json::array* values, spec.array(name));
  std::vector<Item> out;
  for (const json::value& value : *values) {
    if (!out.empty() && out[0].number.has_value() != value.is_number()) {
      return spec.error(fmt::format("\"{}\" must hold numbers only, or strings only", name));
    }
    if (value.is_number()) {
      const std::optional<Rational> number = to_rational(value);
      if (!number) return spec.error(fmt::format("\"{}\" has a number beyond this evaluator", name));
      out.push_back({number->text(), number});
    } else if (value.is_string()) {
      const std::string text(value.get_string());
      if (text.empty() || bare(text) != text || text.find_first_of(",;\n[]{}()") != kNone) {
        return spec.error(fmt::format("\"{}\" has {}, which an answer cannot name in a list", name, shown(text)));
      }
      out.push_back({text, std::nullopt});
    } else {
      return spec.error(fmt::format("\"{}\" must hold numbers or strings", name));
    }
  }
  return out;
}

Verdict judge_items(std::string_view content, const std::vector<Item>& expected) {
  const std::string region = answer_region(content);
  std::string wanted;
  for (const Item& item : expected) wanted += (wanted.empty() ? "" : ", ") + item.text;
  std::vector<std::string_view> texts = behind_introductions(region, expected);
  texts.push_back(region);
  for (const std::string_view dressed : texts) {
    // As it is, too: the emphasis or the quotes at its ends may belong to the first and the last item.
    for (const std::string& text : {std::string(trim(dressed)), bare(dressed)}) {
      const bool right = expected.empty() ? says_none(text) : reads_as(without_brackets(text), expected);
      if (right) return Verdict::pass();
    }
  }
  return Verdict::fail("the answer is not the list " + shown(wanted));
}

bool lists_words(std::string_view content) {
  const std::string region = bare(answer_region(content));
  const std::string_view text = without_brackets(region);
  size_t parts = 0, most_words = 0;
  for (const std::string_view line : lines_of(text)) {
    for (const std::string_view between_commas : split(line, ",")) {
      for (std::string_view part : split(between_commas, " and ")) {
        if (part.starts_with("and ")) part.remove_prefix(4);
        if (part.empty()) continue;
        ++parts;
        most_words = std::max(most_words, split_at_spaces(part).size());
      }
    }
  }
  return (parts >= 2 && most_words == 1) || (parts >= 3 && most_words == 2);
}

}  // namespace hermes::verify
