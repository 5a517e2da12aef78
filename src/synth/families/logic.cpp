#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/words.h"

namespace hermes::synth {
namespace {

std::string_view word(bool value) { return value ? "true" : "false"; }

// A random expression as text, and the steps that evaluate it, innermost first.
struct Expression {
  std::string text;
  std::string steps;
  bool value = false;
  bool simple = true;  // true, false, or not of one: needs no brackets
};

Expression random_expression(Dice& dice, int depth) {
  Expression out;
  if (depth == 0) {
    out.value = dice.chance(0.5);
    out.text = word(out.value);
    return out;
  }
  const auto part = [](const Expression& e) { return e.simple ? e.text : "(" + e.text + ")"; };
  const auto add = [&](const std::string& step) { out.steps += (out.steps.empty() ? "" : "\n") + step; };
  if (dice.chance(0.25)) {
    const Expression inner = random_expression(dice, depth - 1);
    out.value = !inner.value;
    out.text = "not " + part(inner);
    out.steps = inner.steps;
    add(fmt::format("not {} = {}", word(inner.value), word(out.value)));
    out.simple = false;
    return out;
  }
  Expression left = random_expression(dice, depth - 1), right = random_expression(dice, depth > 1 ? depth - 2 : 0);
  if (dice.chance(0.5)) std::swap(left, right);
  const std::string op = dice.pick({"and", "or", "and", "or", "xor"});
  out.value = op == "and"  ? left.value && right.value
              : op == "or" ? left.value || right.value
                           : left.value != right.value;
  out.text = fmt::format("{} {} {}", part(left), op, part(right));
  out.steps = left.steps;
  if (!right.steps.empty()) add(right.steps);
  add(fmt::format("{} {} {} = {}", word(left.value), op, word(right.value), word(out.value)));
  out.simple = false;
  return out;
}

}  // namespace

Problem make_logic(Dice& dice, int level) {
  const Expression e = random_expression(dice, level + (level > 1 ? 1 : 0));
  return question("logic", "boolean", level, "logic " + e.text,
                  fmt::format(fmt::runtime(dice.pick({"Is this true or false: {}?", "Evaluate: {}",
                                                      "What is the value of {}?", "True or false? {}"})),
                              e.text),
                  e.steps, std::string(word(e.value)), {{"verifier", "yes_no"}, {"expression", e.text}});
}

Problem make_ordering(Dice& dice, int level) {
  struct Relation {
    std::string_view more, less, most, least;
  };
  static constexpr Relation kRelations[] = {{"taller", "shorter", "tallest", "shortest"},
                                            {"older", "younger", "oldest", "youngest"},
                                            {"faster", "slower", "fastest", "slowest"},
                                            {"richer", "poorer", "richest", "poorest"}};
  const Relation& relation = dice.pick(kRelations);
  const auto n = static_cast<size_t>(level + 2);
  const auto order = dice.sample(first_names(), n);  // top first
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = 0; i + 1 < n; ++i) pairs.emplace_back(i, i + 1);
  dice.shuffle(pairs);
  std::string text, key = std::string(relation.more);
  json::array facts;
  for (const auto& [above, below] : pairs) {
    text += dice.chance(0.5) ? fmt::format("{} is {} than {}. ", order[above], relation.more, order[below])
                             : fmt::format("{} is {} than {}. ", order[below], relation.less, order[above]);
    facts.push_back(json::array{order[above], ">", order[below]});
  }
  for (const auto name : order) key += fmt::format(" {}", name);
  std::string steps;
  for (const auto& [above, below] : pairs) {
    steps += fmt::format("{}{} above {}", steps.empty() ? "" : ", ", order[above], order[below]);
  }
  steps += "\norder: ";
  for (size_t i = 0; i < n; ++i) steps += fmt::format("{}{} {}", i > 0 ? ", " : "", i + 1, order[i]);

  json::object asked;
  std::string answer, kind;
  switch (dice.weighted({2, 2, 2, 1, 2})) {
    case 0:
      kind = "top";
      text += fmt::format("Who is the {}?", relation.most);
      answer = order.front();
      asked = {{"kind", "top"}};
      break;
    case 1:
      kind = "bottom";
      text += fmt::format("Who is the {}?", relation.least);
      answer = order.back();
      asked = {{"kind", "bottom"}};
      break;
    case 2: {
      kind = "full";
      text += fmt::format("List them from {} to {}.", relation.most, relation.least);
      for (const auto name : order) answer += fmt::format("{}{}", answer.empty() ? "" : ", ", name);
      asked = {{"kind", "full"}};
      break;
    }
    case 3:
      kind = "second";
      text += fmt::format("Who is the second {}?", relation.most);
      answer = order[1];
      asked = {{"kind", "nth"}, {"n", 2}};
      break;
    default: {
      kind = "compare";
      auto two = dice.sample(std::vector<size_t>(n > 2 ? std::vector<size_t>{0, 1, 2} : std::vector<size_t>{0, 1}), 2);
      if (n > 3 && dice.chance(0.5)) two[0] = n - 1;
      text += fmt::format("Is {} {} than {}?", order[two[0]], relation.more, order[two[1]]);
      answer = two[0] < two[1] ? "yes" : "no";
      asked = {{"kind", "compare"}, {"a", order[two[0]]}, {"b", order[two[1]]}};
      key += fmt::format(" {} {}", two[0], two[1]);
    }
  }
  return question("ordering", kind, level, fmt::format("ordering {} {}", kind, key), text, steps, answer,
                  {{"verifier", "ordering"}, {"facts", facts}, {"question", asked}});
}

}  // namespace hermes::synth
