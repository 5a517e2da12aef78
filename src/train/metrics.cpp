#include "train/metrics.h"

#include <boost/json.hpp>

#include "base/file.h"
#include "base/json.h"

namespace hermes::train {
namespace {

constexpr size_t kMaxLogBytes = size_t{1} << 30;

}  // namespace

std::string to_json_line(const MetricPoint& point) {
  json::object object{{"step", point.step},
                      {"loss", point.loss},
                      {"learning_rate", point.learning_rate},
                      {"gradient_norm", point.gradient_norm},
                      {"tokens_per_second", point.tokens_per_second},
                      {"n_tokens", point.n_tokens}};
  if (point.test_loss) object["test_loss"] = *point.test_loss;
  return to_json_text(object) + "\n";
}

Result<MetricPoint> parse_metric(std::string_view line, const std::string& what) {
  HERMES_ASSIGN(const json::value value, parse_json(line, what));
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  MetricPoint point;
  HERMES_ASSIGN(point.step, object.integer("step"));
  HERMES_ASSIGN(point.loss, object.number("loss"));
  HERMES_ASSIGN(point.learning_rate, object.number("learning_rate"));
  HERMES_ASSIGN(point.gradient_norm, object.number("gradient_norm"));
  HERMES_ASSIGN(point.tokens_per_second, object.number("tokens_per_second"));
  HERMES_ASSIGN(point.n_tokens, object.integer("n_tokens"));
  HERMES_ASSIGN(point.test_loss, object.optional_number("test_loss"));
  return point;
}

Result<MetricLog> MetricLog::open(const std::filesystem::path& path, int64_t last_step) {
  std::vector<MetricPoint> points;
  std::string kept;
  if (last_step > 0 && std::filesystem::exists(path)) {
    HERMES_ASSIGN(const std::string text, read_text_file(path, kMaxLogBytes));
    size_t begin = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin)) {
      HERMES_ASSIGN(const MetricPoint point,
                    parse_metric(std::string_view(text).substr(begin, end - begin), path.string()));
      if (point.step > last_step) break;
      points.push_back(point);
      kept += to_json_line(point);
    }
  }
  HERMES_ASSIGN(AtomicFile fresh, AtomicFile::create(path));
  HERMES_TRY(fresh.write(kept));
  HERMES_TRY(fresh.commit());
  std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "ab"));
  if (!file) return Error::io("{}: cannot be opened to append", path.string());
  return MetricLog(path, std::move(file), std::move(points));
}

Status MetricLog::add(const MetricPoint& point) {
  const std::string line = to_json_line(point);
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || std::fflush(file_.get()) != 0) {
    return Error::io("{}: writing failed", path_.string());
  }
  points_.push_back(point);
  return {};
}

}  // namespace hermes::train
