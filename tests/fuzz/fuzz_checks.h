// What every fuzz target asks of the code under test.
#pragma once

#include <cstdlib>
#include <string_view>

#include "base/result.h"
#include "base/utf8.h"

namespace hermes {

inline void require(bool holds) {
  if (!holds) std::abort();
}

// Whether it went well; a refusal has a message that is UTF-8.
template <class T>
bool fine(const Result<T>& result) {
  if (!result.ok()) require(find_invalid_utf8(result.error().message()) == std::string_view::npos);
  return result.ok();
}

}  // namespace hermes
