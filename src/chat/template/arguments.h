// Binding what a call was given to the parameters of a built-in function, with Python's refusals.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "chat/template/objects.h"
#include "chat/template/run.h"

namespace hermes::chat::jinja {

// Fills `slots` (missing where not given). A parameter whose name begins with '/' can only be given by position.
bool bind_arguments(Run& run, std::string_view function, const Arguments& arguments,
                    std::span<const std::string_view> names, size_t required, std::span<Value> slots);

template <size_t N>
std::optional<std::array<Value, N>> bind(Run& run, std::string_view function, const Arguments& arguments,
                                         const std::string_view (&names)[N], size_t required) {
  std::array<Value, N> slots;
  if (!bind_arguments(run, function, arguments, names, required, slots)) return std::nullopt;
  return slots;
}
bool bind_nothing(Run& run, std::string_view function, const Arguments& arguments);

// The argument as its type; nullopt, and failed, where it has another. A missing one is the default.
std::optional<int64_t> to_integer(Run& run, const Value& v, std::optional<int64_t> otherwise = {});
std::optional<std::string_view> to_string(Run& run, const Value& v, std::optional<std::string_view> otherwise = {});

}  // namespace hermes::chat::jinja
