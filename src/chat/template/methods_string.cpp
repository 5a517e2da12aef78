// str's methods that change, measure or classify a text. Those that search are in methods_search.cpp.
#include <algorithm>

#include "base/utf8.h"
#include "chat/template/arguments.h"
#include "chat/template/brace_format.h"
#include "chat/template/methods.h"
#include "chat/template/methods_search.h"
#include "chat/template/operations.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

template <std::string (*Change)(std::string_view)>
Value changed(Run& run, const Value& self, const Arguments& arguments) {
  // Case mapping may triple a text's size at most.
  if (!bind_nothing(run, "str method", arguments) || !run.charge_letters(self.text().size())) return Value::failed();
  return run.copy_like(self, Change(self.text()));
}

// True where the text is not empty and every code point is of the class.
template <bool (*Is)(uint32_t)>
Value all_are(Run& run, const Value& self, const Arguments& arguments) {
  if (!bind_nothing(run, "str method", arguments) || !run.charge_letters(self.text().size())) return Value::failed();
  const std::string_view text = self.text();
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    if (!Is(c.value)) return Value::of(false);
    at += c.length;
  }
  return Value::of(!text.empty());
}

// True where there is a cased letter, and none of the other case.
template <bool Upper>
Value all_cased(Run& run, const Value& self, const Arguments& arguments) {
  if (!bind_nothing(run, "str method", arguments) || !run.charge_letters(self.text().size())) return Value::failed();
  const std::string_view text = self.text();
  bool cased = false;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    if (is_title(c.value) || (Upper ? is_lower(c.value) : is_upper(c.value))) return Value::of(false);
    cased = cased || (Upper ? is_upper(c.value) : is_lower(c.value));
    at += c.length;
  }
  return Value::of(cased);
}

Value is_title_text(Run& run, const Value& self, const Arguments& arguments) {
  if (!bind_nothing(run, "istitle", arguments) || !run.charge_letters(self.text().size())) return Value::failed();
  bool cased = false, in_word = false;
  for (size_t at = 0; at < self.text().size();) {
    const CodePoint c = decode_utf8(self.text(), at);
    const bool capital = is_upper(c.value) || is_title(c.value), small = is_lower(c.value);
    if ((capital && in_word) || (small && !in_word)) return Value::of(false);
    in_word = capital || small;
    cased = cased || in_word;
    at += c.length;
  }
  return Value::of(cased);
}

Value is_ascii_text(Run& run, const Value& self, const Arguments& arguments) {
  if (!bind_nothing(run, "isascii", arguments)) return Value::failed();
  return Value::of(is_ascii(*self.string));
}

Value is_printable_text(Run& run, const Value& self, const Arguments& arguments) {
  if (self.text().empty()) return Value::of(bind_nothing(run, "isprintable", arguments));
  return all_are<is_printable>(run, self, arguments);
}

enum class Side { kLeft, kRight, kBoth };

// Cuts white space, or the code points of `characters`.
std::string_view stripped(std::string_view text, const Value& characters, Side side) {
  size_t begin = 0, end = text.size();
  if (characters.is_missing() || characters.is_none()) {
    if (side != Side::kRight) begin = leading_space(text);
    if (side != Side::kLeft) end -= trailing_space(text.substr(begin));
    return text.substr(begin, end - begin);
  }
  const std::string_view set = characters.text();
  const auto in_set = [set](std::string_view letter) { return set.find(letter) != std::string_view::npos; };
  while (side != Side::kRight && begin < end) {
    const size_t length = decode_utf8(text, begin).length;
    if (!in_set(text.substr(begin, length))) break;
    begin += length;
  }
  while (side != Side::kLeft && begin < end) {
    size_t at = end - 1;
    while (at > begin && (text[at] & '\xC0') == '\x80') --at;
    if (!in_set(text.substr(at, end - at))) break;
    end = at;
  }
  return text.substr(begin, end - begin);
}

