// What a run leaves to read: metrics.jsonl, TensorBoard events and report.html, kept together.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "train/event_file.h"
#include "train/metrics.h"
#include "train/report.h"
#include "train/trainer.h"

namespace hermes::train {

class Records {
 public:
  // Goes on with the records of a run that is resumed after `last_step`; 0: a new one.
  static Result<Records> open(const std::filesystem::path& folder, int64_t last_step);
  Status add(const MetricPoint& point);
  // report.html, anew.
  Status write_report(const Recipe& recipe, const TrainingData& data, const Trainer& trainer) const;

 private:
  Records(std::filesystem::path folder, MetricLog log, EventFile events)
      : folder_(std::move(folder)), log_(std::move(log)), events_(std::move(events)) {}
  std::filesystem::path folder_;
  MetricLog log_;
  EventFile events_;
};

}  // namespace hermes::train
