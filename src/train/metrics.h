// What a run measures, a line of JSON a step: metrics.jsonl in the run's folder.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace hermes::train {

struct MetricPoint {
  int64_t step = 0;
  double loss = 0;
  std::optional<double> test_loss;  // after the step
  double learning_rate = 0;
  double gradient_norm = 0;
  double tokens_per_second = 0;  // of this step, all ranks
  int64_t n_tokens = 0;          // of this step
};

std::string to_json_line(const MetricPoint& point);
Result<MetricPoint> parse_metric(std::string_view line, const std::string& what);

// Lines are on disk, as far as the operating system is concerned, when add() returns.
class MetricLog {
 public:
  // Keeps the points of an earlier run up to `last_step`, which is where it goes on; what lies behind is dropped.
  static Result<MetricLog> open(const std::filesystem::path& path, int64_t last_step);
  Status add(const MetricPoint& point);
  const std::vector<MetricPoint>& points() const { return points_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  MetricLog(std::filesystem::path path, std::unique_ptr<std::FILE, Close> file, std::vector<MetricPoint> points)
      : path_(std::move(path)), file_(std::move(file)), points_(std::move(points)) {}
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<MetricPoint> points_;
};

}  // namespace hermes::train
