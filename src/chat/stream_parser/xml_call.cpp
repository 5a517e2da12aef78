#include "chat/stream_parser/xml_call.h"

#include <algorithm>
#include <boost/json.hpp>

#include "chat/stream_parser/python_literal.h"

namespace hermes::chat {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kFunction = "<function=", kFunctionEnd = "</function>";
constexpr std::string_view kParameter = "<parameter=", kParameterEnd = "</parameter>";
constexpr size_t kMaxName = 256;
constexpr size_t kMaxParameters = 1024;

// The names of types that a tool's schema allows for a parameter; empty where it says nothing.
std::vector<std::string> types_of(const json::array* tools, std::string_view function, std::string_view parameter) {
  std::vector<std::string> types;
  const auto collect = [&](const json::value* type) {
    if (type == nullptr) return;
    if (type->is_string()) types.emplace_back(type->get_string());
    if (!type->is_array()) return;
    for (const json::value& one : type->get_array()) {
      if (one.is_string()) types.emplace_back(one.get_string());
    }
  };
  const auto member = [](const json::value* value, std::string_view name) -> const json::value* {
    return value != nullptr && value->is_object() ? value->get_object().if_contains(name) : nullptr;
  };
  if (tools == nullptr) return types;
  for (const json::value& tool : *tools) {
    const json::value* described = member(&tool, "function");
    if (described == nullptr) described = &tool;
    const json::value* name = member(described, "name");
    if (name == nullptr || !name->is_string() || std::string_view(name->get_string()) != function) continue;
    const json::value* schema = member(member(member(described, "parameters"), "properties"), parameter);
    collect(member(schema, "type"));
    for (const char* choice : {"anyOf", "oneOf"}) {
      const json::value* list = member(schema, choice);
      if (list == nullptr || !list->is_array()) continue;
      for (const json::value& one : list->get_array()) collect(member(&one, "type"));
    }
    return types;
  }
  return types;
}

// Where strings are allowed, everything is one, except null where that is allowed too.
bool fits(const json::value& value, const std::vector<std::string>& types) {
  if (!value.is_null() && std::find(types.begin(), types.end(), "string") != types.end()) return false;
  return std::any_of(types.begin(), types.end(), [&](const std::string& type) {
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_bool();
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    return type == "null" && value.is_null();
  });
}

// The value as JSON text: as the model wrote it where that is JSON of a type the schema allows, else a string.
std::string to_json_value(std::string_view text, const std::vector<std::string>& types) {
  const size_t begin = text.find_first_not_of(kWhiteSpace);
  if (!types.empty() && begin != std::string_view::npos) {
    std::string trimmed(text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1));
    if (trimmed == "True") trimmed = "true";
    if (trimmed == "False") trimmed = "false";
    if (trimmed == "None") trimmed = "null";
    Result<json::value> value = parse_json(trimmed, "value", {.unique_names = true});
    if (!value.ok()) {
      if (const auto converted = python_dictionary_to_json(trimmed)) {
        trimmed = *converted;
        value = parse_json(trimmed, "value", {.unique_names = true});
      }
    }
    if (value.ok() && fits(*value, types)) return trimmed;
  }
  return json::serialize(json::string(text));
}

}  // namespace

CallScanner::State XmlCallScanner::scan(std::string_view body, bool final) {
  for (;;) {
    const size_t before = pos_;
    const Where was = where_;
    const State state = step(body);
    if (state != State::kMore) return state;
    if (pos_ == before && where_ == was) return final ? fail("ends early") : State::kMore;
  }
}

CallScanner::State XmlCallScanner::read_tag(std::string_view body, std::string_view prefix, std::string& name) {
  const std::string_view rest = body.substr(pos_);
  if (!rest.starts_with(prefix)) {
    return prefix.starts_with(rest) ? State::kMore : fail(fmt::format("{} is missing", prefix));
  }
  const size_t end = rest.find_first_of("<>\n", prefix.size());
  if (std::min(end, rest.size()) > prefix.size() + kMaxName) return fail("a name is too long");
  if (end == std::string_view::npos) return State::kMore;
  if (rest[end] != '>' || end == prefix.size()) return fail("a name is missing");
  name = rest.substr(prefix.size(), end - prefix.size());
  pos_ += end + 1;
  return State::kDone;
}

CallScanner::State XmlCallScanner::step(std::string_view body) {
  if (where_ == Where::kValue) {
    const size_t from = std::max(search_, pos_);
    const size_t end = body.find(kParameterEnd, from);
    // A call that begins within a value means that the one before was never finished. (Values that quote such calls are
    // lost; without this rule each of many beginnings would read to the end of the text.)
    if (body.substr(0, end).find(kFunction, from) != std::string_view::npos) return fail("a value is not closed");
    if (end == std::string_view::npos) {
      search_ = body.size() - std::min(body.size(), kParameterEnd.size() - 1);
      return State::kMore;
    }
    const State added = add_parameter(body.substr(pos_, end - pos_));
    pos_ = end + kParameterEnd.size();
    where_ = Where::kBetween;
    return added;
  }
  pos_ = std::min(body.find_first_not_of(kWhiteSpace, pos_), body.size());
  if (where_ == Where::kFunction) {
    const State state = read_tag(body, kFunction, name_);
    if (state != State::kDone) return state;
    has_name_ = true;
    where_ = Where::kBetween;
    return State::kMore;
  }
  const std::string_view rest = body.substr(pos_);
  if (rest.starts_with(kFunctionEnd)) {
    arguments_ += arguments_.empty() ? "{}" : "}";
    return finish(pos_ + kFunctionEnd.size());
  }
  if (kFunctionEnd.starts_with(rest)) return State::kMore;
  const State state = read_tag(body, kParameter, key_);
  if (state != State::kDone) return state;
  where_ = Where::kValue;
  return State::kMore;
}

CallScanner::State XmlCallScanner::add_parameter(std::string_view value) {
  if (std::find(keys_.begin(), keys_.end(), key_) != keys_.end()) {
    return fail(fmt::format("parameter {} comes twice", key_));
  }
  if (keys_.size() == kMaxParameters) return fail("too many parameters");
  keys_.push_back(key_);
  if (value.starts_with('\n')) value.remove_prefix(1);
  if (value.ends_with('\n')) value.remove_suffix(1);
  arguments_ += arguments_.empty() ? "{" : ", ";
  arguments_ += json::serialize(json::string(key_)) + ": " + to_json_value(value, types_of(tools_, name_, key_));
  return State::kMore;
}

}  // namespace hermes::chat
