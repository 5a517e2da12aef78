#include "eval/accuracy.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <set>

namespace hermes::eval {
namespace {

std::string cell(const Accuracy* accuracy) {
  if (accuracy == nullptr || accuracy->n == 0) return "-";
  const auto [low, high] = wilson_interval(accuracy->passed, accuracy->n);
  return fmt::format("{:5.1f} % [{:.0f}-{:.0f}] {:>5}", 100 * accuracy->share(), 100 * low, 100 * high, accuracy->n);
}

template <class Map, class Key>
const typename Map::mapped_type* find(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

std::pair<double, double> wilson_interval(int64_t passed, int64_t n) {
  if (n == 0) return {0, 1};
  constexpr double z = 1.959963984540054;
  const auto count = static_cast<double>(n);
  const double p = static_cast<double>(passed) / count;
  const double centre = (p + z * z / (2 * count)) / (1 + z * z / count);
  const double half = z * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / (1 + z * z / count);
  // Exactly 0 and 1 at the ends, where rounding would miss them.
  return {passed == 0 ? 0.0 : centre - half, passed == n ? 1.0 : centre + half};
}

json::object Accuracy::to_json() const {
  const auto [low, high] = wilson_interval(passed, n);
  return {{"accuracy", share()}, {"ci95", json::array{low, high}}, {"n", n}};
}

void Scores::add(const std::string& mode, const std::string& family, int64_t level, bool pass) {
  Mode& scores = modes[mode];
  scores.all.add(pass);
  scores.families[family].add(pass);
  scores.levels[family][level].add(pass);
}

std::string Scores::text() const {
  std::set<std::string> names;
  std::map<std::string, std::set<int64_t>> levels;
  std::string out = fmt::format("{:<18}", "family, level");
  for (const auto& [mode, scores] : modes) {
    out += fmt::format("{:>24}", mode);
    for (const auto& [family, by_level] : scores.levels) {
      names.insert(family);
      for (const auto& [level, accuracy] : by_level) levels[family].insert(level);
    }
  }
  out += '\n';
  const auto line = [&](const std::string& name, auto&& pick) {
    out += fmt::format("{:<18}", name);
    for (const auto& [mode, scores] : modes) out += fmt::format("{:>24}", cell(pick(scores)));
    out += '\n';
  };
  for (const std::string& family : names) {
    line(family, [&](const Mode& mode) { return find(mode.families, family); });
    if (levels[family].size() < 2) continue;
    for (const int64_t level : levels[family]) {
      line(fmt::format("  level {}", level), [&](const Mode& mode) -> const Accuracy* {
        const auto* by_level = find(mode.levels, family);
        return by_level == nullptr ? nullptr : find(*by_level, level);
      });
    }
  }
  line("all", [](const Mode& mode) { return &mode.all; });
  return out;
}

json::object Scores::to_json(const std::string& task) const {
  json::array list;
  for (const auto& [mode, scores] : modes) {
    json::object one{{"task", task}, {"mode", mode}};
    for (const auto& member : scores.all.to_json()) one[member.key()] = member.value();
    json::object by;
    for (const auto& [family, by_level] : scores.levels) {
      json::object cells{{"all", scores.families.at(family).to_json()}};
      for (const auto& [level, accuracy] : by_level) cells[fmt::format("{}", level)] = accuracy.to_json();
      by[family] = std::move(cells);
    }
    one["by"] = std::move(by);
    list.push_back(std::move(one));
  }
  return {{"task", task}, {"results", std::move(list)}};
}

}  // namespace hermes::eval
