#include "verify/dress.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/check.h"
#include "base/json.h"
#include "verify/answer.h"
#include "verify/number_text.h"

namespace hermes::verify {
namespace {

constexpr size_t kNone = std::string_view::npos;

// kWrap: `open` X `close`, where X holds no byte of `barred`.
enum class Kind { kWrap, kJsonMember, kJsonList, kCodeBlock, kYaml, kTable, kCsv };

struct Format {
  std::string_view name;
  Kind kind;
  std::string_view open, close;
  std::string_view barred;
};

constexpr std::array<Format, 32> kFormats{{
    {"boxed", Kind::kWrap, "\\boxed{", "}", "{}"},
    {"dollar_boxed", Kind::kWrap, "$\\boxed{", "}$", "{}$"},
    {"json_answer", Kind::kJsonMember, "answer", "", ""},
    {"json_result", Kind::kJsonMember, "result", "", ""},
    {"json_list", Kind::kJsonList, "", "", ""},
    {"xml_answer", Kind::kWrap, "<answer>", "</answer>", "<>"},
    {"xml_result", Kind::kWrap, "<result>", "</result>", "<>"},
    {"bold", Kind::kWrap, "**", "**", "*"},
    {"italic", Kind::kWrap, "*", "*", "*"},
    {"code", Kind::kWrap, "`", "`", "`"},
    {"code_block", Kind::kCodeBlock, "```\n", "\n```", "`"},
    {"double_quotes", Kind::kWrap, "\"", "\"", "\""},
    {"single_quotes", Kind::kWrap, "'", "'", "'"},
    {"square_brackets", Kind::kWrap, "[", "]", "[]"},
    {"round_brackets", Kind::kWrap, "(", ")", "()"},
    {"curly", Kind::kWrap, "{", "}", "{}"},
    {"angle", Kind::kWrap, "<", ">", "<>"},
    {"answer_colon", Kind::kWrap, "Answer: ", "", ""},
    {"hash", Kind::kWrap, "#### ", "", "#"},
    {"final_sentence", Kind::kWrap, "The answer is ", ".", ""},
    {"yaml", Kind::kYaml, "answer: ", "", ""},
    {"equals", Kind::kWrap, "answer = ", "", "="},
    {"arrow", Kind::kWrap, "=> ", "", "=>"},
    {"upper_label", Kind::kWrap, "ANSWER: ", "", ""},
    {"markdown_heading", Kind::kWrap, "# ", "", "#"},
    {"bullet", Kind::kWrap, "- ", "", ""},
    {"table", Kind::kTable, "| answer |\n|---|\n| ", " |", "|"},
    {"csv", Kind::kCsv, "answer,", "", ""},
    {"latex_text", Kind::kWrap, "\\text{", "}", "{}"},
    {"html_b", Kind::kWrap, "<b>", "</b>", "<>"},
    {"stars", Kind::kWrap, "*** ", " ***", "*"},
    {"pipe", Kind::kWrap, "|", "|", "|"},
}};

const Format* find_format(std::string_view name) {
  const auto* found = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.name == name; });
  return found == kFormats.end() ? nullptr : found;
}

// Numbers stay numbers; anything else is a string.
json::value json_of(std::string_view text) {
  const bool number = !text.empty() && (is_digit(text[0]) || (text[0] == '-' && text.size() > 1 && is_digit(text[1])));
  if (number) {
    if (Result<json::value> value = parse_json(text, "answer"); value.ok() && value->is_number()) {
      // A number that would be written otherwise ("1.50", twenty digits) is kept as its text.
      if (to_json_text(*value) == text || fmt::format("{}", value->to_number<double>()) == text) return *value;
    }
  }
  return json::value(json::string(text));
}

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (const double* d = value.if_double()) return fmt::format("{}", *d);
  return to_json_text(value);
}

json::array array_of(std::string_view text) {
  json::array out;
  for (size_t begin = 0;;) {
    const size_t end = text.find(", ", begin);
    out.push_back(json_of(text.substr(begin, end == kNone ? kNone : end - begin)));
    if (end == kNone) return out;
    begin = end + 2;
  }
}

// The answer inside a JSON value: a string, a number, a truth, or a list of those.
std::optional<std::string> answer_of(const json::value& value) {
  if (value.is_object() || value.is_null()) return std::nullopt;
  const json::array* array = value.if_array();
  if (array == nullptr) return text_of(value);
  std::string out;
  for (const json::value& element : *array) {
    if (element.is_structured() || element.is_null()) return std::nullopt;
    out += (out.empty() ? "" : ", ") + text_of(element);
  }
  return array->empty() ? "[]" : out;
}

std::optional<std::string> from_json(const Format& format, std::string_view content) {
  const Result<json::value> value = parse_json(content, "content", {.unique_names = true});
  if (!value.ok()) return std::nullopt;
  if (format.kind == Kind::kJsonList) return value->is_array() ? answer_of(*value) : std::nullopt;
  const json::object* object = value->if_object();
  if (object == nullptr || object->size() != 1 || !object->contains(format.open)) return std::nullopt;
  return answer_of(object->at(format.open));
}

