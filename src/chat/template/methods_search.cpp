#include "chat/template/methods_search.h"

#include <algorithm>

#include "base/utf8.h"
#include "chat/template/arguments.h"
#include "chat/template/operations.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

constexpr size_t kNone = std::string_view::npos;

// The part [start, end) of a text, in bytes, from optional code point bounds as slices take them. `start_beyond`:
// Python finds nothing, not even "", where the start lies beyond the end.
struct Window {
  size_t begin = 0, end = 0;
  bool start_beyond = false;
};

std::optional<Window> window(Run& run, const Value& self, const Value& start, const Value& end) {
  if (!run.charge_text(self.text().size())) return std::nullopt;
  const bool open_start = start.is_missing() || start.is_none(), open_end = end.is_missing() || end.is_none();
  if (open_start && open_end) return Window{0, self.text().size(), false};
  for (const Value& v : {start, end}) {
    if (v.is_missing() || v.is_none() || v.is_integral()) continue;
    run.fail("slice indices must be integers or None or have an __index__ method");
    return std::nullopt;
  }
  const auto size = static_cast<int64_t>(code_points(*self.string));
  const auto clamp = [size](int64_t at) { return at < 0 ? std::max<int64_t>(at < -size ? 0 : at + size, 0) : at; };
  const int64_t from = open_start ? 0 : clamp(start.as_integer());
  const int64_t to = open_end ? size : std::min(clamp(end.as_integer()), size);
  Window w;
  w.start_beyond = from > to;
  w.begin = byte_at(*self.string, static_cast<size_t>(std::min(from, size)));
  w.end = std::max(w.begin, byte_at(*self.string, static_cast<size_t>(to)));
  return w;
}

Value strings(Run& run, const Value& like, const std::vector<std::string_view>& parts) {
  if (!run.allow_items(parts.size()) || !run.charge(4 * parts.size())) return Value::failed();
  Value* items = run.arena().make_array<Value>(parts.size());
  for (size_t i = 0; i < parts.size(); ++i) items[i] = run.view_like(like, parts[i]);
  return run.list({items, parts.size()});
}

std::vector<std::string_view> split_spaces(std::string_view text, int64_t most) {
  std::vector<std::string_view> parts;
  text.remove_prefix(leading_space(text));
  while (!text.empty()) {
    if (most >= 0 && static_cast<int64_t>(parts.size()) >= most) {
      parts.push_back(text);
      break;
    }
    size_t end = 0;
    while (end < text.size()) {
      const CodePoint c = decode_utf8(text, end);
      if (is_space(c.value)) break;
      end += c.length;
    }
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(leading_space(text));
  }
  return parts;
}

