// Filters that lay a text out in lines: indent, truncate, wordwrap.
#include "base/utf8.h"
#include "chat/template/arguments.h"
#include "chat/template/filters.h"
#include "chat/template/methods_search.h"
#include "chat/template/operations.h"
#include "chat/template/text_wrap.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

// The input as a string that the filter may take apart, or a refusal.
bool require_text(Run& run, const Value& input) {
  if (input.is_undefined()) return run.fail_undefined(input), false;
  if (!input.is_string()) return run.fail("expected a str, got {}", type_name(input)), false;
  return run.charge_letters(input.text().size());
}

Value indent(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "indent", arguments, {"width", "first", "blank"}, 0);
  if (!bound || !require_text(run, input)) return Value::failed();
  const auto& [width, first, blank] = *bound;
  std::string indentation = "    ";
  if (width.is_string()) {
    indentation = width.text();
  } else if (!width.is_missing()) {
    const auto spaces = to_integer(run, width);
    constexpr int64_t kMaxIndent = 1 << 16;
    if (!spaces) return Value::failed();
    if (*spaces > kMaxIndent) return run.fail(Error::exhausted("an indentation of {}", *spaces));
    indentation = std::string(static_cast<size_t>(std::max<int64_t>(*spaces, 0)), ' ');
  }
  // The newline that Jinja adds here keeps an empty last line.
  const std::string whole = std::string(input.text()) + "\n";
  const auto lines = lines_of(whole);
  if (!run.allow_text(whole.size() + lines.size() * indentation.size())) return Value::failed();
  std::string out = truth(first) ? indentation : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) {
      out += '\n';
      if (truth(blank) || !lines[i].empty()) out += indentation;
    }
    out += lines[i];
  }
  return run.copy_like(input, out);
}

Value truncate(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "truncate", arguments, {"length", "killwords", "end", "leeway"}, 0);
  if (!bound) return Value::failed();
  constexpr int64_t kLength = 255, kLeeway = 5;
  const auto length = to_integer(run, (*bound)[0], kLength);
  const auto end = to_string(run, (*bound)[2], "...");
  const auto leeway = to_integer(run, (*bound)[3].is_none() ? Value{} : (*bound)[3], kLeeway);
  if (!length || !end || !leeway) return Value::failed();
  const auto end_size = static_cast<int64_t>(code_points(*end));
  if (*length < end_size) return run.fail("expected length >= {}, got {}", end_size, *length);
  if (*leeway < 0) return run.fail("expected leeway >= 0, got {}", *leeway);
  const auto size = jinja::length(run, input);
  if (!size) return Value::failed();
  if (static_cast<int64_t>(*size) - *leeway <= *length) return input;
  if (!require_text(run, input)) return Value::failed();
  std::string_view cut = input.text().substr(0, byte_at(*input.string, static_cast<size_t>(*length - end_size)));
  if (!truth((*bound)[1])) cut = cut.substr(0, cut.rfind(' '));
  return run.copy_like(input, std::string(cut) + std::string(*end));
}

Value word_wrap(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound =
      bind(run, "wordwrap", arguments, {"width", "break_long_words", "wrapstring", "break_on_hyphens"}, 0);
  if (!bound || !require_text(run, input)) return Value::failed();
  constexpr int64_t kWidth = 79;
  const auto width = to_integer(run, (*bound)[0], kWidth);
  const auto between = to_string(run, (*bound)[2].is_none() ? Value{} : (*bound)[2], "\n");
  if (!width || !between) return Value::failed();
  if (!run.allow_items(input.text().size()) || !run.charge_letters(8 * input.text().size())) return Value::failed();
  if (*width <= 0) return run.fail("invalid width {} (must be > 0)", *width);
  const auto is_set = [](const Value& v) { return v.is_missing() || truth(v); };
  std::string out;
  bool first = true;
  for (const std::string_view line : lines_of(input.text())) {
    const auto wrapped = wrap_line(line, static_cast<size_t>(*width), is_set((*bound)[1]), is_set((*bound)[3]));
    if (!first) out += *between;
    first = false;
    for (size_t i = 0; i < wrapped.size(); ++i) {
      if (i > 0) out += *between;
      out += wrapped[i];
      if (out.size() > run.options().max_text) return run.copy(out);  // which refuses it
    }
  }
  return run.copy(out);
}

constexpr FilterEntry kFilters[] = {{"indent", indent}, {"truncate", truncate}, {"wordwrap", word_wrap}};

}  // namespace

std::span<const FilterEntry> layout_filters() { return kFilters; }

}  // namespace hermes::chat::jinja
