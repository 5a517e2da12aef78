#include "chat/template/brace_format.h"

#include <algorithm>
#include <charconv>

#include "chat/template/methods.h"
#include "chat/template/number_format.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class BraceFormatter {
 public:
  BraceFormatter(Run& run, bool markup, const Arguments& arguments)
      : run_(run), markup_(markup), arguments_(arguments) {}

  // False where it failed. A specification may hold fields once more, as "{:{width}}" does.
  bool format(std::string_view text, int depth, std::string& out) {
    if (depth < 0) return run_.fail("Max string recursion exceeded"), false;
    for (size_t at = 0; at < text.size();) {
      const size_t brace = std::min(text.find_first_of("{}", at), text.size());
      out += text.substr(at, brace - at);
      if (brace == text.size()) break;
      at = brace + 1;
      if (at < text.size() && text[at] == text[brace]) {
        out += text[at++];
        continue;
      }
      if (text[brace] == '}') return run_.fail("Single '}}' encountered in format string"), false;
      size_t end = at;
      for (int open = 1; end < text.size(); ++end) {
        if (text[end] == '{') ++open;
        if (text[end] == '}' && --open == 0) break;
      }
      if (end >= text.size()) {
        return run_.fail("expected '}}' before end of string"), false;
      }
      if (!run_.charge(1) || !field(text.substr(at, end - at), depth, out)) return false;
      if (out.size() > run_.options().max_text) return run_.allow_text(out.size());
      at = end + 1;
    }
    return true;
  }

 private:
  bool field(std::string_view text, int depth, std::string& out) {
    // name[!conversion][:specification]; brackets in the name may hold both signs.
    size_t end = 0;
    for (bool bracket = false; end < text.size(); ++end) {
      if (text[end] == '[') bracket = true;
      if (text[end] == ']') bracket = false;
      if (!bracket && (text[end] == '!' || text[end] == ':')) break;
    }
    const std::string_view name = text.substr(0, end);
    std::string_view rest = text.substr(end);
    char conversion = 0;
    if (rest.starts_with('!')) {
      if (rest.size() < 2) return run_.fail("end of string while looking for conversion specifier"), false;
      conversion = rest[1];
      rest.remove_prefix(2);
      if (!rest.empty() && rest[0] != ':') return run_.fail("expected ':' after conversion specifier"), false;
    }
    if (!rest.empty()) rest.remove_prefix(1);
    Value value = find(name);
    if (!value.is_failed() && conversion != 0) value = converted(value, conversion);
    if (value.is_failed()) return false;
    std::string spec;
    if (!format(rest, depth - 1, spec)) return false;
    if (markup_ && spec.empty() && !Run::is_markup(value)) value = escape(run_, value);
    const Value laid_out = value.is_failed() ? value : format_value(run_, value, spec);
    if (laid_out.is_failed()) return false;
    out += laid_out.text();
    return true;
  }

  Value converted(const Value& value, char conversion) {
    if (conversion == 's') return to_text(run_, value);
    if (conversion != 'r' && conversion != 'a') return run_.fail("Unknown conversion specifier {}", conversion);
    std::string text;
    if (!append_repr(run_, text, value)) return Value::failed();
    return run_.copy(conversion == 'a' ? escape_non_ascii(text) : text);
  }

  Value positional(size_t index) {
    if (index < arguments_.positional.size()) return arguments_.positional[index];
    return run_.fail("Replacement index {} out of range for positional args tuple", index);
  }

  Value first(std::string_view name) {
    enum : char { kAutomatic = 'a', kManual = 'm' };
    if (name.empty() || all_digits(name)) {
      const char numbering = name.empty() ? kAutomatic : kManual;
      if (numbering_ != 0 && numbering_ != numbering) {
        return run_.fail("cannot switch between manual field specification and automatic field numbering");
      }
      numbering_ = numbering;
      size_t index = next_;
      if (name.empty()) {
        ++next_;
      } else if (std::from_chars(name.data(), name.data() + name.size(), index).ec != std::errc()) {
        return run_.fail("Too many decimal digits in format string");
      }
      return positional(index);
    }
    for (const Named& named : arguments_.named) {
      if (named.name == name) return named.value;
    }
    return run_.fail("{}", quoted(name));
  }

  Value find(std::string_view name) {
    size_t at = std::min(name.find_first_of(".["), name.size());
    Value value = first(name.substr(0, at));
    while (at < name.size() && !value.is_failed()) {
      if (name[at] == '.') {
        const size_t end = std::min(name.find_first_of(".[", at + 1), name.size());
        const Value key = run_.copy(name.substr(at + 1, end - at - 1));
        if (key.is_failed() || key.text().empty()) return run_.fail("Empty attribute in format string");
        value = get_attribute(run_, value, attribute_name(key.string));
        at = end;
      } else if (name[at] == '[') {
        const size_t end = name.find(']', at);
        if (end == std::string_view::npos) return run_.fail("Missing ']' in format string");
        const std::string_view key = name.substr(at + 1, end - at - 1);
        if (key.empty()) return run_.fail("Empty attribute in format string");
        int64_t index = 0;
        const bool number =
            all_digits(key) && std::from_chars(key.data(), key.data() + key.size(), index).ec == std::errc();
        value = get_item(run_, value, number ? Value::of(index) : run_.copy(key));
        at = end + 1;
      } else {
        return run_.fail("Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  Run& run_;
  bool markup_;
  const Arguments& arguments_;
  char numbering_ = 0;
  size_t next_ = 0;
};

}  // namespace

Value format_braces(Run& run, const Value& format, const Arguments& arguments) {
  constexpr int kDepth = 2;  // fields within specifications within specifications
  std::string out;
  BraceFormatter formatter(run, Run::is_markup(format), arguments);
  if (!formatter.format(format.text(), kDepth, out)) return Value::failed();
  return run.copy_like(format, out);
}

}  // namespace hermes::chat::jinja
