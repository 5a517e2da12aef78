// What every maker of a verifier needs: typed fields of its specification, and the makers' list.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "verify/rational.h"
#include "verify/verifier.h"

namespace hermes::verify {

using Made = Result<std::unique_ptr<const Verifier>>;

inline constexpr int kMaxNesting = 8;  // of specifications in specifications
inline constexpr size_t kMaxItems = 1000;

class Specification {
 public:
  Specification(const json::object& object, std::string what, int depth)
      : fields_(object, std::move(what)), depth_(depth) {}

  const std::string& what() const { return fields_.what(); }
  int depth() const { return depth_; }
  bool has(std::string_view name) const { return fields_.raw().contains(name); }
  const json::value* find(std::string_view name) const { return fields_.raw().if_contains(name); }

  // An error that names the first field which is neither "verifier" nor in `known`.
  Status only(std::initializer_list<std::string_view> known) const;

  Result<std::string> string(std::string_view name) const { return fields_.string(name); }
  Result<std::string> string_or(std::string_view name, std::string_view absent) const;
  Result<bool> boolean_or(std::string_view name, bool absent) const;
  Result<int64_t> integer(std::string_view name) const;  // from -10^9 to 10^9
  Result<int64_t> integer_or(std::string_view name, int64_t absent) const;
  Result<Rational> number(std::string_view name) const;
  Result<const json::object*> object(std::string_view name) const;
  Result<const json::array*> array(std::string_view name) const;          // at most kMaxItems elements
  Result<std::vector<std::string>> strings(std::string_view name) const;  // none empty
  Result<std::string> one_of(std::string_view name, std::initializer_list<std::string_view> known) const;

  Error error(const std::string& message) const { return Error::invalid("{}: {}", what(), message); }

 private:
  JsonObject fields_;
  int depth_;
};

// A verifier that is one function.
std::unique_ptr<const Verifier> judged_by(std::function<Verdict(const chat::Reply&)> judge);

// The verifier of a specification inside `outer`.
Made make_inner(const Specification& outer, const json::value& specification, const std::string& name);

Made make_number(const Specification& spec);
Made make_text(const Specification& spec);
Made make_yes_no(const Specification& spec);
Made make_list(const Specification& spec);
Made make_pick(const Specification& spec);
Made make_string(const Specification& spec);
Made make_clock(const Specification& spec);
Made make_calendar(const Specification& spec);
Made make_units(const Specification& spec);
Made make_ordering(const Specification& spec);
Made make_format(const Specification& spec);
Made make_json(const Specification& spec);
Made make_schema(const Specification& spec);
Made make_tool_calls(const Specification& spec);
Made make_reply_has_reasoning(const Specification& spec);
Made make_style(const Specification& spec);
Made make_words(const Specification& spec);
Made make_sentences(const Specification& spec);
Made make_all_of(const Specification& spec);
Made make_any_of(const Specification& spec);
Made make_trace(const Specification& spec);

}  // namespace hermes::verify
