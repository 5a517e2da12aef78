#include "tokenizer/json_fields.h"

#include <algorithm>
#include <boost/json.hpp>

namespace hermes::tokenizer {

Result<std::string> type_of(const JsonObject& object) { return object.string("type"); }

Status check_members(const JsonObject& object, std::initializer_list<std::string_view> known) {
  for (const auto& member : object.raw()) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Error::unsupported("{}: member \"{}\" is not known", object.what(), name);
    }
  }
  return {};
}

Result<bool> boolean_or(const JsonObject& object, std::string_view name, bool absent) {
  HERMES_ASSIGN(const std::optional<bool> value, object.optional_boolean(name));
  return value.value_or(absent);
}

Result<const json::array*> array_at(const JsonObject& object, std::string_view name) {
  const json::value* value = object.find(name);
  if (value == nullptr) return Error::corrupt("{}: \"{}\" is missing", object.what(), name);
  if (!value->is_array()) return Error::corrupt("{}: \"{}\" must be an array", object.what(), name);
  return &value->get_array();
}

}  // namespace hermes::tokenizer
