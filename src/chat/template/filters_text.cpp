// Filters that change a text, or make one.
#include <algorithm>

#include "base/utf8.h"
#include "chat/template/arguments.h"
#include "chat/template/attribute_path.h"
#include "chat/template/filters.h"
#include "chat/template/methods.h"
#include "chat/template/methods_search.h"
#include "chat/template/operations.h"
#include "chat/template/printf_format.h"
#include "chat/template/repr.h"
#include "chat/template/to_json.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

// A string as it is (Markup too), anything else printed.
Value soft_text(Run& run, const Value& v) { return v.is_string() ? v : to_text(run, v); }

// The method of str of that name, on the input as text, with at most the named argument.
Value by_method(Run& run, const Value& input, std::string_view method, const Arguments& arguments) {
  const Value text = soft_text(run, input);
  return text.is_failed() ? text : find_string_method(method)->call(run, text, arguments);
}

Value upper(Run& run, const Value& input, const Arguments& a) { return by_method(run, input, "upper", a); }
Value lower(Run& run, const Value& input, const Arguments& a) { return by_method(run, input, "lower", a); }
Value capitalize(Run& run, const Value& input, const Arguments& a) { return by_method(run, input, "capitalize", a); }

Value trim(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "trim", arguments, {"chars"}, 0);
  if (!bound) return Value::failed();
  const Value characters = (*bound)[0].is_missing() ? Value::none() : (*bound)[0];
  return by_method(run, input, "strip", {{&characters, 1}, {}});
}

Value center(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "center", arguments, {"width"}, 0);
  if (!bound) return Value::failed();
  constexpr int64_t kWidth = 80;
  const Value width = (*bound)[0].is_missing() ? Value::of(kWidth) : (*bound)[0];
  return by_method(run, input, "center", {{&width, 1}, {}});
}

// Words begin after white space, a hyphen or an opening bracket.
Value title(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "title", arguments)) return Value::failed();
  const Value text = soft_text(run, input);
  if (text.is_failed() || !run.charge_letters(4 * text.text().size())) return Value::failed();
  std::string out;
  const std::string_view rest = text.text();
  for (size_t at = 0; at < rest.size();) {
    const auto separates = [&](size_t i) {
      const uint32_t c = decode_utf8(rest, i).value;
      return is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    };
    size_t end = at;
    const bool separator = separates(at);
    while (end < rest.size() && separates(end) == separator) end += decode_utf8(rest, end).length;
    const size_t first = at + decode_utf8(rest, at).length;
    out += to_upper(rest.substr(at, first - at)) + to_lower(rest.substr(first, end - first));
    at = end;
  }
  return run.copy(out);
}

Value replace(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "replace", arguments, {"old", "new", "count"}, 2);
  if (!bound) return Value::failed();
  const Value text = to_text(run, input), from = to_text(run, (*bound)[0]), to = to_text(run, (*bound)[1]);
  if (run.failed()) return Value::failed();
  const auto count = to_integer(run, (*bound)[2].is_none() ? Value{} : (*bound)[2], -1);
  return count ? replace_text(run, text, from.text(), to.text(), *count) : Value::failed();
}

Value join(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "join", arguments, {"d", "attribute"}, 0);
  if (!bound) return Value::failed();
  const Value separator = (*bound)[0].is_missing() ? run.view("") : to_text(run, (*bound)[0]);
  AttributePath path(run);
  if (separator.is_failed() || !path.read((*bound)[1])) return Value::failed();
  Iterator* items = iterate(run, input);
  if (items == nullptr) return Value::failed();
  std::string out;
  Value item;
  for (bool first = true; items->next(run, &item); first = false) {
    const Value part = path.get(item);
    if (part.is_failed()) return part;
    if (!first) out += separator.text();
    if (!append_text(run, out, part)) return Value::failed();
    if (out.size() > run.options().max_text) break;  // the copy below refuses it
  }
  return run.failed() ? Value::failed() : run.copy(out);
}

