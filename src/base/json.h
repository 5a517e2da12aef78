// JSON documents as Boost.JSON values, read with our limits and our errors: depth bounded, position named, UTF-8
// required. Order of members is kept. For files whose duplicate names must be refused, `parse_json_strict` does that.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hermes {

namespace json = boost::json;

struct JsonLimits {
  size_t max_depth = 64;
  bool unique_names = false;  // refuse an object that names a member twice (Boost.JSON keeps the last one)
};

// `what` (usually the file's path) opens every message; a syntax error names the byte offset.
Result<json::value> parse_json(std::string_view text, std::string_view what, JsonLimits limits = {});

// Reads the file (at most `max_bytes`) and parses it.
Result<json::value> read_json_file(const std::string& path, size_t max_bytes, JsonLimits limits = {});

std::string to_json_text(const json::value& value);         // one line
std::string to_spaced_json_text(const json::value& value);  // one line, ", " and ": ", as Python's json.dumps writes it
std::string to_pretty_json_text(const json::value& value);  // two-space indentation, as Hugging Face writes files

// Typed access to one object's members, with errors that name the file and the member.
// An absent or null member is nullopt from the optional_* calls, and an error from the others.
class JsonObject {
 public:
  // `what` is kept by value; `object` is borrowed.
  JsonObject(const json::object& object, std::string what) : object_(&object), what_(std::move(what)) {}
  static Result<JsonObject> from(const json::value& value, std::string what);

  const json::value* find(std::string_view name) const;  // nullptr where absent or null
  const json::object& raw() const { return *object_; }
  const std::string& what() const { return what_; }

  Result<int64_t> integer(std::string_view name) const;
  Result<double> number(std::string_view name) const;
  Result<std::string> string(std::string_view name) const;
  Result<JsonObject> object(std::string_view name) const;

  Result<std::optional<int64_t>> optional_integer(std::string_view name) const;
  Result<std::optional<double>> optional_number(std::string_view name) const;
  Result<std::optional<bool>> optional_boolean(std::string_view name) const;
  Result<std::optional<std::string>> optional_string(std::string_view name) const;
  Result<std::optional<JsonObject>> optional_object(std::string_view name) const;

 private:
  const json::object* object_;
  std::string what_;
};

}  // namespace hermes
