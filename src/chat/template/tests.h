// Jinja's tests: value is name(arguments).
#pragma once

#include <string_view>

#include "chat/template/objects.h"
#include "chat/template/run.h"

namespace hermes::chat::jinja {

struct TestEntry {
  std::string_view name;
  Value (*call)(Run&, const Value& value, const Arguments&);  // a bool
};

const TestEntry* find_test(std::string_view name);  // nullptr where there is none

}  // namespace hermes::chat::jinja