// A field in quotes, with `quote` doubled inside.
std::optional<std::string> unquoted(std::string_view text, char quote) {
  if (text.size() < 2 || text.front() != quote || text.back() != quote) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == quote && (++i >= text.size() || text[i] != quote)) return std::nullopt;
    out += text[i];
  }
  return out;
}

std::optional<std::string> from_table(std::string_view content) {
  std::array<std::string_view, 3> cells;
  for (size_t i = 0; i < 3; ++i) {
    const size_t end = content.find('\n');
    if ((end == kNone) != (i == 2)) return std::nullopt;
    const std::string_view line = trim(content.substr(0, end));
    if (line.size() < 3 || line.front() != '|' || line.back() != '|') return std::nullopt;
    cells[i] = trim(line.substr(1, line.size() - 2));
    if (i < 2) content.remove_prefix(end + 1);
  }
  std::string_view rule = cells[1];
  if (rule.starts_with(':')) rule.remove_prefix(1);
  if (rule.ends_with(':')) rule.remove_suffix(1);
  if (cells[0] != "answer" || rule.size() < 3 || rule.find_first_not_of('-') != kNone) return std::nullopt;
  return std::string(cells[2]);
}

std::optional<std::string> inside(const Format& format, std::string_view content) {
  switch (format.kind) {
    case Kind::kJsonMember:
    case Kind::kJsonList:
      return from_json(format, content);
    case Kind::kTable:
      return from_table(content);
    case Kind::kWrap:
    case Kind::kCodeBlock:
    case Kind::kYaml:
    case Kind::kCsv:
      break;
  }
  if (content.size() <= format.open.size() + format.close.size() || !content.starts_with(format.open) ||
      !content.ends_with(format.close)) {
    return std::nullopt;
  }
  content.remove_prefix(format.open.size());
  content.remove_suffix(format.close.size());
  if (format.kind == Kind::kYaml && !content.empty() && (content[0] == '"' || content[0] == '\'')) {
    return unquoted(content, content[0]);
  }
  if (format.kind == Kind::kCsv) {
    if (content[0] == '"') return unquoted(content, '"');
    if (content.find_first_of(",\"") != kNone) return std::nullopt;
  }
  return std::string(content);
}

}  // namespace

std::vector<std::string_view> format_names() {
  std::vector<std::string_view> out;
  for (const Format& format : kFormats) out.push_back(format.name);
  return out;
}

bool is_format(std::string_view name) { return find_format(name) != nullptr; }

std::string dress(std::string_view name, std::string_view answer) {
  const Format* format = find_format(name);
  HERMES_CHECK(format != nullptr, "no format is called {}", name);
  switch (format->kind) {
    case Kind::kJsonMember: {
      const json::array list = array_of(answer);
      const bool numbers = std::all_of(list.begin(), list.end(), [](const json::value& v) { return v.is_number(); });
      const json::value value = list.size() == 1 ? list[0]
                                : numbers        ? json::value(list)
                                                 : json::value(json::string(answer));
      return to_spaced_json_text(json::object{{format->open, value}});
    }
    case Kind::kJsonList:
      return to_spaced_json_text(answer == "[]" ? json::array() : array_of(answer));
    case Kind::kCsv:
      if (answer.find_first_of(",\"") != kNone) {
        std::string doubled;
        for (const char c : answer) doubled += c == '"' ? std::string("\"\"") : std::string(1, c);
        return fmt::format("answer,\"{}\"", doubled);
      }
      break;
    case Kind::kYaml:
    case Kind::kWrap:
    case Kind::kCodeBlock:
    case Kind::kTable:
      break;
  }
  return fmt::format("{}{}{}", format->open, answer, format->close);
}

std::optional<std::string> undress(std::string_view name, std::string_view content) {
  const Format* format = find_format(name);
  HERMES_CHECK(format != nullptr, "no format is called {}", name);
  std::optional<std::string> inner = inside(*format, trim(content));
  if (!inner || inner->empty() || trim(*inner) != *inner) return std::nullopt;
  if (inner->find_first_of(format->barred) != kNone) return std::nullopt;
  if (format->kind == Kind::kWrap && inner->find(format->open) != kNone) return std::nullopt;
  if (format->kind != Kind::kCodeBlock && inner->find('\n') != kNone) return std::nullopt;
  return inner;
}

bool is_dressed(std::string_view answer) {
  const std::string low = lower_case(answer);
  if (unwrapped(answer) != answer || !boxed(answer).texts.empty()) return true;
  if (low.find("answer") != kNone || low.find("result") != kNone) return true;
  return std::any_of(kFormats.begin(), kFormats.end(),
                     [&](const Format& f) { return undress(f.name, answer).has_value(); });
}

}  // namespace hermes::verify
