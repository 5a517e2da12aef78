// Reading the typed objects ("type": "Split", ...) of a tokenizer.json: the type's name, and no member that we do not
// know, because a setting that is read over would silently change the ids.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace hermes::tokenizer {

// Objects nested in Sequences are read recursively; deeper than this is no tokenizer.
inline constexpr int kMaxSequenceDepth = 8;

// A tokenizer.json's text, within the limits for such files.
Result<json::value> parse_tokenizer_document(std::string_view text, std::string_view what);

// The "type" member.
Result<std::string> type_of(const JsonObject& object);

// An error that names the first member which is not in `known`.
Status check_members(const JsonObject& object, std::initializer_list<std::string_view> known);

// The value of a boolean member, `absent` where it is absent or null.
Result<bool> boolean_or(const JsonObject& object, std::string_view name, bool absent);

// The array at `name`; an error where there is none.
Result<const json::array*> array_at(const JsonObject& object, std::string_view name);

// Whether the "normalizer" of a tokenizer.json (null and absent: none) is NFC; no other is supported. `what` names the file.
Result<bool> read_nfc(const json::value* normalizer, const std::string& what);

}  // namespace hermes::tokenizer
