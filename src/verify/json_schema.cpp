#include "verify/json_schema.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include "base/utf8.h"

namespace hermes::verify {
namespace {

constexpr int kMostDepth = 64;

std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "an integer";
    case json::kind::double_:
      return std::nearbyint(value.get_double()) == value.get_double() ? "an integer" : "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      break;
  }
  return "an object";
}

// -1, 0, 1; exact for every pair of JSON numbers. Doubles here are finite or infinite, never NaN.
int compare_numbers(const json::value& a, const json::value& b) {
  const auto sign = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (a.is_double() && b.is_double()) return sign(a.get_double(), b.get_double());
  if (a.is_double()) return -compare_numbers(b, a);
  if (!b.is_double()) {
    if (a.is_int64() && b.is_int64()) return sign(a.get_int64(), b.get_int64());
    if (a.is_uint64() && b.is_uint64()) return sign(a.get_uint64(), b.get_uint64());
    // uint64 here may be any value, not only one above int64.
    if (a.is_int64()) return a.get_int64() < 0 ? -1 : sign(static_cast<uint64_t>(a.get_int64()), b.get_uint64());
    return b.get_int64() < 0 ? 1 : sign(a.get_uint64(), static_cast<uint64_t>(b.get_int64()));
  }
  const double d = b.get_double();
  if (d >= 0x1p64) return -1;
  if (d < -0x1p63) return 1;
  const double whole = std::floor(d);
  const bool negative = whole < 0;
  const json::value integer =
      negative ? json::value(static_cast<int64_t>(whole)) : json::value(static_cast<uint64_t>(whole));
  const int order = compare_numbers(a, integer);
  return order != 0 ? order : (d > whole ? -1 : 0);
}

size_t code_points(std::string_view text) {
  size_t n = 0;
  for (size_t pos = 0; pos < text.size(); pos += std::max<size_t>(decode_utf8(text, pos).length, 1)) ++n;
  return n;
}

struct TypeName {
  std::string_view name, with_article;
};
constexpr std::array<TypeName, 7> kTypes{{{"null", "null"},
                                          {"boolean", "a boolean"},
                                          {"integer", "an integer"},
                                          {"number", "a number"},
                                          {"string", "a string"},
                                          {"array", "an array"},
                                          {"object", "an object"}}};

const TypeName* find_type(std::string_view name) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& t) { return t.name == name; });
  return found == kTypes.end() ? nullptr : found;
}

bool is_of(const json::value& value, const TypeName& type) {
  const std::string_view kind = kind_name(value);
  return kind == type.with_article || (type.name == "number" && kind == "an integer");
}

// Checks that a schema says only what we know, in the way we know it.
class Checker {
 public:
  Status schema(const json::value& value, const std::string& what, int depth) {
    if (depth > kMostDepth) return Error::invalid("{}: nested deeper than {}", what, kMostDepth);
    if (value.is_bool()) return {};
    if (!value.is_object()) return Error::invalid("{}: a schema must be an object", what);
    for (const auto& member : value.get_object()) {
      const std::string_view key = member.key();
      HERMES_TRY(keyword(key, member.value(), fmt::format("{}: {}", what, key), depth));
    }
    return {};
  }

