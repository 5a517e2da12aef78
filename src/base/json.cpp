#include "base/json.h"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <unordered_set>
#include <vector>

#include "base/file.h"
#include "base/json_events.h"
#include "base/utf8.h"

namespace hermes {
namespace {

constexpr std::string_view kind_name(json::kind kind) {
  switch (kind) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "unknown";
}

// Builds the document from the parser's events, as json::parser does, with two differences: numbers are the doubles
// nearest to their text (Boost's own conversion is off by one bit for one in forty, and a number that a user sent must
// come back as it was), and a member named twice can be refused.
class DocumentHandler : public UnboundedJsonEvents {
 public:
  explicit DocumentHandler(bool unique_names) : unique_names_(unique_names) { values_.reset(); }

  const std::optional<std::string>& repeated_name() const { return repeated_name_; }
  json::value release() { return values_.release(); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    if (unique_names_) open_.emplace_back();
    return true;
  }
  bool on_object_end(size_t n, error_code&) {
    if (unique_names_) open_.pop_back();
    values_.push_object(n);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(size_t n, error_code&) {
    values_.push_array(n);
    return true;
  }
  bool on_key_part(json::string_view part, size_t, error_code&) {
    if (unique_names_) name_.append(part.data(), part.size());
    values_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, size_t, error_code& ec) {
    if (unique_names_) {
      name_.append(part.data(), part.size());
      if (!open_.back().insert(name_).second) {
        repeated_name_ = name_;
        ec = make_error_code(boost::system::errc::invalid_argument);
        return false;
      }
      name_.clear();
    }
    values_.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, size_t, error_code&) {
    values_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, size_t, error_code&) {
    values_.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view part, error_code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(int64_t value, json::string_view, error_code&) {
    number_.clear();
    values_.push_int64(value);
    return true;
  }
  bool on_uint64(uint64_t value, json::string_view, error_code&) {
    number_.clear();
    values_.push_uint64(value);
    return true;
  }
  bool on_double(double nearly, json::string_view part, error_code&) {
    number_.append(part.data(), part.size());
    double value = nearly;  // what stays where the text is beyond doubles: infinity or zero
    std::from_chars(number_.data(), number_.data() + number_.size(), value);
    number_.clear();
    values_.push_double(value);
    return true;
  }
  bool on_bool(bool value, error_code&) {
    values_.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    values_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  json::value_stack values_;
  std::string number_;  // text of the number being read
  bool unique_names_;
  std::vector<std::unordered_set<std::string>> open_;  // names seen in each open object
  std::string name_;                                   // the one being read
  std::optional<std::string> repeated_name_;
};

void pretty(const json::value& value, int indent, std::string& out) {
  const auto newline = [&](int depth) { out.append("\n").append(static_cast<size_t>(depth) * 2, ' '); };
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& member : *object) {
      if (!first) out += ',';
      first = false;
      newline(indent + 1);
      out += json::serialize(member.key());
      out += ": ";
      pretty(member.value(), indent + 1, out);
    }
    newline(indent);
    out += '}';
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    bool first = true;
    for (const auto& element : *array) {
      if (!first) out += ',';
      first = false;
      newline(indent + 1);
      pretty(element, indent + 1, out);
    }
    newline(indent);
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

// As Python's repr of a float: the shortest text that reads back, with ".0" where nothing says it is no integer.
void append_number(double value, std::string& out) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  out += text;
}

void spaced(const json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) {
    out += '{';
    for (const auto& member : *object) {
      if (&member != object->begin()) out += ", ";
      out += json::serialize(member.key());
      out += ": ";
      spaced(member.value(), out);
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& element : *array) {
      if (&element != array->begin()) out += ", ";
      spaced(element, out);
    }
    out += ']';
  } else if (const auto* number = value.if_double()) {
    append_number(*number, out);
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::string_view what, JsonLimits limits) {
  if (const size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    return Error::corrupt("{}: not UTF-8 at byte {}", what, bad);
  }
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::basic_parser<DocumentHandler> parser(options, limits.unique_names);
  boost::system::error_code ec;
  const size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (const auto& name = parser.handler().repeated_name()) {
    return Error::corrupt("{}: member \"{}\" is named twice (byte {})", what, *name, used);
  }
  if (ec == json::error::incomplete) return Error::corrupt("{}: JSON ends early at byte {}", what, text.size());
  if (ec == json::error::too_deep) {
    return Error::corrupt("{}: JSON nested deeper than {} at byte {}", what, limits.max_depth, used);
  }
  if (ec) return Error::corrupt("{}: not JSON at byte {}: {}", what, used, ec.message());
  if (const size_t rest = text.find_first_not_of(" \t\r\n", used); rest != std::string_view::npos) {
    return Error::corrupt("{}: text after the end of the JSON document at byte {}", what, rest);
  }
  return parser.handler().release();
}

Result<json::value> read_json_file(const std::string& path, size_t max_bytes, JsonLimits limits) {
  HERMES_ASSIGN(const std::string text, read_text_file(path, max_bytes));
  return parse_json(text, path, limits);
}

std::string to_json_text(const json::value& value) { return json::serialize(value); }

std::string to_spaced_json_text(const json::value& value) {
  std::string out;
  spaced(value, out);
  return out;
}

std::string to_pretty_json_text(const json::value& value) {
  std::string out;
  pretty(value, 0, out);
  return out;
}

Result<JsonObject> JsonObject::from(const json::value& value, std::string what) {
  if (!value.is_object()) return Error::corrupt("{}: must be an object, is {}", what, kind_name(value.kind()));
  return JsonObject(value.get_object(), std::move(what));
}

const json::value* JsonObject::find(std::string_view name) const {
  const json::value* value = object_->if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

namespace {

template <class T>
Result<T> required(const Result<std::optional<T>>& found, const std::string& what, std::string_view name) {
  if (!found.ok()) return found.error();
  if (!found.value().has_value()) return Error::corrupt("{}: \"{}\" is missing", what, name);
  return *found.value();
}

Error wrong_kind(const JsonObject& in, std::string_view name, std::string_view expected, const json::value& value) {
  return Error::corrupt("{}: \"{}\" must be {}, is {}", in.what(), name, expected, kind_name(value.kind()));
}

}  // namespace

Result<std::optional<int64_t>> JsonObject::optional_integer(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<int64_t>();
  if (const int64_t* i = value->if_int64()) return std::optional(*i);
  if (const double* d = value->if_double();
      d != nullptr && std::abs(*d) <= 0x1p53 && std::nearbyint(*d) == *d) {  // 1e6 is an integer all the same
    return std::optional(static_cast<int64_t>(*d));
  }
  if (value->is_number()) return Error::corrupt("{}: \"{}\" is not an integer in range", what_, name);
  return wrong_kind(*this, name, "an integer", *value);
}

Result<std::optional<double>> JsonObject::optional_number(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<double>();
  if (!value->is_number()) return wrong_kind(*this, name, "a number", *value);
  const auto number = value->to_number<double>();
  if (!std::isfinite(number)) return Error::corrupt("{}: \"{}\" is too large a number", what_, name);
  return std::optional(number);
}

Result<std::optional<bool>> JsonObject::optional_boolean(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<bool>();
  if (!value->is_bool()) return wrong_kind(*this, name, "true or false", *value);
  return std::optional(value->get_bool());
}

Result<std::optional<std::string>> JsonObject::optional_string(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return wrong_kind(*this, name, "a string", *value);
  return std::optional(std::string(value->get_string()));
}

Result<std::optional<JsonObject>> JsonObject::optional_object(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<JsonObject>();
  if (!value->is_object()) return wrong_kind(*this, name, "an object", *value);
  return std::optional(JsonObject(value->get_object(), fmt::format("{}: {}", what_, name)));
}

Result<int64_t> JsonObject::integer(std::string_view name) const {
  return required(optional_integer(name), what_, name);
}
Result<double> JsonObject::number(std::string_view name) const { return required(optional_number(name), what_, name); }
Result<std::string> JsonObject::string(std::string_view name) const {
  return required(optional_string(name), what_, name);
}
Result<JsonObject> JsonObject::object(std::string_view name) const {
  return required(optional_object(name), what_, name);
}

}  // namespace hermes