Value format(Run& run, const Value& input, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    return run.fail("can't handle positional and keyword arguments at the same time");
  }
  const Value text = soft_text(run, input);
  if (text.is_failed()) return text;
  if (arguments.named.empty()) return format_printf(run, text, run.tuple(arguments.positional));
  DictBuilder named(run);
  for (const Named& n : arguments.named) {
    if (!named.set(run.copy(n.name), n.value)) return Value::failed();
  }
  return format_printf(run, text, named.done());
}

Value string(Run& run, const Value& input, const Arguments& arguments) {
  return bind_nothing(run, "string", arguments) ? soft_text(run, input) : Value::failed();
}

Value safe(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "safe", arguments)) return Value::failed();
  const Value text = to_text(run, input);
  return text.is_failed() ? text : run.view(text.text(), true);
}

Value escape_filter(Run& run, const Value& input, const Arguments& arguments) {
  return bind_nothing(run, "escape", arguments) ? escape(run, input) : Value::failed();
}

Value force_escape(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "forceescape", arguments)) return Value::failed();
  const Value text = to_text(run, input);
  return text.is_failed() ? text : escape(run, text);
}

// The text of an HTML entity between & and ;, or nothing. The named ones are those that matter in plain text.
std::string entity(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"amp", "&"},        {"lt", "<"},         {"gt", ">"},         {"quot", "\""},
      {"apos", "'"},       {"nbsp", "\u00A0"},  {"copy", "\u00A9"},  {"hellip", "\u2026"},
      {"mdash", "\u2014"}, {"ndash", "\u2013"}, {"laquo", "\u00AB"}, {"raquo", "\u00BB"}};
  for (const auto& [known, text] : kNamed) {
    if (known == name) return std::string(text);
  }
  if (!name.starts_with('#') || name.size() < 2) return {};
  const bool hexadecimal = name[1] == 'x' || name[1] == 'X';
  uint32_t code = 0;
  for (const char c : name.substr(hexadecimal ? 2 : 1)) {
    const char small = static_cast<char>(c | 0x20);
    const int digit = c >= '0' && c <= '9'                          ? c - '0'
                      : hexadecimal && small >= 'a' && small <= 'f' ? small - 'a' + 10
                                                                    : -1;
    if (digit < 0 || code > 0x10FFFF) return {};
    code = code * (hexadecimal ? 16 : 10) + static_cast<uint32_t>(digit);
  }
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return "\uFFFD";
  std::string out;
  append_utf8(out, code);
  return out;
}

Value strip_tags(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "striptags", arguments)) return Value::failed();
  const Value text = to_text(run, input);
  if (text.is_failed() || !run.charge_letters(2 * text.text().size())) return Value::failed();
  const auto without = [](std::string_view from, std::string_view open, std::string_view close) {
    std::string out;
    while (true) {
      const size_t begin = find_text(from, open);
      const size_t end = begin == std::string_view::npos ? begin : find_text(from, close, begin);
      if (end == std::string_view::npos) return out + std::string(from);
      out += from.substr(0, begin);
      from.remove_prefix(end + close.size());
    }
  };
  const std::string plain = without(without(text.text(), "<!--", "-->"), "<", ">");
  std::string words;
  std::string_view rest = plain;
  for (rest.remove_prefix(leading_space(rest)); !rest.empty(); rest.remove_prefix(leading_space(rest))) {
    size_t end = 0;
    while (end < rest.size() && !is_space(decode_utf8(rest, end).value)) end += decode_utf8(rest, end).length;
    if (!words.empty()) words += ' ';
    words += rest.substr(0, end);
    rest.remove_prefix(end);
  }
  std::string out;
  for (size_t at = 0; at < words.size();) {
    constexpr size_t kLongestEntity = 12;
    const size_t end = words[at] == '&' ? words.substr(at, kLongestEntity).find(';') : std::string::npos;
    const std::string meaning = end == std::string::npos ? "" : entity(std::string_view(words).substr(at + 1, end - 1));
    out += meaning.empty() ? std::string(1, words[at]) : meaning;
    at += meaning.empty() ? 1 : end + 1;
  }
  return run.copy(out);
}

