// One line on a terminal that rewrites itself: what is done, how fast, how long it will take. Silent elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace hermes::apps {

class ProgressLine {
 public:
  explicit ProgressLine(std::string unit);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `before`: how much of `done` an earlier run did, which says nothing of the rate. `note` comes at the end.
  void show(int64_t done, int64_t total, int64_t before = 0, std::string_view note = {});
  void clear();

 private:
  std::string unit_;
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace hermes::apps
