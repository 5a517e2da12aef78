// HERMES_CHECK: our own mistakes end the program, in every build, with the place and the values.
// Never reachable by input: what a user can send goes through Result (result.h).
#pragma once

#include <fmt/format.h>

#include <string>

namespace hermes {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& detail);

inline std::string check_detail() { return {}; }
template <class... A>
std::string check_detail(fmt::format_string<A...> format, A&&... args) {
  return fmt::format(format, std::forward<A>(args)...);
}

}  // namespace hermes

#define HERMES_CHECK(condition, ...)                                                               \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::hermes::check_failed(__FILE__, __LINE__, #condition, ::hermes::check_detail(__VA_ARGS__)); \
  } while (false)
