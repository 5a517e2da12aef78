#include "chat/template/arguments.h"

namespace hermes::chat::jinja {

bool bind_arguments(Run& run, std::string_view function, const Arguments& arguments,
                    std::span<const std::string_view> names, size_t required, std::span<Value> slots) {
  if (arguments.positional.size() > names.size()) {
    run.fail("{}() takes at most {} arguments ({} given)", function, names.size(), arguments.positional.size());
    return false;
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) slots[i] = arguments.positional[i];
  for (const Named& named : arguments.named) {
    size_t i = 0;
    while (i < names.size() && names[i] != named.name) ++i;
    if (i == names.size()) {
      run.fail("{}() got an unexpected keyword argument '{}'", function, named.name);
      return false;
    }
    if (!slots[i].is_missing()) {
      run.fail("{}() got multiple values for argument '{}'", function, named.name);
      return false;
    }
    slots[i] = named.value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!slots[i].is_missing()) continue;
    run.fail("{}() missing required argument: '{}'", function, names[i].substr(names[i].starts_with('/') ? 1 : 0));
    return false;
  }
  return true;
}

bool bind_nothing(Run& run, std::string_view function, const Arguments& arguments) {
  if (arguments.positional.empty() && arguments.named.empty()) return true;
  run.fail("{}() takes no arguments", function);
  return false;
}

std::optional<int64_t> to_integer(Run& run, const Value& v, std::optional<int64_t> otherwise) {
  if (v.is_missing() && otherwise) return otherwise;
  if (v.is_integral()) return v.as_integer();
  run.fail("'{}' object cannot be interpreted as an integer", type_name(v));
  return std::nullopt;
}

std::optional<std::string_view> to_string(Run& run, const Value& v, std::optional<std::string_view> otherwise) {
  if (v.is_missing() && otherwise) return otherwise;
  if (v.is_string()) return v.text();
  run.fail("expected a str, got {}", type_name(v));
  return std::nullopt;
}

}  // namespace hermes::chat::jinja
