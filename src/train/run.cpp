#include "train/run.h"

#include <chrono>

#include "train/checkpoint.h"
#include "train/export.h"
#include "train/records.h"

namespace hermes::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::filesystem::path checkpoints_of(const std::filesystem::path& folder) { return folder / "checkpoints"; }

class Run {
 public:
  Run(Trainer& trainer, const Recipe& recipe, const TrainingData& data, collective::Collective& collective,
      const RunOptions& options, const RunEvents& events)
      : trainer_(trainer), recipe_(recipe), data_(data), collective_(collective), options_(options), events_(events) {}

  Result<RunEnd> go() {
    HERMES_TRY(agree(collective_, begin()));
    start_ = Clock::now();
    first_step_ = trainer_.steps_done();
    while (trainer_.steps_done() < trainer_.n_steps()) {
      HERMES_TRY(one_step());
      const bool last = trainer_.steps_done() == trainer_.n_steps();
      const bool stop = asked_to_stop();
      if (stop || last || is_due(recipe_.checkpoint_every)) HERMES_TRY(save());
      if (stop && !last) return RunEnd::kInterrupted;
    }
    HERMES_TRY(agree(collective_, first_rank() ? finish() : Status()));
    return RunEnd::kFinished;
  }

 private:
  bool first_rank() const { return collective_.rank() == 0; }
  bool is_due(int64_t every) const { return every > 0 && trainer_.steps_done() % every == 0; }
  std::filesystem::path checkpoints() const { return checkpoints_of(options_.folder); }

  Status begin() {
    HERMES_TRY(check_run_folder(options_.folder, options_.resume));
    std::error_code error;
    std::filesystem::create_directories(options_.folder, error);
    if (error) return Error::io("{}: {}", options_.folder.string(), error.message());
    HERMES_ASSIGN(const auto last, last_checkpoint(checkpoints()));
    if (last) {
      HERMES_TRY(restore_checkpoint(*last, recipe_, data_.fingerprint, trainer_));
      if (events_.resumed) events_.resumed(trainer_.steps_done(), trainer_.n_steps());
    }
    if (first_rank()) {
      HERMES_ASSIGN(Records records, Records::open(options_.folder, trainer_.steps_done()));
      records_.emplace(std::move(records));
    }
    return {};
  }

  Status one_step() {
    const auto start = Clock::now();
    HERMES_ASSIGN(const StepResult result, trainer_.step());
    const double seconds = seconds_since(start);
    MetricPoint point{.step = result.step,
                      .loss = result.loss,
                      .test_loss = std::nullopt,
                      .learning_rate = result.learning_rate,
                      .gradient_norm = result.gradient_norm,
                      .tokens_per_second = static_cast<double>(result.n_tokens) / seconds,
                      .n_tokens = result.n_tokens};
    const bool last = trainer_.steps_done() == trainer_.n_steps();
    if (is_due(recipe_.eval_every) || last) point.test_loss = trainer_.evaluate();
    HERMES_TRY(agree(collective_, record(point)));
    if (events_.step) {
      const auto done = static_cast<double>(trainer_.steps_done() - first_step_);
      const auto left = static_cast<double>(trainer_.n_steps() - trainer_.steps_done());
      events_.step(point, seconds_since(start_) / done * left);
    }
    return {};
  }

  // On the first rank, which alone keeps records.
  Status record(const MetricPoint& point) {
    if (!records_) return {};
    return records_->add(point);
  }

  // All ranks agree: one that is asked stops all.
  bool asked_to_stop() {
    const bool late = options_.time_limit && seconds_since(start_) > *options_.time_limit;
    double wishes = late || (options_.stop != nullptr && *options_.stop) ? 1 : 0;
    collective_.all_reduce_sum(std::span(&wishes, 1));
    return wishes > 0;
  }

  Status save() {
    HERMES_TRY(agree(collective_, first_rank() ? write_checkpoint() : Status()));
    if (events_.saved) events_.saved(checkpoints());
    return {};
  }
  Status write_checkpoint() {
    HERMES_TRY(save_checkpoint(checkpoints(), recipe_, data_.fingerprint, trainer_));
    return records_->write_report(recipe_, data_, trainer_);
  }

  Status finish() {
    const std::filesystem::path folder = options_.folder / "model";
    HERMES_TRY(export_model(folder, recipe_, options_.config, trainer_.spec(), data_, trainer_.parameters()));
    if (events_.saved) events_.saved(folder);
    return {};
  }

  Trainer& trainer_;
  const Recipe& recipe_;
  const TrainingData& data_;
  collective::Collective& collective_;
  const RunOptions& options_;
  const RunEvents& events_;
  std::optional<Records> records_;  // on the first rank
  Clock::time_point start_;
  int64_t first_step_ = 0;
};

}  // namespace

Status check_run_folder(const std::filesystem::path& folder, bool resume) {
  HERMES_ASSIGN(const auto last, last_checkpoint(checkpoints_of(folder)));
  if (last && !resume) {
    return Error::invalid("{}: there is a run already; resume it, or give another output folder", last->string());
  }
  if (!last && resume) return Error::not_found("{}: no checkpoint to resume from", checkpoints_of(folder).string());
  return {};
}

Result<RunEnd> run(Trainer& trainer, const Recipe& recipe, const TrainingData& data, collective::Collective& collective,
                   const RunOptions& options, const RunEvents& events) {
  return Run(trainer, recipe, data, collective, options, events).go();
}

}  // namespace hermes::train
