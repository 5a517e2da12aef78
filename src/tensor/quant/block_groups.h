// Runs an encoder's search over a row, 256 elements at a time: a super-block, or eight blocks of 32 side by side.
#pragma once

#include <algorithm>
#include <cstdint>

namespace hermes::quant {

inline constexpr int kGroup = 256;

template <class Search, class Store>
void encode_groups(const float* x, int64_t n, const float* importance, const Store& store) {
  Search search;
  for (int64_t first = 0; first < n; first += kGroup) {
    const int64_t here = std::min<int64_t>(n - first, kGroup);
    if (here == kGroup) {
      search.encode(x + first, importance == nullptr ? nullptr : importance + first);
    } else {  // fewer than eight blocks: zeros for the rest
      float x_here[kGroup] = {}, importance_here[kGroup] = {};
      std::copy_n(x + first, here, x_here);
      if (importance != nullptr) std::copy_n(importance + first, here, importance_here);
      search.encode(x_here, importance == nullptr ? nullptr : importance_here);
    }
    store(search, first, here);
  }
}

// store(search, first element, number of elements)
template <template <class, bool> class Search, class Shape, class Store>
void encode_searching(const float* x, int64_t n, const float* importance, const Store& store) {
  if (importance == nullptr) {
    encode_groups<Search<Shape, false>>(x, n, importance, store);
  } else {
    encode_groups<Search<Shape, true>>(x, n, importance, store);
  }
}

}  // namespace hermes::quant
