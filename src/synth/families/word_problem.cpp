#include <fmt/format.h>

#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/steps.h"
#include "synth/words.h"

namespace hermes::synth {
namespace {

// A story: sentences, the expression it comes to, the steps, and what is asked at the end.
struct Story {
  std::string text;
  std::string expression;
  std::string steps;
  int64_t result = 0;
};

void add_line(std::string& steps, const std::string& line) { steps += (steps.empty() ? "" : "\n") + line; }

// Someone has things; they come and go, `changes` times.
Story give_and_take(Dice& dice, int changes, int64_t most) {
  const auto names = dice.sample(first_names(), 3);
  const std::string thing(dice.pick(things()));
  Story story;
  story.result = dice.between(3, most);
  story.expression = fmt::format("{}", story.result);
  story.text = fmt::format("{} has {} {}.", names[0], story.result, thing);
  for (int i = 0; i < changes; ++i) {
    const bool gains = story.result < 5 || dice.chance(0.5);
    if (gains) {
      const bool bags = changes > 1 && dice.chance(0.35);
      const int64_t n = dice.between(2, 9), each = dice.between(2, 12),
                    amount = bags ? n * each : dice.between(2, most);
      if (bags) {
        story.text += fmt::format(
            fmt::runtime(dice.pick({" {} buys {} bags with {} {} each.", " {} finds {} boxes of {} {} each."})),
            names[0], n, each, thing);
        add_line(story.steps, multiply_steps(n, each));
        story.expression += fmt::format(" + {} * {}", n, each);
      } else {
        story.text += fmt::format(fmt::runtime(dice.pick({" {0} buys {1} more.", " {2} gives {0} {1} more.",
                                                          " Then {0} finds {1} {3}.", " {0} gets {1} from {2}."})),
                                  names[0], amount, names[static_cast<size_t>(dice.between(1, 2))], thing);
        story.expression += fmt::format(" + {}", amount);
      }
      add_line(story.steps, add_steps(story.result, amount));
      story.result += amount;
    } else {
      const int64_t amount = dice.between(1, story.result);
      story.text += fmt::format(fmt::runtime(dice.pick({" {0} gives {1} to {2}.", " {0} loses {1} of them.",
                                                        " {0} sells {1} {3}.", " {2} takes {1} away."})),
                                names[0], amount, names[static_cast<size_t>(dice.between(1, 2))], thing);
      add_line(story.steps, subtract_steps(story.result, amount));
      story.expression += fmt::format(" - {}", amount);
      story.result -= amount;
    }
  }
  story.text +=
      fmt::format(fmt::runtime(dice.pick({" How many {1} does {0} have now?", " How many {1} are left for {0}?",
                                          " How many {1} does {0} have in the end?"})),
                  names[0], thing);
  return story;
}

Story shopping(Dice& dice, int64_t most) {
  const auto names = dice.sample(first_names(), 1);
  const auto goods = dice.sample(things(), 2);
  const int64_t n = dice.between(2, 9), price = dice.between(2, most), m = dice.between(2, 9),
                cost = dice.between(2, most);
  const int64_t total = n * price + m * cost;
  Story story;
  story.text = fmt::format(
      fmt::runtime(
          dice.pick({"{0} buys {1} {2} at {3} dollars each and {4} {5} at {6} dollars each. How much does {0} pay?",
                     "A shop sells {2} for {3} dollars and {5} for {6} dollars a piece. {0} takes {1} {2} and "
                     "{4} {5}. What is the total?"})),
      names[0], n, goods[0], price, m, goods[1], cost);
  story.expression = fmt::format("{} * {} + {} * {}", n, price, m, cost);
  story.steps = multiply_steps(n, price) + "\n" + multiply_steps(m, cost) + "\n" + add_steps(n * price, m * cost);
  story.result = total;
  return story;
}

Story sharing(Dice& dice, int64_t most) {
  const auto names = dice.sample(first_names(), 1);
  const std::string thing(dice.pick(things()));
  const int64_t friends = dice.between(2, 9), each = dice.between(2, most), total = friends * each;
  Story story;
  story.text = fmt::format(
      fmt::runtime(dice.pick({"{} shares {} {} equally among {} friends. How many does each friend get?",
                              "{} puts {} {} into {} boxes, the same number in each. How many are in one box?"})),
      names[0], total, thing, friends);
  story.expression = fmt::format("{} / {}", total, friends);
  story.steps = fmt::format("{}*{}={}, {}/{}={}", friends, each, total, total, friends, each);
  story.result = each;
  return story;
}

Story comparing(Dice& dice, int64_t most) {
  const auto names = dice.sample(first_names(), 2);
  const std::string thing(dice.pick(things()));
  const int64_t a = dice.between(3, most), more = dice.between(2, most);
  Story story;
  if (dice.chance(0.5)) {
    story.text = fmt::format("{0} has {1} {2}. {3} has {4} more than {0}. How many {2} do they have together?",
                             names[0], a, thing, names[1], more);
    story.expression = fmt::format("{0} + ({0} + {1})", a, more);
    story.steps = add_steps(a, more) + "\n" + add_steps(a, a + more);
    story.result = a + a + more;
  } else {
    const int64_t times = dice.between(2, 6);
    story.text = fmt::format("{0} has {1} {2}. {3} has {4} times as many. How many {2} does {3} have?", names[0], a,
                             thing, names[1], times);
    story.expression = fmt::format("{} * {}", times, a);
    story.steps = multiply_steps(times, a);
    story.result = times * a;
  }
  return story;
}

}  // namespace

Problem make_word_problem(Dice& dice, int level) {
  static constexpr int64_t kMost[] = {20, 50, 99};
  const int64_t most = kMost[level - 1];
  Story story;
  const size_t kind = level == 1 ? dice.weighted({3, 0, 1, 2}) : dice.weighted({3, 2, 1, 2});
  switch (kind) {
    case 0:
      story = give_and_take(dice, level == 1 ? 1 : level == 2 ? 2 : 3, most);
      break;
    case 1:
      story = shopping(dice, level == 2 ? 12 : 30);
      break;
    case 2:
      story = sharing(dice, most / 2);
      break;
    default:
      story = comparing(dice, most);
      break;
  }
  static constexpr std::string_view kKinds[] = {"give_and_take", "shopping", "sharing", "comparing"};
  return question("word_problem", std::string(kKinds[kind]), level, "story " + story.text, story.text, story.steps,
                  fmt::format("{}", story.result), {{"verifier", "number"}, {"expression", story.expression}});
}

}  // namespace hermes::synth