 private:
  Status keyword(std::string_view key, const json::value& value, const std::string& what, int depth) {
    const auto is = [&](std::initializer_list<std::string_view> names) {
      return std::find(names.begin(), names.end(), key) != names.end();
    };
    if (is({"title", "description", "default", "examples", "$schema", "$comment", "const"})) return {};
    if (key == "type") return types(value, what);
    if (key == "properties") {
      if (!value.is_object()) return Error::invalid("{}: must be an object", what);
      for (const auto& property : value.get_object()) {
        HERMES_TRY(schema(property.value(), fmt::format("{}.{}", what, std::string_view(property.key())), depth + 1));
      }
      return {};
    }
    if (is({"items", "additionalProperties"})) return schema(value, what, depth + 1);
    if (key == "required") {
      const json::array* names = value.if_array();
      if (names == nullptr || !std::all_of(names->begin(), names->end(), [](const auto& n) { return n.is_string(); })) {
        return Error::invalid("{}: must be an array of strings", what);
      }
      return {};
    }
    if (key == "enum") {
      if (!value.is_array() || value.get_array().empty())
        return Error::invalid("{}: must be an array, not empty", what);
      return {};
    }
    if (key == "uniqueItems") {
      if (!value.is_bool()) return Error::invalid("{}: must be true or false", what);
      return {};
    }
    if (is({"minItems", "maxItems", "minLength", "maxLength"})) {
      if (!value.is_number() || kind_name(value) != "an integer" || value.to_number<double>() < 0) {
        return Error::invalid("{}: must be a count", what);
      }
      return {};
    }
    if (is({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})) {
      if (!value.is_number()) return Error::invalid("{}: must be a number", what);
      return {};
    }
    return Error::unsupported("{}: this schema keyword is not supported", what);
  }

  static Status types(const json::value& value, const std::string& what) {
    const auto known = [](const json::value& name) {
      return name.is_string() && find_type(name.get_string()) != nullptr;
    };
    const json::array* several = value.if_array();
    if (several != nullptr ? !several->empty() && std::all_of(several->begin(), several->end(), known) : known(value)) {
      return {};
    }
    return Error::invalid("{}: must be null, boolean, integer, number, string, array, object, or a list of these",
                          what);
  }
};

class Validator {
 public:
  std::vector<std::string> run(const json::value& schema, const json::value& value) {
    check(schema, value, "$");
    return std::move(found_);
  }

 private:
  bool full() const { return found_.size() >= JsonSchema::kMostViolations; }
  void add(const std::string& path, const std::string& message) {
    if (!full()) found_.push_back(path + ": " + message);
  }
  static std::string shown(const json::value& value) {
    constexpr size_t kMost = 100;
    std::string text = to_spaced_json_text(value);
    if (text.size() <= kMost) return text;
    text.resize(kMost - incomplete_utf8_suffix(std::string_view(text).substr(0, kMost)));
    return text + "...";
  }

  void check(const json::value& rule, const json::value& value, const std::string& path) {
    if (full()) return;
    if (const bool* anything = rule.if_bool()) {
      if (!*anything) add(path, "must not be there");
      return;
    }
    const json::object& schema = rule.get_object();
    if (!type(schema, value, path)) return;  // what follows would only repeat it
    if (const json::value* only = schema.if_contains("const"); only != nullptr && !json_equal(*only, value)) {
      add(path, fmt::format("must be {}, is {}", shown(*only), shown(value)));
    }
    if (const json::value* several = schema.if_contains("enum")) {
      const json::array& values = several->get_array();
      if (std::none_of(values.begin(), values.end(), [&](const json::value& v) { return json_equal(v, value); })) {
        std::string list;
        for (const json::value& v : values) list += (list.empty() ? "" : ", ") + shown(v);
        add(path, fmt::format("must be one of {}, is {}", list, shown(value)));
      }
    }
    if (value.is_number()) number(schema, value, path);
    if (value.is_string()) size(schema, code_points(value.get_string()), "minLength", "maxLength", "characters", path);
    if (value.is_array()) array(schema, value.get_array(), path);
    if (value.is_object()) object(schema, value.get_object(), path);
  }

  bool type(const json::object& schema, const json::value& value, const std::string& path) {
    const json::value* wanted = schema.if_contains("type");
    if (wanted == nullptr) return true;
    const json::array one{*wanted};
    const json::array& types = wanted->is_array() ? wanted->get_array() : one;
    std::string list;
    for (const json::value& name : types) {
      const TypeName& known = *find_type(name.get_string());
      if (is_of(value, known)) return true;
      list += (list.empty() ? "" : " or ") + std::string(known.with_article);
    }
    add(path, fmt::format("must be {}, is {}", list, kind_name(value)));
    return false;
  }

