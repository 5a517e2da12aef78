// One rendering in progress: its memory, its first error, and what it may still use. Everything that can fail takes a
// Run, and answers with Value::failed() (or false) once fail() was called; the callers pass that on.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "chat/template/arena.h"
#include "chat/template/chat_template.h"
#include "chat/template/value.h"

namespace hermes::chat::jinja {

inline constexpr size_t kMaxListItems = 1 << 20;
inline constexpr int kMaxValueDepth = 200;  // lists within lists, where a function descends into them

class Run {
 public:
  explicit Run(const RenderOptions& options)
      : options_(options), steps_left_(static_cast<int64_t>(options.max_steps)) {}

  Arena& arena() { return arena_; }
  const RenderOptions& options() const { return options_; }
  bool failed() const { return error_.has_value(); }
  const Error& error() const { return *error_; }
  int& iteration_depth() { return iteration_depth_; }  // iterators over iterators under way, for Descent
  int line() const { return failed() ? error_line_ : line_; }
  void set_line(int line) { line_ = line; }

  // The first error stays. The line is the one set last.
  Value fail(Error error);
  template <class... A>
  Value fail(fmt::format_string<A...> format, A&&... args) {
    return fail(Error(ErrorCode::kCorrupt, fmt::format(format, std::forward<A>(args)...)));
  }
  Value fail_undefined(const Value& undefined);  // what using an undefined value comes to
  Value fail_too_deep() { return fail(Error::exhausted("values are nested deeper than {}", kMaxValueDepth)); }

  // False where the rendering has used up its steps or its memory, or failed before.
  bool charge(size_t steps) {
    steps_left_ -= static_cast<int64_t>(steps);
    if (steps_left_ < 0 || arena_.bytes() > options_.max_memory) [[unlikely]]
      return refuse();
    return true;
  }
  bool charge_text(size_t bytes) { return charge(bytes / 32); }
  // Work on each letter of a text.
  bool charge_letters(size_t bytes) { return charge(bytes / 2); }
  // A search in `bytes` of text: longer wanted texts can cost more for each byte, at worst.
  bool charge_search(size_t bytes, size_t wanted) {
    return charge((bytes + wanted) / (wanted <= 16 ? 32 : wanted <= 64 ? 12 : 4));
  }
  // False, and failed, where a text of that size would be too large. For sizes that are products.
  bool allow_text(size_t bytes);
  bool allow_items(size_t count);

  // Strings. `copy` takes the bytes, `view` points to bytes that live as long as the rendering.
  Value copy(std::string_view text, bool markup = false);
  Value view(std::string_view text, bool markup = false);
  Value copy_like(const Value& original, std::string_view text) { return copy(text, is_markup(original)); }
  Value view_like(const Value& original, std::string_view text) { return view(text, is_markup(original)); }
  Value concat(const Value& left, std::string_view right, bool markup);
  static bool is_markup(const Value& v) { return v.is_string() && v.string->markup; }

  Value list(std::span<const Value> items);   // the items live in the arena
  Value tuple(std::span<const Value> items);  // likewise
  Value pair(const Value& a, const Value& b);
  Value undefined(std::string_view hint);  // copied
  Value undefined(const Value& object, const Value& name);
  Value undefined_name(const String* name);

 private:
  bool refuse();

  const RenderOptions& options_;
  Arena arena_;
  std::optional<Error> error_;
  int64_t steps_left_;
  int line_ = 1, error_line_ = 1;
  int iteration_depth_ = 0;
};

// Counts how deep a function descends; false beyond kMaxValueDepth.
class Descent {
 public:
  Descent(Run& run, int& depth) : depth_(depth) {
    ok_ = ++depth_ <= kMaxValueDepth;
    if (!ok_) (void)run.fail_too_deep();
  }
  ~Descent() { --depth_; }
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;
  explicit operator bool() const { return ok_; }

 private:
  int& depth_;
  bool ok_;
};

std::string_view type_name(const Value& value);  // as Python calls the type

}  // namespace hermes::chat::jinja
