#include "apps/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace hermes::apps {
namespace {

std::string duration(double seconds) {
  const auto s = static_cast<int64_t>(seconds);
  if (s < 100) return fmt::format("{} s", s);
  if (s < 6000) return fmt::format("{} min", (s + 30) / 60);
  return fmt::format("{:.1f} h", static_cast<double>(s) / 3600);
}

}  // namespace

ProgressLine::ProgressLine(std::string unit) : unit_(std::move(unit)), terminal_(::isatty(STDERR_FILENO) != 0) {}

void ProgressLine::show(int64_t done, int64_t total, int64_t before, std::string_view note) {
  if (!terminal_) return;
  constexpr int kWidth = 24;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(std::max<int64_t>(0, done - before)) / seconds : 0;
  const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
  std::string line = "\r\033[K[";
  for (int i = 0; i < kWidth; ++i) line += i < static_cast<int>(share * kWidth + 0.5) ? '#' : '.';
  line += fmt::format("] {} of {} {}", done, total, unit_);
  if (rate > 0) {
    line += fmt::format(", {:.{}f}/s, {} left", rate, rate < 10 ? 1 : 0,
                        duration(static_cast<double>(total - done) / rate));
  }
  if (!note.empty()) line += fmt::format(", {}", note);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
  shown_ = true;
}

void ProgressLine::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

}  // namespace hermes::apps
