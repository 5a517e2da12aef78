#include <fmt/format.h>

#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/steps.h"

namespace hermes::synth {
namespace {

// `from` is `factor` of the unit `to`.
struct Conversion {
  std::string_view from, to;
  int64_t factor;
};
constexpr Conversion kConversions[] = {{"km", "m", 1000}, {"m", "cm", 100},  {"cm", "mm", 10},    {"m", "mm", 1000},
                                       {"kg", "g", 1000}, {"t", "kg", 1000}, {"l", "ml", 1000},   {"h", "min", 60},
                                       {"min", "s", 60},  {"days", "h", 24}, {"weeks", "days", 7}};

// value / 10 in decimals: 35 -> "3.5".
std::string tenths(int64_t value) {
  return value % 10 == 0 ? fmt::format("{}", value / 10) : fmt::format("{}.{}", value / 10, value % 10);
}

std::string ask(Dice& dice, const std::string& value, std::string_view from, std::string_view to) {
  return fmt::format(fmt::runtime(dice.pick({"How many {2} are {0} {1}?", "Convert {0} {1} to {2}.",
                                             "What is {0} {1} in {2}?", "Express {0} {1} in {2}."})),
                     value, from, to);
}

Problem convert(int level, std::string text, const std::string& value, std::string_view from, std::string_view to,
                std::string steps, const std::string& result) {
  const double number = std::stod(value);
  json::value stated = value.find('.') == std::string::npos ? json::value(std::stoll(value)) : json::value(number);
  return question("units", std::string(from) + "_to_" + std::string(to), level,
                  fmt::format("units {} {} {}", value, from, to), std::move(text), std::move(steps),
                  fmt::format("{} {}", result, to),
                  {{"verifier", "units"}, {"value", stated}, {"from", from}, {"to", to}});
}

}  // namespace

Problem make_units(Dice& dice, int level) {
  const Conversion& c = dice.pick(kConversions);
  const bool decimal = c.factor % 10 == 0 && c.factor >= 100;
  if (level == 1 || (level == 2 && !decimal)) {  // whole numbers, to the smaller unit
    const int64_t value = dice.between(2, level == 1 ? 20 : 99), result = value * c.factor;
    const std::string steps =
        c.factor % 10 == 0 && c.factor != 60
            ? fmt::format("1 {} is {} {}. {}*{}={}", c.from, c.factor, c.to, value, c.factor, result)
            : fmt::format("1 {} is {} {}.\n{}", c.from, c.factor, c.to, multiply_steps(value, c.factor));
    return convert(level, ask(dice, fmt::format("{}", value), c.from, c.to), fmt::format("{}", value), c.from, c.to,
                   steps, fmt::format("{}", result));
  }
  if (level == 2) {  // decimals, to the smaller unit
    const int64_t value = dice.between(11, 199);
    const std::string shown = tenths(value);
    return convert(
        level, ask(dice, shown, c.from, c.to), shown, c.from, c.to,
        fmt::format("1 {} is {} {}. {}*{}={}", c.from, c.factor, c.to, shown, c.factor, value * c.factor / 10),
        fmt::format("{}", value * c.factor / 10));
  }
  // To the larger unit.
  const int64_t result = decimal ? dice.between(11, 199) : 10 * dice.between(2, 20);
  const int64_t value = result * c.factor / 10;
  return convert(level, ask(dice, fmt::format("{}", value), c.to, c.from), fmt::format("{}", value), c.to, c.from,
                 fmt::format("1 {} is {} {}. {}*{}={}, {}/{}={}", c.from, c.factor, c.to, tenths(result), c.factor,
                             value, value, c.factor, tenths(result)),
                 tenths(result));
}

}  // namespace hermes::synth