void append_url_quoted(std::string& out, std::string_view text, bool query) {
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '.' || c == '-' || c == '~' || (c == '/' && !query);
    if (plain) {
      out += c;
    } else if (c == ' ' && query) {
      out += '+';
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

Value url_encode(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "urlencode", arguments)) return Value::failed();
  std::string out;
  if (input.is_string() || !is_iterable(input)) {
    const Value text = to_text(run, input);
    if (text.is_failed() || !run.charge_letters(text.text().size())) return Value::failed();
    append_url_quoted(out, text.text(), false);
    return run.copy(out);
  }
  const DictView all{input.dict, DictView::kItems};  // used for dicts only
  Iterator* items = iterate(run, input.is(Kind::kDict) ? Value::of(&all) : input);
  Value item;
  while (items->next(run, &item)) {
    ArenaVector<Value> pair(run.arena());
    if (!collect(run, item, pair)) return Value::failed();
    if (pair.size() != 2) return run.fail("urlencode needs pairs of key and value");
    const Value key = to_text(run, pair[0]), value = to_text(run, pair[1]);
    if (run.failed() || !run.charge_letters(key.text().size() + value.text().size())) return Value::failed();
    if (!out.empty()) out += '&';
    append_url_quoted(out, key.text(), true);
    out += '=';
    append_url_quoted(out, value.text(), true);
  }
  return run.failed() ? Value::failed() : run.copy(out);
}

Value xml_attributes(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "xmlattr", arguments, {"autospace"}, 0);
  if (!bound) return Value::failed();
  if (!input.is(Kind::kDict)) return run.fail("'{}' object has no attribute 'items'", type_name(input));
  std::string out;
  for (const DictEntry& e : input.dict->entries) {
    if (e.value.is_none() || e.value.is_undefined()) continue;
    if (!e.key.is_string()) return run.fail("expected string or bytes-like object, got '{}'", type_name(e.key));
    if (e.key.text().find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos) {
      return run.fail("Invalid character in attribute name: {}", quoted(e.key.text()));
    }
    const Value key = escape(run, e.key), value = escape(run, e.value);
    if (run.failed()) return Value::failed();
    if (!out.empty() || (*bound)[0].is_missing() || truth((*bound)[0])) out += ' ';
    out += fmt::format("{}=\"{}\"", key.text(), value.text());
  }
  return run.copy(out);
}

Value word_count(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "wordcount", arguments)) return Value::failed();
  const Value text = soft_text(run, input);
  if (text.is_failed() || !run.charge_letters(text.text().size())) return Value::failed();
  int64_t words = 0;
  bool inside = false;
  for (size_t at = 0; at < text.text().size();) {
    const CodePoint c = decode_utf8(text.text(), at);
    const bool word = c.value == '_' || is_alnum(c.value);
    words += word && !inside ? 1 : 0;
    inside = word;
    at += c.length;
  }
  return Value::of(words);
}

Value refused(Run& run, const Value&, const Arguments&) {
  return run.fail(Error::unsupported("the filters random, urlize and pprint are not supported"));
}

constexpr FilterEntry kFilters[] = {
    {"capitalize", capitalize},
    {"center", center},
    {"e", escape_filter},
    {"escape", escape_filter},
    {"forceescape", force_escape},
    {"format", format},
    {"join", join},
    {"lower", lower},
    {"pprint", refused},
    {"random", refused},
    {"replace", replace},
    {"safe", safe},
    {"string", string},
    {"striptags", strip_tags},
    {"title", title},
    {"tojson", to_json_filter},
    {"trim", trim},
    {"upper", upper},
    {"urlencode", url_encode},
    {"urlize", refused},
    {"wordcount", word_count},
    {"xmlattr", xml_attributes},
};

}  // namespace

std::span<const FilterEntry> text_filters() { return kFilters; }

}  // namespace hermes::chat::jinja