std::vector<std::string_view> rsplit_spaces(std::string_view text, int64_t most) {
  std::vector<std::string_view> parts;
  text.remove_suffix(trailing_space(text));
  while (!text.empty()) {
    if (most >= 0 && static_cast<int64_t>(parts.size()) >= most) {
      parts.push_back(text);
      break;
    }
    size_t begin = text.size();
    while (begin > 0) {
      size_t at = begin - 1;
      while (at > 0 && (text[at] & '\xC0') == '\x80') --at;
      if (is_space(decode_utf8(text, at).value)) break;
      begin = at;
    }
    parts.push_back(text.substr(begin));
    text.remove_suffix(text.size() - begin);
    text.remove_suffix(trailing_space(text));
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_at(std::string_view text, std::string_view separator, int64_t most) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  while (most < 0 || static_cast<int64_t>(parts.size()) < most) {
    const size_t at = find_text(text, separator, begin);
    if (at == kNone) break;
    parts.push_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// Splits the text and the separator read backwards, which keeps the search linear.
std::vector<std::string_view> rsplit_at(std::string_view text, std::string_view separator, int64_t most) {
  const std::string backwards(text.rbegin(), text.rend()), drawkcab(separator.rbegin(), separator.rend());
  std::vector<std::string_view> parts;
  size_t taken = 0;  // bytes at the end
  while (most < 0 || static_cast<int64_t>(parts.size()) < most) {
    const size_t at = find_text(backwards, drawkcab, taken);
    if (at == kNone) break;
    parts.push_back(text.substr(text.size() - at, at - taken));
    taken = at + separator.size();
  }
  parts.push_back(text.substr(0, text.size() - taken));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

// startswith and endswith: one text, or a tuple of them.
template <bool Start>
Value has_affix(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, Start ? "startswith" : "endswith", arguments, {"/affix", "/start", "/end"}, 1);
  if (!bound) return Value::failed();
  const auto w = window(run, self, (*bound)[1], (*bound)[2]);
  if (!w) return Value::failed();
  const std::string_view text = self.text().substr(w->begin, w->end - w->begin);
  const Value& affix = (*bound)[0];
  const auto single = std::span(&affix, 1);
  for (const Value& one : affix.is(Kind::kTuple) ? affix.items() : single) {
    if (!one.is_string()) {
      return run.fail("{} first arg must be str or a tuple of str, not {}", Start ? "startswith" : "endswith",
                      type_name(one));
    }
    if (!w->start_beyond && (Start ? text.starts_with(one.text()) : text.ends_with(one.text()))) return Value::of(true);
  }
  return Value::of(false);
}

}  // namespace

template <bool Backwards, bool MustBeThere>
Value find_method(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "find", arguments, {"/sub", "/start", "/end"}, 1);
  if (!bound) return Value::failed();
  const auto wanted = to_string(run, (*bound)[0]);
  if (!wanted) return Value::failed();
  const auto w = window(run, self, (*bound)[1], (*bound)[2]);
  if (!w) return Value::failed();
  const std::string_view text = self.text().substr(w->begin, w->end - w->begin);
  if (!run.charge_search(Backwards ? 4 * text.size() : text.size(), wanted->size())) return Value::failed();
  const size_t at = w->start_beyond ? kNone : Backwards ? rfind_text(text, *wanted) : find_text(text, *wanted);
  if (at != kNone) return Value::of(static_cast<int64_t>(code_points(self.text().substr(0, w->begin + at))));
  if (MustBeThere) return run.fail("substring not found");
  return Value::of(int64_t{-1});
}
template Value find_method<false, false>(Run&, const Value&, const Arguments&);
template Value find_method<false, true>(Run&, const Value&, const Arguments&);
template Value find_method<true, false>(Run&, const Value&, const Arguments&);
template Value find_method<true, true>(Run&, const Value&, const Arguments&);

template <bool Backwards>
Value partition(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "partition", arguments, {"/sep"}, 1);
  if (!bound) return Value::failed();
  const auto separator = to_string(run, (*bound)[0]);
  if (!separator || !run.charge_search(4 * self.text().size(), separator->size())) return Value::failed();
  if (separator->empty()) return run.fail("empty separator");
  const std::string_view text = self.text();
  const size_t at = Backwards ? rfind_text(text, *separator) : find_text(text, *separator);
  std::string_view parts[3] = {text, {}, {}};
  if (at == kNone && Backwards) std::swap(parts[0], parts[2]);
  if (at != kNone) {
    parts[0] = text.substr(0, at);
    parts[1] = *separator;
    parts[2] = text.substr(at + separator->size());
  }
  Value* items = run.arena().make_array<Value>(3);
  for (size_t i = 0; i < 3; ++i) items[i] = run.view_like(self, parts[i]);
  return run.tuple({items, 3});
}
template Value partition<false>(Run&, const Value&, const Arguments&);
template Value partition<true>(Run&, const Value&, const Arguments&);

