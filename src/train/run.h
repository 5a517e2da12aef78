// A training run from first step to finished model, with everything it leaves in its folder:
//   checkpoints/step-*.safetensors, metrics.jsonl, report.html, events.out.tfevents.* and model/
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>

#include "base/json.h"
#include "base/result.h"
#include "train/metrics.h"
#include "train/trainer.h"

namespace hermes::train {

struct RunOptions {
  std::filesystem::path folder;
  bool resume = false;                      // from the last checkpoint in the folder; else it must hold none
  json::object config;                      // config.json to begin the exported one with
  std::optional<double> time_limit;         // seconds; then as if interrupted
  const std::atomic<bool>* stop = nullptr;  // set by whoever wants the run to end after the present step
};

// Called on every rank, from the calling thread; any may be absent.
struct RunEvents {
  std::function<void(int64_t step, int64_t n_steps)> resumed;
  std::function<void(const MetricPoint&, double seconds_left)> step;
  std::function<void(const std::filesystem::path&)> saved;  // a checkpoint, or the model at the end
};

enum class RunEnd { kFinished, kInterrupted };

// Is there a checkpoint to resume, or is there none in the way of a new run? Cheap: to be asked before data is read.
Status check_run_folder(const std::filesystem::path& folder, bool resume);

// Interrupted runs have saved a checkpoint.
Result<RunEnd> run(Trainer& trainer, const Recipe& recipe, const TrainingData& data, collective::Collective& collective,
                   const RunOptions& options, const RunEvents& events = {});

}  // namespace hermes::train
