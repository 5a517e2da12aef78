#include <fmt/format.h>

#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/families/tool_box.h"
#include "synth/steps.h"
#include "synth/words.h"

namespace hermes::synth {
namespace {

constexpr Tool kCalculator{
    "calculator", "Evaluate an arithmetic expression",
    R"({"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]})", nullptr};

std::string call_text(std::string_view name, const json::object& arguments) {
  return fmt::format("<tool_call>\n{{\"name\": \"{}\", \"arguments\": {}}}\n</tool_call>", name,
                     to_spaced_json_text(arguments));
}
json::object call_check(json::array calls) { return {{"verifier", "tool_calls"}, {"calls", std::move(calls)}}; }
json::object call_value(std::string_view name, const json::object& arguments) {
  return {{"name", name}, {"arguments", arguments}};
}

void offer(Problem& problem, Dice& dice, const std::vector<Tool>& tools) {
  std::vector<Tool> order = tools;
  dice.shuffle(order);
  for (const Tool& tool : order) problem.tools.push_back(definition(tool));
}

chat::Message response(const json::object& content) {
  return {.role = "tool", .content = to_spaced_json_text(content)};
}

// One call; and, more often than not, the answer made of what it returned.
Problem one_call(Dice& dice, int level, const std::vector<Tool>& tools) {
  const ToolUse use = tools.front().use(dice);
  const std::string_view name = tools.front().name;
  Problem problem = question("tools", "one_call", level, fmt::format("tool {} {}", name, to_json_text(use.arguments)),
                             use.request, fmt::format("tool: {}", name), call_text(name, use.arguments),
                             call_check({call_value(name, use.arguments)}));
  offer(problem, dice, tools);
  if (dice.chance(0.6)) {
    problem.kind = "call_and_answer";
    problem.key += to_json_text(use.response);
    problem.exchanges.push_back({.before = {response(use.response)},
                                 .reasoning = "the tool has answered",
                                 .answer = use.answer,
                                 .check = {{"verifier", "style"}, {"contains", use.answer_holds}}});
  }
  return problem;
}

Problem several_calls(Dice& dice, int level, const std::vector<Tool>& tools) {
  const bool same = dice.chance(0.4);
  ToolUse first = tools[0].use(dice), second = tools[same ? 0 : 1].use(dice);
  while (first.arguments == second.arguments && same) second = tools[0].use(dice);
  const std::string_view a = tools[0].name, b = tools[same ? 0 : 1].name;
  Problem problem = question(
      "tools", "several_calls", level,
      fmt::format("tools {} {} {} {}", a, to_json_text(first.arguments), b, to_json_text(second.arguments)),
      fmt::format(fmt::runtime(dice.pick(
                      {"I need two things: {} and {}.", "Please do both: {}, then {}.", "Two requests: {}; {}."})),
                  first.short_form, second.short_form),
      fmt::format("tools: {}, {}", a, b), call_text(a, first.arguments) + "\n" + call_text(b, second.arguments),
      call_check({call_value(a, first.arguments), call_value(b, second.arguments)}));
  offer(problem, dice, tools);
  if (dice.chance(0.4)) {
    problem.kind = "several_and_answer";
    problem.key += to_json_text(first.response) + to_json_text(second.response);
    json::array holds = first.answer_holds;
    for (const auto& text : second.answer_holds) holds.push_back(text);
    problem.exchanges.push_back({.before = {response(first.response), response(second.response)},
                                 .reasoning = "both tools have answered",
                                 .answer = first.answer + " " + second.answer,
                                 .check = {{"verifier", "style"}, {"contains", holds}}});
  }
  return problem;
}

// A request that none of the tools can do: say so, call nothing.
Problem no_tool(Dice& dice, int level, const std::vector<Tool>& tools) {
  const ToolUse use = tools.back().use(dice);  // of a tool that is not offered
  const std::vector<Tool> offered(tools.begin(), tools.end() - 1);
  Problem problem = question(
      "tools", "no_tool", level, fmt::format("no tool {}", use.request), use.request, "no tool does this",
      "I have no tool for that.",
      {{"verifier", "all_of"},
       {"of",
        {{{"verifier", "tool_calls"}, {"calls", json::array()}}, {{"verifier", "style"}, {"contains", {"no tool"}}}}}});
  offer(problem, dice, offered);
  return problem;
}

// An easy question among tools that it does not need.
Problem without_tool(Dice& dice, int level, const std::vector<Tool>& tools) {
  const int64_t a = dice.between(1, 9), b = dice.between(1, 9);
  Problem problem = question(
      "tools", "not_needed", level, fmt::format("not needed {} {}", a, b), fmt::format("What is {} + {}?", a, b),
      fmt::format("no tool needed\n{}", add_steps(a, b)), fmt::format("{}", a + b),
      {{"verifier", "all_of"},
       {"of", {{{"verifier", "tool_calls"}, {"calls", json::array()}}, {{"verifier", "number"}, {"value", a + b}}}}});
  offer(problem, dice, tools);
  for (const auto& tool : tools) problem.key += fmt::format(" {}", tool.name);
  return problem;
}

// A calculation left to the calculator from inside the reasoning.
Problem calculator(Dice& dice, int level, std::vector<Tool> tools) {
  const int64_t a = dice.between(100, 9999), b = dice.between(11, 999);
  const std::string op = dice.pick({"*", "+", "-"});
  const std::string expression = fmt::format("{} {} {}", a, op, b);
  const int64_t result = op == "*" ? a * b : op == "+" ? a + b : a - b;
  tools.back() = kCalculator;
  const json::object arguments{{"expression", expression}};
  const std::string request =
      fmt::format(fmt::runtime(dice.pick({"Use the calculator: what is {}?", "What is {}? Calculate with the tool.",
                                          "Let the calculator find {}."})),
                  expression);
  Problem problem = question("tools", "calculator", level, "calculator " + expression, request, "tool: calculator",
                             call_text("calculator", arguments), call_check({call_value("calculator", arguments)}));
  problem.exchanges.front().leaves_think_open = true;
  problem.exchanges.push_back({.before = {response({{"result", result}})},
                               .reasoning = fmt::format("{}={}", expression, result),
                               .answer = fmt::format("{}", result),
                               .check = {{"verifier", "number"}, {"expression", expression}},
                               .continues_think = true});
  offer(problem, dice, tools);
  return problem;
}

}  // namespace

Problem make_tools(Dice& dice, int level) {
  const std::vector<Tool> tools = dice.sample(tool_box(), static_cast<size_t>(level + 1));
  switch (dice.weighted({5, level > 1 ? 3.0 : 0.0, 1, 0.5, 1.5})) {
    case 0:
      return one_call(dice, level, tools);
    case 1:
      return several_calls(dice, level, tools);
    case 2:
      return no_tool(dice, level, tools);
    case 3:
      return without_tool(dice, level, tools);
    default:
      return calculator(dice, level, tools);
  }
}

}  // namespace hermes::synth
