#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/steps.h"

namespace hermes::synth {
namespace {

int64_t power_of_ten(int n) { return n == 0 ? 1 : 10 * power_of_ten(n - 1); }
// A number of exactly `digits` digits; 0 to 9 for one.
int64_t number_of(Dice& dice, int digits) {
  return dice.between(digits == 1 ? 0 : power_of_ten(digits - 1), power_of_ten(digits) - 1);
}
int64_t number_up_to(Dice& dice, int digits) { return number_of(dice, static_cast<int>(dice.between(1, digits))); }

std::string ask(Dice& dice, const std::string& expression) {
  return fmt::format(fmt::runtime(dice.pick({"What is {}?", "Compute {}.", "{} = ?", "Calculate {}.", "How much is {}?",
                                             "{}", "Please work out {}.", "Find {}."})),
                     expression);
}

Problem arithmetic(Dice& dice, std::string kind, int level, const std::string& expression, std::string steps,
                   int64_t result) {
  return question("arithmetic", std::move(kind), level, "arithmetic " + expression, ask(dice, expression),
                  std::move(steps), fmt::format("{}", result), {{"verifier", "number"}, {"expression", expression}});
}

Problem sum(Dice& dice, int level) {
  static constexpr int kCount[] = {2, 3, 4, 5}, kDigits[] = {2, 3, 3, 4};
  const int count = level == 1 ? 2 : static_cast<int>(dice.between(2, kCount[level - 1]));
  std::vector<int64_t> numbers;
  std::string expression;
  int64_t result = 0;
  for (int i = 0; i < count; ++i) {
    const int digits = kDigits[level - 1];
    numbers.push_back(number_of(dice, static_cast<int>(dice.between(std::max(1, digits - 1), digits))));
    expression += fmt::format("{}{}", i > 0 ? " + " : "", numbers.back());
    result += numbers.back();
  }
  return arithmetic(dice, "sum", level, expression, sum_steps(numbers), result);
}

Problem difference(Dice& dice, int level) {
  static constexpr int kDigits[] = {2, 3, 4, 5};
  int64_t a = number_up_to(dice, kDigits[level - 1]), b = number_up_to(dice, kDigits[level - 1]);
  if (level > 1) a = number_of(dice, kDigits[level - 1]);
  if (a < b && (level < 3 || dice.chance(0.7))) std::swap(a, b);
  return arithmetic(dice, "difference", level, fmt::format("{} - {}", a, b), subtract_steps(a, b), a - b);
}

Problem product(Dice& dice, int level) {
  int64_t a = dice.between(2, 12), b = dice.between(2, 12);
  if (level == 2) b = number_of(dice, static_cast<int>(dice.between(2, 3))), a = dice.between(2, 9);
  if (level == 3) a = number_of(dice, 2), b = number_of(dice, 2);
  if (level == 4) a = number_of(dice, 2), b = number_of(dice, 3);
  if (dice.chance(0.5)) std::swap(a, b);
  return arithmetic(dice, "product", level, fmt::format("{} * {}", a, b), multiply_steps(a, b), a * b);
}

Problem mixed(Dice& dice, int level) {
  const auto small = [&] { return dice.between(2, 9); };
  const auto medium = [&] { return dice.between(10, 99); };
  const auto join = [](std::initializer_list<std::string> lines) {
    std::string out;
    for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
    return out;
  };
  if (level == 1) {
    const int64_t a = medium(), b = medium(), c = dice.between(2, a + b);
    return arithmetic(dice, "mixed", level, fmt::format("{} + {} - {}", a, b, c),
                      join({add_steps(a, b), subtract_steps(a + b, c)}), a + b - c);
  }
  if (level == 2) {
    const int64_t a = small(), b = medium(), c = medium();
    const bool first = dice.chance(0.5);
    return arithmetic(dice, "mixed", level,
                      first ? fmt::format("{} * {} + {}", a, b, c) : fmt::format("{} + {} * {}", c, a, b),
                      join({multiply_steps(a, b), first ? add_steps(a * b, c) : add_steps(c, a * b)}), a * b + c);
  }
  if (level == 3) {
    const int64_t a = medium(), b = medium(), c = small(), d = dice.between(10, 199);
    return arithmetic(dice, "mixed", level, fmt::format("({} + {}) * {} - {}", a, b, c, d),
                      join({add_steps(a, b), multiply_steps(a + b, c), subtract_steps((a + b) * c, d)}),
                      (a + b) * c - d);
  }
  const int64_t a = dice.between(20, 199), b = dice.between(2, a - 2), c = small(), d = medium(), e = small();
  if (dice.chance(0.5)) {
    return arithmetic(
        dice, "mixed", level, fmt::format("({} - {}) * {} + {} * {}", a, b, c, d, e),
        join({subtract_steps(a, b), multiply_steps(a - b, c), multiply_steps(d, e), add_steps((a - b) * c, d * e)}),
        (a - b) * c + d * e);
  }
  return arithmetic(dice, "mixed", level, fmt::format("{} * ({} + ({} - {}))", c, d, a, b),
                    join({subtract_steps(a, b), add_steps(d, a - b), multiply_steps(c, d + a - b)}), c * (d + a - b));
}

}  // namespace

Problem make_arithmetic(Dice& dice, int level) {
  switch (dice.weighted({3, 2, 2, 2})) {
    case 0:
      return sum(dice, level);
    case 1:
      return difference(dice, level);
    case 2:
      return product(dice, level);
    default:
      return mixed(dice, level);
  }
}

}  // namespace hermes::synth