template <Side side>
Value strip(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "strip", arguments, {"/chars"}, 0);
  if (!bound || !run.charge_text(self.text().size())) return Value::failed();
  const Value& characters = (*bound)[0];
  if (!characters.is_missing() && !characters.is_none()) {
    if (!characters.is_string()) return run.fail("strip arg must be None or str");
    // Every code point of the text is looked for in the set.
    if (!run.charge(self.text().size() * (1 + characters.text().size() / 32) / 2)) return Value::failed();
  }
  return run.view_like(self, stripped(self.text(), characters, side));
}

Value pad(Run& run, const Value& self, int64_t width, std::string_view fill, size_t left, size_t right) {
  const size_t total = left + right;
  if (width > static_cast<int64_t>(run.options().max_text) ||
      !run.allow_text(self.text().size() + total * fill.size())) {
    return run.fail(Error::exhausted("a text of {} characters", width));
  }
  std::string out;
  for (size_t i = 0; i < left; ++i) out += fill;
  out += self.text();
  for (size_t i = 0; i < right; ++i) out += fill;
  return run.copy_like(self, out);
}

enum class Place { kLeft, kCenter, kRight };

template <Place place>
Value justify(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "justify", arguments, {"/width", "/fillchar"}, 1);
  if (!bound) return Value::failed();
  const auto width = to_integer(run, (*bound)[0]);
  const auto fill = to_string(run, (*bound)[1], " ");
  if (!width || !fill || !run.charge_text(self.text().size())) return Value::failed();
  if (code_points(*fill) != 1) return run.fail("The fill character must be exactly one character long");
  const auto size = static_cast<int64_t>(code_points(*self.string));
  if (*width <= size) return self;
  const auto missing = static_cast<size_t>(*width - size);
  // Python puts the odd one to the left where the width is odd.
  const size_t left = place == Place::kLeft    ? 0
                      : place == Place::kRight ? missing
                                               : missing / 2 + (missing & static_cast<size_t>(*width) & 1);
  return pad(run, self, *width, *fill, left, missing - left);
}

Value zfill(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "zfill", arguments, {"/width"}, 1);
  if (!bound) return Value::failed();
  const auto width = to_integer(run, (*bound)[0]);
  if (!width || !run.charge_text(self.text().size())) return Value::failed();
  const auto size = static_cast<int64_t>(code_points(*self.string));
  if (*width <= size) return self;
  if (*width > static_cast<int64_t>(run.options().max_text))
    return run.fail(Error::exhausted("a text of {} characters", *width));
  const std::string_view text = self.text();
  const size_t sign = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  std::string out(text.substr(0, sign));
  out.append(static_cast<size_t>(*width - size), '0');
  out += text.substr(sign);
  return run.copy_like(self, out);
}

Value join(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "join", arguments, {"/iterable"}, 1);
  if (!bound) return Value::failed();
  if (!is_iterable((*bound)[0])) return run.fail("can only join an iterable");
  ArenaVector<Value> items(run.arena());
  if (!collect(run, (*bound)[0], items)) return Value::failed();
  size_t size = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    if (Run::is_markup(self)) items[i] = escape(run, items[i]);
    if (items[i].is_failed()) return Value::failed();
    if (!items[i].is_string()) {
      return run.fail("sequence item {}: expected str instance, {} found", i, type_name(items[i]));
    }
    size += items[i].text().size() + self.text().size();
  }
  if (!run.allow_text(size)) return Value::failed();
  std::string out;
  out.reserve(size);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += self.text();
    out += items[i].text();
  }
  return run.copy_like(self, out);
}

template <bool Prefix>
Value remove_affix(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "removeprefix", arguments, {"/affix"}, 1);
  if (!bound) return Value::failed();
  const auto affix = to_string(run, (*bound)[0]);
  if (!affix) return Value::failed();
  const std::string_view text = self.text();
  if (Prefix) return run.view_like(self, text.starts_with(*affix) ? text.substr(affix->size()) : text);
  return run.view_like(self, text.ends_with(*affix) ? text.substr(0, text.size() - affix->size()) : text);
}