template <bool Backwards>
Value split_method(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "split", arguments, {"sep", "maxsplit"}, 0);
  if (!bound) return Value::failed();
  const auto most = to_integer(run, (*bound)[1], -1);
  if (!most || !run.charge_letters(self.text().size() / 4)) return Value::failed();
  const Value& separator = (*bound)[0];
  if (separator.is_missing() || separator.is_none()) {
    return strings(run, self, Backwards ? rsplit_spaces(self.text(), *most) : split_spaces(self.text(), *most));
  }
  if (!separator.is_string()) return run.fail("must be str or None, not {}", type_name(separator));
  if (separator.text().empty()) return run.fail("empty separator");
  if (!run.charge_search(self.text().size(), separator.text().size())) return Value::failed();
  return strings(
      run, self,
      Backwards ? rsplit_at(self.text(), separator.text(), *most) : split_at(self.text(), separator.text(), *most));
}
template Value split_method<false>(Run&, const Value&, const Arguments&);
template Value split_method<true>(Run&, const Value&, const Arguments&);

Value count_text(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "count", arguments, {"/sub", "/start", "/end"}, 1);
  if (!bound) return Value::failed();
  const auto wanted = to_string(run, (*bound)[0]);
  if (!wanted) return Value::failed();
  const auto w = window(run, self, (*bound)[1], (*bound)[2]);
  if (!w) return Value::failed();
  if (w->start_beyond) return Value::of(int64_t{0});
  const std::string_view text = self.text().substr(w->begin, w->end - w->begin);
  if (!run.charge_search(text.size(), wanted->size())) return Value::failed();
  if (wanted->empty()) return Value::of(static_cast<int64_t>(code_points(text)) + 1);
  int64_t n = 0;
  for (size_t at = find_text(text, *wanted); at != kNone; at = find_text(text, *wanted, at + wanted->size())) {
    if (!run.charge(1)) return Value::failed();
    ++n;
  }
  return Value::of(n);
}

Value starts_with(Run& run, const Value& self, const Arguments& arguments) {
  return has_affix<true>(run, self, arguments);
}
Value ends_with(Run& run, const Value& self, const Arguments& arguments) {
  return has_affix<false>(run, self, arguments);
}

std::vector<std::string_view> lines_of(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    const bool ends = (c.value >= 0x0A && c.value <= 0x0D) || (c.value >= 0x1C && c.value <= 0x1E) || c.value == 0x85 ||
                      c.value == 0x2028 || c.value == 0x2029;
    size_t after = at + c.length;
    if (ends) {
      if (c.value == '\r' && after < text.size() && text[after] == '\n') ++after;
      lines.push_back(text.substr(begin, (keep_ends ? after : at) - begin));
      begin = after;
    }
    at = after;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

Value split_lines(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "splitlines", arguments, {"keepends"}, 0);
  if (!bound || !run.charge_letters(self.text().size())) return Value::failed();
  const auto keep_ends = to_integer(run, (*bound)[0], 0);
  return keep_ends ? strings(run, self, lines_of(self.text(), *keep_ends != 0)) : Value::failed();
}

Value replace_text(Run& run, const Value& self, std::string_view from, std::string_view to, int64_t count) {
  const std::string_view text = self.text();
  if (!run.charge_search(text.size(), from.size()) || count == 0) return run.failed() ? Value::failed() : self;
  const size_t limit = count < 0 ? kNone : static_cast<size_t>(count);
  std::string out;
  size_t done = 0;
  if (from.empty()) {  // before every code point, and at the end
    for (size_t at = 0; done < limit && run.charge(1); ++done) {
      out += to;
      if (at >= text.size()) return run.copy_like(self, out);
      const size_t length = decode_utf8(text, at).length;
      out += text.substr(at, length);
      at += length;
      if (out.size() > run.options().max_text) return run.copy_like(self, out);  // which refuses it
      if (done + 1 == limit) out += text.substr(at);
    }
    return run.copy_like(self, out);
  }
  size_t begin = 0;
  for (; done < limit; ++done) {
    const size_t at = find_text(text, from, begin);
    if (at == kNone || !run.charge(1)) break;
    out += text.substr(begin, at - begin);
    out += to;
    begin = at + from.size();
    if (out.size() > run.options().max_text) return run.copy_like(self, out);  // which refuses it
  }
  if (begin == 0) return run.view_like(self, text);
  out += text.substr(begin);
  return run.copy_like(self, out);
}

}  // namespace hermes::chat::jinja
