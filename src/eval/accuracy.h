// Shares of passed cases, with intervals.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/json.h"

namespace hermes::eval {

// Wilson's score interval at 95 % (Wilson 1927): honest for small n and shares near 0 and 1.
std::pair<double, double> wilson_interval(int64_t passed, int64_t n);

struct Accuracy {
  int64_t passed = 0, n = 0;
  void add(bool pass) { passed += pass ? 1 : 0, ++n; }
  double share() const { return n > 0 ? static_cast<double>(passed) / static_cast<double>(n) : 0; }
  json::object to_json() const;  // {"accuracy", "ci95": [low, high], "n"}
};

// By mode ("think", "direct"): all, by family, by family and level.
struct Scores {
  struct Mode {
    Accuracy all;
    std::map<std::string, Accuracy> families;
    std::map<std::string, std::map<int64_t, Accuracy>> levels;
  };
  std::map<std::string, Mode> modes;

  void add(const std::string& mode, const std::string& family, int64_t level, bool pass);
  std::string text() const;  // a table, the modes side by side
  json::object to_json(const std::string& task) const;
};

}  // namespace hermes::eval