Value replace(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "replace", arguments, {"/old", "/new", "/count"}, 2);
  if (!bound) return Value::failed();
  const auto from = to_string(run, (*bound)[0]);
  const auto to = to_string(run, (*bound)[1]);
  const auto count = to_integer(run, (*bound)[2], -1);
  if (!from || !to || !count) return Value::failed();
  if (!Run::is_markup(self)) return replace_text(run, self, *from, *to, *count);
  const Value safe = escape(run, (*bound)[1]);  // what Markup takes in, it escapes
  return safe.is_failed() ? safe : replace_text(run, self, *from, safe.text(), *count);
}

Value format(Run& run, const Value& self, const Arguments& arguments) { return format_braces(run, self, arguments); }

Value format_map(Run& run, const Value& self, const Arguments& arguments) {
  if (!arguments.named.empty()) return run.fail("format_map() takes no keyword arguments");
  const auto bound = bind(run, "format_map", arguments, {"/mapping"}, 1);
  if (!bound) return Value::failed();
  if (!(*bound)[0].is(Kind::kDict)) return run.fail("format_map() argument must be a mapping");
  ArenaVector<Named> named(run.arena());
  for (const DictEntry& e : (*bound)[0].dict->entries) {
    if (e.key.is_string()) named.push_back({e.key.text(), e.value});
  }
  return format_braces(run, self, {{}, {named.data(), named.size()}});
}

Value refused(Run& run, const Value&, const Arguments&) {
  return run.fail(Error::unsupported("this method of str is not supported in templates"));
}

// In the order of their names.
constexpr MethodEntry kStringMethods[] = {
    {"capitalize", changed<to_capitalized>},
    {"casefold", refused},
    {"center", justify<Place::kCenter>},
    {"count", count_text},
    {"encode", refused},
    {"endswith", ends_with},
    {"expandtabs", refused},
    {"find", find_method<false, false>},
    {"format", format},
    {"format_map", format_map},
    {"index", find_method<false, true>},
    {"isalnum", all_are<is_alnum>},
    {"isalpha", all_are<is_alpha>},
    {"isascii", is_ascii_text},
    {"isdecimal", all_are<is_decimal>},
    {"isdigit", all_are<is_digit>},
    {"isidentifier", refused},
    {"islower", all_cased<false>},
    {"isnumeric", all_are<is_numeric>},
    {"isprintable", is_printable_text},
    {"isspace", all_are<is_space>},
    {"istitle", is_title_text},
    {"isupper", all_cased<true>},
    {"join", join},
    {"ljust", justify<Place::kLeft>},
    {"lower", changed<to_lower>},
    {"lstrip", strip<Side::kLeft>},
    {"maketrans", refused},
    {"partition", partition<false>},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
    {"replace", replace},
    {"rfind", find_method<true, false>},
    {"rindex", find_method<true, true>},
    {"rjust", justify<Place::kRight>},
    {"rpartition", partition<true>},
    {"rsplit", split_method<true>},
    {"rstrip", strip<Side::kRight>},
    {"split", split_method<false>},
    {"splitlines", split_lines},
    {"startswith", starts_with},
    {"strip", strip<Side::kBoth>},
    {"swapcase", changed<swap_case>},
    {"title", changed<to_title>},
    {"translate", refused},
    {"upper", changed<to_upper>},
    {"zfill", zfill},
};
static_assert(std::is_sorted(std::begin(kStringMethods), std::end(kStringMethods),
                             [](const MethodEntry& a, const MethodEntry& b) { return a.name < b.name; }));

}  // namespace

const MethodEntry* find_string_method(std::string_view name) {
  const auto* at = std::lower_bound(std::begin(kStringMethods), std::end(kStringMethods), name,
                                    [](const MethodEntry& e, std::string_view n) { return e.name < n; });
  return at != std::end(kStringMethods) && at->name == name ? at : nullptr;
}

}  // namespace hermes::chat::jinja