  void number(const json::object& schema, const json::value& value, const std::string& path) {
    const auto bound = [&](const char* key, auto allowed, std::string_view words) {
      const json::value* limit = schema.if_contains(key);
      if (limit == nullptr || allowed(compare_numbers(value, *limit))) return;
      add(path, fmt::format("must be {} {}, is {}", words, shown(*limit), shown(value)));
    };
    bound(
        "minimum", [](int order) { return order >= 0; }, "at least");
    bound(
        "maximum", [](int order) { return order <= 0; }, "at most");
    bound(
        "exclusiveMinimum", [](int order) { return order > 0; }, "above");
    bound(
        "exclusiveMaximum", [](int order) { return order < 0; }, "below");
  }

  void size(const json::object& schema, size_t n, const char* least, const char* most, std::string_view of,
            const std::string& path) {
    const json::value count(static_cast<uint64_t>(n));
    if (const json::value* limit = schema.if_contains(least); limit != nullptr && compare_numbers(count, *limit) < 0) {
      add(path, fmt::format("must have at least {} {}, has {}", shown(*limit), of, n));
    }
    if (const json::value* limit = schema.if_contains(most); limit != nullptr && compare_numbers(count, *limit) > 0) {
      add(path, fmt::format("must have at most {} {}, has {}", shown(*limit), of, n));
    }
  }

  void array(const json::object& schema, const json::array& values, const std::string& path) {
    size(schema, values.size(), "minItems", "maxItems", "items", path);
    if (const json::value* unique = schema.if_contains("uniqueItems"); unique != nullptr && unique->get_bool()) {
      constexpr size_t kMostPairs = 2000;  // each is compared with each
      if (values.size() > kMostPairs) add(path, fmt::format("has more than {} items to compare", kMostPairs));
      for (size_t i = 0; i < std::min(values.size(), kMostPairs); ++i) {
        const auto* begin = values.data();
        if (std::any_of(begin, begin + i, [&](const json::value& v) { return json_equal(v, values[i]); })) {
          add(fmt::format("{}[{}]", path, i), "is there twice");
        }
      }
    }
    if (const json::value* items = schema.if_contains("items")) {
      for (size_t i = 0; i < values.size() && !full(); ++i) check(*items, values[i], fmt::format("{}[{}]", path, i));
    }
  }

  void object(const json::object& schema, const json::object& members, const std::string& path) {
    if (const json::value* required = schema.if_contains("required")) {
      for (const json::value& name : required->get_array()) {
        if (!members.contains(name.get_string())) {
          add(path, fmt::format("\"{}\" is missing", std::string_view(name.get_string())));
        }
      }
    }
    const json::value* properties = schema.if_contains("properties");
    const json::value* others = schema.if_contains("additionalProperties");
    for (const auto& member : members) {
      const std::string_view name = member.key();
      const json::value* rule = properties == nullptr ? nullptr : properties->get_object().if_contains(member.key());
      if (rule == nullptr && others != nullptr && others->is_bool() && !others->get_bool()) {
        add(path, fmt::format("\"{}\" is not allowed", name));
        continue;
      }
      if (rule == nullptr) rule = others;
      if (rule != nullptr) check(*rule, member.value(), fmt::format("{}.{}", path, name));
    }
  }

  std::vector<std::string> found_;
};

}  // namespace

bool json_equal(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  if (const json::array* x = a.if_array()) {
    const json::array& y = b.get_array();
    return x->size() == y.size() && std::equal(x->begin(), x->end(), y.begin(), json_equal);
  }
  if (const json::object* x = a.if_object()) {
    const json::object& y = b.get_object();
    return x->size() == y.size() && std::all_of(x->begin(), x->end(), [&](const auto& member) {
             const json::value* other = y.if_contains(member.key());
             return other != nullptr && json_equal(member.value(), *other);
           });
  }
  return a == b;
}

Result<JsonSchema> JsonSchema::parse(const json::value& schema, const std::string& what) {
  HERMES_TRY(Checker().schema(schema, what, 1));
  return JsonSchema(schema);
}

std::vector<std::string> JsonSchema::violations(const json::value& value) const {
  return Validator().run(schema_, value);
}

}  // namespace hermes::verify
