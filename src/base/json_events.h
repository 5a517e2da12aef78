// What every handler of Boost.JSON's parser events must say of itself: no limit on sizes here (whoever reads bounds the
// text), and the type of its errors. Handlers inherit it.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <limits>

namespace hermes {

struct UnboundedJsonEvents {
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_array_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_key_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_string_size = std::numeric_limits<size_t>::max();
  using error_code = boost::system::error_code;
};

}  // namespace hermes
