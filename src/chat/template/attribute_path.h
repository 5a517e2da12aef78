// What filters take as `attribute`: "address.city.0", or a number.
#pragma once

#include "chat/template/run.h"
#include "chat/template/value.h"

namespace hermes::chat::jinja {

class AttributePath {
 public:
  explicit AttributePath(Run& run) : run_(&run), parts_(run.arena()) {}

  // A missing or none attribute means the item itself; false where it is no path.
  bool read(const Value& attribute);
  bool read_text(std::string_view path);
  // `otherwise` (where it is not missing or none) stands in for what is undefined on the way.
  Value get(const Value& item, const Value& otherwise = {}) const;

 private:
  Run* run_;
  ArenaVector<Value> parts_;
};

// Texts in lower case, for comparisons that ignore case; other values as they are.
Value ignore_case(Run& run, const Value& value);

}  // namespace hermes::chat::jinja
