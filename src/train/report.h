// A run as one HTML page that needs nothing else: curves as inline SVG, the recipe as a table; light or dark as the
// reader's system is. No scripts.
#pragma once

#include <span>
#include <string>

#include "train/metrics.h"
#include "train/recipe.h"

namespace hermes::train {

struct ReportFacts {
  std::string title;
  std::vector<std::pair<std::string, std::string>> rows;  // "parameters", "5.2 M", ...
};

std::string html_report(const ReportFacts& facts, const Recipe& recipe, std::span<const MetricPoint> points);

}  // namespace hermes::train
