#include "train/records.h"

#include <chrono>

#include "base/file.h"

namespace hermes::train {
namespace {

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// 5242880 as "5.24 M".
std::string count_text(double n) {
  if (n >= 1e9) return fmt::format("{:.2f} G", n / 1e9);
  if (n >= 1e6) return fmt::format("{:.2f} M", n / 1e6);
  if (n >= 1e4) return fmt::format("{:.1f} k", n / 1e3);
  return fmt::format("{:.0f}", n);
}

}  // namespace

Result<Records> Records::open(const std::filesystem::path& folder, int64_t last_step) {
  HERMES_ASSIGN(MetricLog log, MetricLog::open(folder / "metrics.jsonl", last_step));
  HERMES_ASSIGN(EventFile events, EventFile::create(folder, wall_time()));
  return Records(folder, std::move(log), std::move(events));
}

Status Records::add(const MetricPoint& point) {
  HERMES_TRY(log_.add(point));
  std::vector<Scalar> scalars{{"loss/training", static_cast<float>(point.loss)},
                              {"learning_rate", static_cast<float>(point.learning_rate)},
                              {"gradient_norm", static_cast<float>(point.gradient_norm)},
                              {"tokens_per_second", static_cast<float>(point.tokens_per_second)}};
  if (point.test_loss) scalars.push_back({"loss/held_out", static_cast<float>(*point.test_loss)});
  return events_.add(wall_time(), point.step, scalars);
}

Status Records::write_report(const Recipe& recipe, const TrainingData& data, const Trainer& trainer) const {
  const std::vector<MetricPoint>& points = log_.points();
  double tokens = 0, seconds = 0;
  for (const MetricPoint& point : points) {
    tokens += static_cast<double>(point.n_tokens);
    seconds += static_cast<double>(point.n_tokens) / point.tokens_per_second;
  }
  ReportFacts facts{.title = recipe.name + ": training", .rows = {}};
  const auto fact = [&](std::string name, std::string value) {
    facts.rows.emplace_back(std::move(name), std::move(value));
  };
  fact("architecture", trainer.spec().model_type);
  fact("parameters", count_text(static_cast<double>(trainer.spec().parameter_count())));
  fact("steps", fmt::format("{} of {}, {:.2f} epochs", trainer.steps_done(), trainer.n_steps(), trainer.epochs_done()));
  fact("tokens read", count_text(tokens));
  fact("time in steps", fmt::format("{:.0f} s, {} tokens/s", seconds, count_text(seconds > 0 ? tokens / seconds : 0)));
  fact("samples", fmt::format("{} trained on, {} too long, {} held out", data.rows.samples.size(), data.rows.n_dropped,
                              data.test.size()));
  fact("packing",
       fmt::format("{} rows, {:.2f} % full", data.rows.n_rows(), 100 * data.rows.efficiency(recipe.row_tokens)));
  if (!points.empty()) fact("last loss", fmt::format("{:.4f}", points.back().loss));
  for (auto it = points.rbegin(); it != points.rend(); ++it) {
    if (!it->test_loss) continue;
    fact("last held-out loss", fmt::format("{:.4f} after step {}", *it->test_loss, it->step));
    break;
  }
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(folder_ / "report.html"));
  HERMES_TRY(file.write(html_report(facts, recipe, points)));
  return file.commit();
}

}  // namespace hermes::train
