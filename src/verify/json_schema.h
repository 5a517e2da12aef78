// JSON Schema, a part of it (json-schema.org, draft 2020-12): type, properties, required, additionalProperties, enum,
// const, items, minItems, maxItems, uniqueItems, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength,
// maxLength. title, description, default, examples, $schema and $comment say nothing. Every other keyword is refused by
// name, so that nothing passes for valid because it was not looked at.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace hermes::verify {

// Equal as values: the order of members does not count, 1 is 1.0, and integers are compared exactly.
bool json_equal(const json::value& a, const json::value& b);

class JsonSchema {
 public:
  // `schema` is copied. `what` opens the messages.
  static Result<JsonSchema> parse(const json::value& schema, const std::string& what);

  // What is wrong with `value`, each as "$.age: must be an integer, is a string"; empty where it is valid. At most
  // kMostViolations, in the order of the document.
  static constexpr size_t kMostViolations = 100;
  std::vector<std::string> violations(const json::value& value) const;

 private:
  explicit JsonSchema(json::value schema) : schema_(std::move(schema)) {}
  json::value schema_;  // checked: every keyword is known and well formed
};

}  // namespace hermes::verify
