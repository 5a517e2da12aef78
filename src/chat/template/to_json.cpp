#include "chat/template/to_json.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "chat/template/arguments.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {
namespace {

struct Style {
  bool ascii = false;
  bool sort = false;
  std::optional<std::string> indent;  // one step; empty text: new lines without indentation
  std::string item_separator = ", ", key_separator = ": ";
};

void append_unicode_escape(std::string& out, uint32_t unit) {
  fmt::format_to(std::back_inserter(out), "\\u{:04x}", unit);
}

void append_string(std::string& out, std::string_view text, bool ascii) {
  out += '"';
  size_t plain = 0;  // where the bytes begin that need no escape
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x20 && c != '"' && c != '\\' && (c < 0x80 || !ascii)) {
      ++at;
      continue;
    }
    out += text.substr(plain, at - plain);
    const CodePoint point = decode_utf8(text, at);
    at += point.length;
    plain = at;
    constexpr std::string_view kShort = "\"\\\n\r\t\b\f", kLetters = "\"\\nrtbf";
    if (const size_t known = c < 0x80 ? kShort.find(static_cast<char>(c)) : std::string_view::npos;
        known != std::string_view::npos) {
      out += '\\';
      out += kLetters[known];
    } else if (point.value < 0x10000) {
      append_unicode_escape(out, point.value);
    } else {
      append_unicode_escape(out, 0xD800 + ((point.value - 0x10000) >> 10));
      append_unicode_escape(out, 0xDC00 + ((point.value - 0x10000) & 0x3FF));
    }
  }
  out += text.substr(plain);
  out += '"';
}

std::string float_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return float_repr(value);
}

class Writer {
 public:
  Writer(Run& run, const Style& style, std::string& out) : run_(run), style_(style), out_(out) {}

  bool write(const Value& v) {
    const Descent descent(run_, depth_);
    if (!descent || !run_.charge(1)) return false;
    if (out_.size() > run_.options().max_text) return run_.allow_text(out_.size());
    switch (v.kind) {
      case Kind::kNone:
        out_ += "null";
        return true;
      case Kind::kBool:
        out_ += v.boolean ? "true" : "false";
        return true;
      case Kind::kInt:
        fmt::format_to(std::back_inserter(out_), "{}", v.integer);
        return true;
      case Kind::kFloat:
        out_ += float_text(v.real);
        return true;
      case Kind::kString:
        if (!run_.charge_letters(v.text().size() / 4)) return false;
        append_string(out_, v.text(), style_.ascii);
        return true;
      case Kind::kList:
      case Kind::kTuple:
        return list(v.items());
      case Kind::kDict:
        return dict(*v.dict);
      default:
        return run_.fail("Object of type {} is not JSON serializable", type_name(v)), false;
    }
  }

 private:
  void new_line(int depth) {
    if (!style_.indent) return;
    out_ += '\n';
    for (int i = 0; i < depth; ++i) out_ += *style_.indent;
  }

  bool list(std::span<const Value> items) {
    if (items.empty()) {
      out_ += "[]";
      return true;
    }
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line(depth_);
      if (!write(items[i])) return false;
    }
    new_line(depth_ - 1);
    out_ += ']';
    return true;
  }

  // JSON knows only texts as keys.
  std::optional<std::string> key_text(const Value& key) {
    switch (key.kind) {
      case Kind::kString:
        return std::string(key.text());
      case Kind::kInt:
        return fmt::format("{}", key.integer);
      case Kind::kFloat:
        return float_text(key.real);
      case Kind::kBool:
        return key.boolean ? "true" : "false";
      case Kind::kNone:
        return "null";
      default:
        run_.fail("keys must be str, int, float, bool or None, not {}", type_name(key));
        return std::nullopt;
    }
  }

  bool dict(const Dict& dict) {
    std::span<const DictEntry> entries = dict.entries;
    std::vector<DictEntry> sorted;
    if (style_.sort) {
      std::vector<Keyed> keyed;
      for (size_t i = 0; i < entries.size(); ++i) keyed.push_back({entries[i].key, Value::of(static_cast<int64_t>(i))});
      if (!sort_keyed(run_, keyed, false)) return false;
      for (const Keyed& k : keyed) sorted.push_back(entries[static_cast<size_t>(k.item.integer)]);
      entries = sorted;
    }
    if (entries.empty()) {
      out_ += "{}";
      return true;
    }
    out_ += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line(depth_);
      const auto key = key_text(entries[i].key);
      if (!key) return false;
      append_string(out_, *key, style_.ascii);
      out_ += style_.key_separator;
      if (!write(entries[i].value)) return false;
    }
    new_line(depth_ - 1);
    out_ += '}';
    return true;
  }

  Run& run_;
  const Style& style_;
  std::string& out_;
  int depth_ = 0;
};

}  // namespace

Value to_json_filter(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}, 0);
  if (!bound) return Value::failed();
  const auto& [ascii, indent, separators, sort] = *bound;
  Style style{.ascii = truth(ascii), .sort = truth(sort), .indent = {}};
  if (!indent.is_missing() && !indent.is_none()) {
    style.item_separator = ",";
    constexpr int64_t kMaxIndent = 1000;
    if (indent.is_string()) {
      style.indent = std::string(indent.text());
    } else {
      const auto spaces = to_integer(run, indent);
      if (!spaces) return Value::failed();
      if (*spaces > kMaxIndent) return run.fail(Error::exhausted("an indentation of {}", *spaces));
      style.indent = std::string(static_cast<size_t>(std::max<int64_t>(*spaces, 0)), ' ');
    }
    if (style.indent->size() > static_cast<size_t>(kMaxIndent)) {
      return run.fail(Error::exhausted("an indentation of {}", style.indent->size()));
    }
  }
  if (!separators.is_missing() && !separators.is_none()) {
    ArenaVector<Value> pair(run.arena());
    if (!collect(run, separators, pair)) return Value::failed();
    if (pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      return run.fail("separators must be two strings");
    }
    style.item_separator = pair[0].text();
    style.key_separator = pair[1].text();
  }
  std::string out;
  if (!Writer(run, style, out).write(input)) return Value::failed();
  return run.copy(out);
}

}  // namespace hermes::chat::jinja
