#include "train/report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <functional>

namespace hermes::train {
namespace {

constexpr double kWidth = 720, kHeight = 240, kLeft = 64, kRight = 12, kTop = 12, kBottom = 28;
constexpr size_t kMostPoints = 1000;  // of a curve; a page of a long run stays small
constexpr int kTicks = 4;

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fff; --grid: #ddd; --one: #2166ac; --two: #c2410c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e4; --paper: #16181b; --grid: #383b40; --one: #6cb0f0; --two: #f0935a; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 760px;
  margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.1em; margin: 1.6em 0 .3em; }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 11px; }
.grid { stroke: var(--grid); } .curve { fill: none; stroke-width: 1.5; } .one { stroke: var(--one); }
.two { stroke: var(--two); } .dot { fill: var(--two); stroke: none; }
table { border-collapse: collapse; } td { padding: .15em 1em .15em 0; vertical-align: top; }
td:first-child { opacity: .7; } td:last-child { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
</style>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

struct Curve {
  std::string_view name;
  std::string_view css_class;
  std::vector<std::pair<double, double>> points;  // step, value
  bool dots = false;                              // each point is marked
};

// Neighbours averaged until few enough are left.
std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>>& points) {
  const size_t piece = (points.size() + kMostPoints - 1) / kMostPoints;
  if (piece <= 1) return points;
  std::vector<std::pair<double, double>> out;
  for (size_t begin = 0; begin < points.size(); begin += piece) {
    const size_t end = std::min(points.size(), begin + piece);
    double x = 0, y = 0;
    for (size_t i = begin; i < end; ++i) {
      x += points[i].first;
      y += points[i].second;
    }
    out.emplace_back(x / static_cast<double>(end - begin), y / static_cast<double>(end - begin));
  }
  return out;
}

// The next of 1, 2, 5 times a power of ten that divides the range into about kTicks.
double tick_step(double range) {
  const double rough = range / kTicks, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

std::string chart(std::span<const Curve> curves) {
  double x_min = HUGE_VAL, x_max = -HUGE_VAL, y_min = HUGE_VAL, y_max = -HUGE_VAL;
  for (const Curve& curve : curves) {
    for (const auto& [x, y] : curve.points) {
      x_min = std::min(x_min, x);
      x_max = std::max(x_max, x);
      y_min = std::min(y_min, y);
      y_max = std::max(y_max, y);
    }
  }
  if (!(x_min <= x_max)) return "<p>nothing measured</p>\n";
  const double x_range = x_max > x_min ? x_max - x_min : 1;
  const double y_margin = y_max > y_min ? 0.05 * (y_max - y_min) : std::max(std::abs(y_max), 1e-9) * 0.5;
  y_min -= y_margin;
  y_max += y_margin;
  const auto at_x = [&](double x) { return kLeft + (x - x_min) / x_range * (kWidth - kLeft - kRight); };
  const auto at_y = [&](double y) { return kTop + (y_max - y) / (y_max - y_min) * (kHeight - kTop - kBottom); };

  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">\n", kWidth, kHeight);
  const double y_step = tick_step(y_max - y_min), x_step = std::max(1.0, tick_step(x_range));
  for (double y = std::ceil(y_min / y_step) * y_step; y <= y_max; y += y_step) {
    const double shown = std::abs(y) < y_step / 2 ? 0 : y;  // not 1e-17
    svg += fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", kLeft, kWidth - kRight,
                       at_y(y), at_y(y));
    svg +=
        fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.4g}</text>\n", kLeft - 6, at_y(y) + 4, shown);
  }
  for (double x = std::ceil(x_min / x_step) * x_step; x <= x_max; x += x_step) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.6g}</text>\n", at_x(x), kHeight - 8, x);
  }
  double legend_x = kLeft + 8;
  for (const Curve& curve : curves) {
    if (curve.points.empty()) continue;
    svg += fmt::format("<polyline class=\"curve {}\" points=\"", curve.css_class);
    const auto points = thinned(curve.points);
    for (const auto& [x, y] : points) svg += fmt::format("{:.1f},{:.1f} ", at_x(x), at_y(y));
    svg += "\"/>\n";
    if (curve.dots || points.size() == 1) {
      for (const auto& [x, y] : points) {
        svg += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\"/>", at_x(x), at_y(y));
      }
    }
    if (curves.size() > 1) {
      svg += fmt::format("<line class=\"curve {}\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", curve.css_class,
                         legend_x, legend_x + 18, kTop + 8, kTop + 8);
      svg += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", legend_x + 24, kTop + 12, escaped(curve.name));
      legend_x += 110;
    }
  }
  return svg + "</svg>\n";
}

std::vector<std::pair<double, double>> series(std::span<const MetricPoint> points,
                                              const std::function<std::optional<double>(const MetricPoint&)>& value) {
  std::vector<std::pair<double, double>> out;
  for (const MetricPoint& point : points) {
    const auto y = value(point);
    if (y && std::isfinite(*y)) out.emplace_back(static_cast<double>(point.step), *y);
  }
  return out;
}

std::string table(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::string html = "<table>\n";
  for (const auto& [name, value] : rows) {
    html += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escaped(name), escaped(value));
  }
  return html + "</table>\n";
}

// One row for each number or text of the recipe, with its path.
void flatten(const json::object& object, const std::string& path,
             std::vector<std::pair<std::string, std::string>>& rows) {
  for (const auto& member : object) {
    const std::string name = path + std::string(member.key());
    if (member.value().is_object())
      flatten(member.value().get_object(), name + ".", rows);
    else if (const auto* text = member.value().if_string())
      rows.emplace_back(name, std::string(*text));
    else if (const auto* number = member.value().if_double())
      rows.emplace_back(name, fmt::format("{}", *number));
    else
      rows.emplace_back(name, to_json_text(member.value()));
  }
}

}  // namespace

std::string html_report(const ReportFacts& facts, const Recipe& recipe, std::span<const MetricPoint> points) {
  const auto loss = series(points, [](const MetricPoint& p) { return std::optional(p.loss); });
  const auto test_loss = series(points, [](const MetricPoint& p) { return p.test_loss; });
  const auto rate = series(points, [](const MetricPoint& p) { return std::optional(p.learning_rate); });
  const auto norm = series(points, [](const MetricPoint& p) { return std::optional(p.gradient_norm); });
  const auto speed = series(points, [](const MetricPoint& p) { return std::optional(p.tokens_per_second); });

  std::string html(kHead);
  html += fmt::format("<title>{}</title></head><body>\n<h1>{}</h1>\n", escaped(facts.title), escaped(facts.title));
  html += table(facts.rows);
  const Curve losses[] = {{"training", "one", loss}, {"held out", "two", test_loss, true}};
  html += "<h2>Loss, nats per trained token</h2>\n" + chart(losses);
  const std::pair<std::string_view, const std::vector<std::pair<double, double>>&> others[] = {
      {"Norm of the gradient", norm}, {"Learning rate", rate}, {"Tokens per second", speed}};
  for (const auto& [name, values] : others) {
    const Curve curve{name, "one", values};
    html += fmt::format("<h2>{}</h2>\n", name) + chart(std::span(&curve, 1));
  }
  std::vector<std::pair<std::string, std::string>> rows;
  flatten(recipe.source, "", rows);
  html += "<h2>Recipe</h2>\n" + table(rows) + "</body></html>\n";
  return html;
}

}  // namespace hermes::train
