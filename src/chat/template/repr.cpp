#include "chat/template/repr.h"

#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "chat/template/objects.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

void append_escape(std::string& out, uint32_t c) {
  if (c < 0x100) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", c);
  } else if (c < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  } else {
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", c);
  }
}

void append_quoted(std::string& out, std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos,
             has_double = text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  out += quote;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    if (c.value == static_cast<unsigned char>(quote) || c.value == '\\') {
      out += '\\';
      out += static_cast<char>(c.value);
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\r') {
      out += "\\r";
    } else if (c.value == '\t') {
      out += "\\t";
    } else if (is_printable(c.value)) {
      out += text.substr(at, c.length);
    } else {
      append_escape(out, c.value);
    }
    at += c.length;
  }
  out += quote;
}

class Printer {
 public:
  Printer(Run& run, std::string& out) : run_(run), out_(out) {}

  bool repr(const Value& v) {
    const Descent descent(run_, depth_);
    if (!descent || !run_.charge(1)) return false;
    if (out_.size() > run_.options().max_text) return run_.allow_text(out_.size());
    switch (v.kind) {
      case Kind::kMissing:
      case Kind::kFailed:
        return false;
      case Kind::kUndefined:
        out_ += "Undefined";
        return true;
      case Kind::kNone:
        out_ += "None";
        return true;
      case Kind::kBool:
        out_ += v.boolean ? "True" : "False";
        return true;
      case Kind::kInt:
        fmt::format_to(std::back_inserter(out_), "{}", v.integer);
        return true;
      case Kind::kFloat:
        out_ += float_repr(v.real);
        return true;
      case Kind::kString:
        if (!run_.charge_letters(v.text().size())) return false;
        if (v.string->markup) out_ += "Markup(";
        append_quoted(out_, v.text());
        if (v.string->markup) out_ += ')';
        return true;
      case Kind::kList:
        return items('[', v.items(), ']');
      case Kind::kTuple:
        return items('(', v.items(), v.items().size() == 1 ? ',' : ')') && (v.items().size() != 1 || close(')'));
      case Kind::kDict:
        return members(*v.dict);
      case Kind::kDictView:
        return view(*v.view);
      case Kind::kNamespace:
        return space(*v.space);
      case Kind::kRange:
        fmt::format_to(std::back_inserter(out_), "range({}, {}", v.range->start, v.range->stop);
        if (v.range->step != 1) fmt::format_to(std::back_inserter(out_), ", {}", v.range->step);
        return close(')');
      case Kind::kMacro:
        out_ += "<Macro ";
        append_quoted(out_, v.macro->name);
        return close('>');
      case Kind::kLoop:
        return loop(*v.loop);
      case Kind::kIterator:
      case Kind::kFunction:
      case Kind::kMethod:
      case Kind::kCycler:
      case Kind::kJoiner:
        // Python prints an address here; what is constant of it must do.
        fmt::format_to(std::back_inserter(out_), "<{} object>", type_name(v));
        return true;
    }
    return false;
  }

 private:
  bool close(char c) {
    out_ += c;
    return true;
  }

  bool items(char open, std::span<const Value> list, char end) {
    out_ += open;
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out_ += ", ";
      if (!repr(list[i])) return false;
    }
    return close(end);
  }

  bool entry(const DictEntry& e, std::string_view between) {
    if (!repr(e.key)) return false;
    out_ += between;
    return repr(e.value);
  }

  bool members(const Dict& dict) {
    out_ += '{';
    for (size_t i = 0; i < dict.entries.size(); ++i) {
      if (i > 0) out_ += ", ";
      if (!entry(dict.entries[i], ": ")) return false;
    }
    return close('}');
  }

  bool view(const DictView& view) {
    out_ += type_name(Value::of(&view));
    out_ += "([";
    for (size_t i = 0; i < view.dict->entries.size(); ++i) {
      const DictEntry& e = view.dict->entries[i];
      if (i > 0) out_ += ", ";
      if (view.which == DictView::kItems) {
        out_ += '(';
        if (!entry(e, ", ")) return false;
        out_ += ')';
      } else if (!repr(view.which == DictView::kKeys ? e.key : e.value)) {
        return false;
      }
    }
    out_ += "])";
    return true;
  }

  bool loop(Loop& loop) {
    const int64_t length = loop.length(run_);
    fmt::format_to(std::back_inserter(out_), "<LoopContext {}/{}>", loop.index0() + 1, length);
    return length >= 0;
  }

  bool space(const Namespace& n) {
    out_ += "<Namespace {";
    bool first = true;
    for (const DictEntry& e : n.members) {
      if (!first) out_ += ", ";
      first = false;
      if (!entry(e, ": ")) return false;
    }
    out_ += "}>";
    return true;
  }

  Run& run_;
  std::string& out_;
  int depth_ = 0;
};

}  // namespace

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<size_t>(end.ptr - buffer));
  const bool negative = text.front() == '-';
  const size_t e = text.find('e');
  std::string digits(1, text[negative ? 1 : 0]);
  if (const size_t point = text.find('.'); point != std::string_view::npos)
    digits += text.substr(point + 1, e - point - 1);
  int exponent = 0;
  const std::string_view exponent_text = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);

  std::string out = negative ? "-" : "";
  const int count = static_cast<int>(digits.size());
  constexpr int kLeastFixed = -4, kMostFixed = 16;  // where Python's repr goes over to exponents
  if (exponent < kLeastFixed || exponent >= kMostFixed) {
    out += digits[0];
    if (count > 1) out += "." + digits.substr(1);
    return out + fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1) return out + digits + std::string(static_cast<size_t>(exponent + 1 - count), '0') + ".0";
  const auto whole = static_cast<size_t>(exponent + 1);
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

std::string escape_non_ascii(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    if (c.value < 0x80) {
      out += text[at];
    } else {
      append_escape(out, c.value);
    }
    at += c.length;
  }
  return out;
}

bool append_repr(Run& run, std::string& out, const Value& value) { return Printer(run, out).repr(value); }

bool append_text(Run& run, std::string& out, const Value& value) {
  if (value.is_string()) {
    out += value.text();
    return true;
  }
  if (value.is_undefined()) return true;
  return append_repr(run, out, value);
}

Value to_text(Run& run, const Value& value) {
  if (value.is_failed()) return value;
  if (value.is_string()) return value.string->markup ? run.view(value.text()) : value;
  std::string out;
  if (!append_text(run, out, value)) return Value::failed();
  return run.copy(out);
}

}  // namespace hermes::chat::jinja
