#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/steps.h"
#include "synth/words.h"

namespace hermes::synth {
namespace {

using Numbers = std::vector<int64_t>;
using Words = std::vector<std::string_view>;

template <class Items>
json::array to_array(const Items& items) {
  json::array array;
  for (const auto& item : items) array.emplace_back(item);
  return array;
}
template <class Items>
std::string joined(const Items& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

// Selection: "7 from 34, 7, 91" takes the next one out, line by line.
template <class Items>
std::string selection_steps(Items items, bool smallest_first) {
  std::string out;
  while (!items.empty()) {
    const auto next =
        smallest_first ? std::min_element(items.begin(), items.end()) : std::max_element(items.begin(), items.end());
    out += fmt::format("{}{}: {}", out.empty() ? "" : "\n", joined(items), *next);
    items.erase(next);
  }
  return out;
}

Problem sort(Dice& dice, int level, bool words) {
  const auto n = static_cast<size_t>(dice.between(level + 2, level + 3));
  const bool up = words || dice.chance(0.6);
  std::string text, key, steps, answer;
  json::array items;
  if (words) {
    Words list = dice.sample(plain_words(), n);
    steps = selection_steps(list, true);
    items = to_array(list);
    key = joined(list);
    std::sort(list.begin(), list.end());
    answer = joined(list);
  } else {
    Numbers list;
    while (list.size() < n) {
      const int64_t next = dice.between(1, level == 1 ? 50 : level == 2 ? 200 : 999);
      if (std::find(list.begin(), list.end(), next) == list.end()) list.push_back(next);
    }
    steps = selection_steps(list, up);
    items = to_array(list);
    key = joined(list);
    up ? std::sort(list.begin(), list.end()) : std::sort(list.rbegin(), list.rend());
    answer = joined(list);
  }
  const std::string op = words ? "alphabetical" : up ? "sort_ascending" : "sort_descending";
  text = words ? dice.pick({"Sort these words alphabetically: {}", "Put the words {} in alphabetical order.",
                            "Arrange in ABC order: {}"})
         : up  ? dice.pick({"Sort these numbers from smallest to largest: {}", "Sort {} in ascending order.",
                            "Put {} in increasing order."})
               : dice.pick({"Sort these numbers from largest to smallest: {}", "Sort {} in descending order.",
                            "Put {} in decreasing order."});
  return question("list", words ? "sort_words" : "sort_numbers", level, op + " " + key,
                  fmt::format(fmt::runtime(text), key), steps, answer,
                  {{"verifier", "list"}, {"op", op}, {"items", items}});
}

Problem reverse(Dice& dice, int level) {
  Words list = dice.sample(plain_words(), static_cast<size_t>(dice.between(level + 2, level + 4)));
  const std::string shown = joined(list);
  const json::array items = to_array(list);
  std::string steps;
  for (size_t i = 0; i < list.size(); ++i) steps += fmt::format("{}{} {}", i > 0 ? ", " : "", i + 1, list[i]);
  steps += "\n";
  for (size_t i = list.size(); i-- > 0;) steps += fmt::format("{} {}{}", i + 1, list[i], i > 0 ? ", " : "");
  std::reverse(list.begin(), list.end());
  return question("list", "reverse", level, "reverse " + shown,
                  fmt::format(fmt::runtime(dice.pick({"Reverse this list: {}", "Write {} in reverse order.",
                                                      "List these from last to first: {}"})),
                              shown),
                  steps, joined(list), {{"verifier", "list"}, {"op", "reverse"}, {"items", items}});
}

Problem pick(Dice& dice, int level) {
  const auto n = static_cast<size_t>(dice.between(level + 2, level + 4));
  Numbers list;
  while (list.size() < n) {
    const int64_t next = dice.between(1, level == 1 ? 50 : level == 2 ? 200 : 999);
    if (std::find(list.begin(), list.end(), next) == list.end()) list.push_back(next);
  }
  const bool largest = dice.chance(0.5);
  std::string steps;
  int64_t best = list.front();
  for (const int64_t x : list) {
    best = largest ? std::max(best, x) : std::min(best, x);
    steps += fmt::format("{}{}: {}", steps.empty() ? "" : ", ", x, best);
  }
  const std::string shown = joined(list);
  const std::string text =
      largest ? dice.pick({"What is the largest of {}?", "Which number is the biggest: {}?", "Find the maximum of {}."})
              : dice.pick({"What is the smallest of {}?", "Which number is the least: {}?", "Find the minimum of {}."});
  const std::string op = largest ? "largest" : "smallest";
  return question("list", op, level, op + " " + shown, fmt::format(fmt::runtime(text), shown), steps,
                  fmt::format("{}", best), {{"verifier", "pick"}, {"op", op}, {"items", to_array(list)}});
}

Problem nth(Dice& dice, int level) {
  static constexpr std::string_view kOrdinals[] = {"first", "second",  "third",  "fourth", "fifth",
                                                   "sixth", "seventh", "eighth", "ninth"};
  const Words list = dice.sample(plain_words(), static_cast<size_t>(dice.between(level + 3, level + 5)));
  const auto n = static_cast<size_t>(dice.between(1, static_cast<int64_t>(list.size())));
  std::string steps;
  for (size_t i = 0; i < n; ++i) steps += fmt::format("{}{} {}", i > 0 ? ", " : "", i + 1, list[i]);
  const std::string shown = joined(list);
  return question("list", "nth", level, fmt::format("nth {} {}", n, shown),
                  fmt::format(fmt::runtime(dice.pick({"What is the {0} word in this list: {1}?",
                                                      "Give the {0} item of {1}.", "Which word is {0}: {1}?"})),
                              kOrdinals[n - 1], shown),
                  steps, std::string(list[n - 1]),
                  {{"verifier", "pick"}, {"op", "nth"}, {"n", n}, {"items", to_array(list)}});
}

Problem count(Dice& dice, int level) {
  const Words list = dice.sample(plain_words(), static_cast<size_t>(dice.between(level + 2, level + 6)));
  std::string steps;
  for (size_t i = 0; i < list.size(); ++i) steps += fmt::format("{}{} {}", i > 0 ? ", " : "", i + 1, list[i]);
  const std::string shown = joined(list);
  return question("list", "count", level, "count " + shown,
                  fmt::format(fmt::runtime(dice.pick({"How many words are in this list: {}?", "Count the items: {}",
                                                      "How many items does this list have: {}?"})),
                              shown),
                  steps, fmt::format("{}", list.size()),
                  {{"verifier", "pick"}, {"op", "count"}, {"items", to_array(list)}});
}

Problem evens(Dice& dice, int level) {
  const bool even = dice.chance(0.5);
  Numbers list, kept;
  std::string steps;
  const auto n = dice.between(level + 2, level + 4);
  while (static_cast<int64_t>(list.size()) < n || kept.empty()) {
    list.push_back(dice.between(1, level == 1 ? 50 : 999));
    const bool keep = (list.back() % 2 == 0) == even;
    if (keep) kept.push_back(list.back());
    steps += fmt::format("{}{} {}", steps.empty() ? "" : ", ", list.back(), list.back() % 2 == 0 ? "even" : "odd");
  }
  const std::string shown = joined(list), op = even ? "evens" : "odds";
  return question(
      "list", op, level, op + " " + shown,
      fmt::format(fmt::runtime(dice.pick({"Which of these numbers are {0}: {1}?", "List the {0} numbers in {1}.",
                                          "Keep only the {0} numbers: {1}"})),
                  even ? "even" : "odd", shown),
      steps, joined(kept), {{"verifier", "list"}, {"op", op}, {"items", to_array(list)}});
}

}  // namespace

Problem make_list(Dice& dice, int level) {
  switch (dice.weighted({3, 2, 2, 2, 2, 1, 1})) {
    case 0:
      return sort(dice, level, false);
    case 1:
      return sort(dice, level, true);
    case 2:
      return reverse(dice, level);
    case 3:
      return pick(dice, level);
    case 4:
      return nth(dice, level);
    case 5:
      return count(dice, level);
    default:
      return evens(dice, level);
  }
}

}  // namespace hermes::synth
