// Dice: what generators ask of randomness, over the counter-based Rng. The same seed gives the same problems anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/rng.h"

namespace hermes::synth {

class Dice {
 public:
  explicit Dice(uint64_t seed, uint64_t stream = 0) : rng_(seed, stream) {}

  int64_t between(int64_t low, int64_t high) {  // both included
    return low + static_cast<int64_t>(rng_.below(static_cast<uint64_t>(high - low + 1)));
  }
  bool chance(double p) { return rng_.uniform() < p; }

  template <class Container>
  const auto& pick(const Container& from) {
    HERMES_CHECK(std::size(from) > 0);
    return from[static_cast<size_t>(rng_.below(std::size(from)))];
  }
  std::string pick(std::initializer_list<std::string_view> from) {
    return std::string(from.begin()[rng_.below(from.size())]);
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[rng_.below(i)]);
  }

  // `n` different elements, in random order; n <= size.
  template <class Container>
  auto sample(const Container& from, size_t n) {
    using T = std::remove_cvref_t<decltype(from[0])>;
    HERMES_CHECK(n <= std::size(from));
    std::vector<T> all(std::begin(from), std::end(from));
    for (size_t i = 0; i < n; ++i) std::swap(all[i], all[i + rng_.below(all.size() - i)]);
    all.resize(n);
    return all;
  }

  // An index, drawn in proportion to its weight; the sum of the weights is above 0.
  size_t weighted(const std::vector<double>& weights) {
    double total = 0;
    for (const double w : weights) total += w;
    double left = rng_.uniform() * total;
    for (size_t i = 0; i + 1 < weights.size(); ++i) {
      if (left < weights[i]) return i;
      left -= weights[i];
    }
    return weights.size() - 1;
  }

 private:
  Rng rng_;
};

}  // namespace hermes::synth
