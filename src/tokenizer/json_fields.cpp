#include "tokenizer/json_fields.h"

#include <algorithm>
#include <boost/json.hpp>

namespace hermes::tokenizer {
namespace {

Result<bool> read_normalizer(const json::value& value, const std::string& what, int depth) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  HERMES_ASSIGN(const std::string type, type_of(object));
  if (type == "NFC") {
    HERMES_TRY(check_members(object, {"type"}));
    return true;
  }
  if (type != "Sequence") return Error::unsupported("{}: type \"{}\" is not supported", what, type);
  if (depth >= kMaxSequenceDepth) return Error::unsupported("{}: Sequences nested too deeply", what);
  HERMES_TRY(check_members(object, {"type", "normalizers"}));
  HERMES_ASSIGN(const json::array* parts, array_at(object, "normalizers"));
  bool nfc = false;
  for (size_t i = 0; i < parts->size(); ++i) {
    HERMES_ASSIGN(const bool part,
                  read_normalizer((*parts)[i], fmt::format("{}: normalizers[{}]", what, i), depth + 1));
    nfc |= part;
  }
  return nfc;
}

}  // namespace

Result<json::value> parse_tokenizer_document(std::string_view text, std::string_view what) {
  constexpr size_t kMaxDepth = 32;
  return parse_json(text, what, {.max_depth = kMaxDepth, .unique_names = true});
}

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

Result<bool> read_nfc(const json::value* normalizer, const std::string& what) {
  if (normalizer == nullptr) return false;
  return read_normalizer(*normalizer, fmt::format("{}: normalizer", what), 0);
}

}  // namespace hermes::tokenizer
