#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/steps.h"
#include "synth/words.h"

namespace hermes::synth {
namespace {

// An easy question, its answer in a full sentence and the one word that counts.
struct Easy {
  std::string key, question, steps, sentence, word;
};

Easy easy(Dice& dice) {
  switch (dice.weighted({2, 1, 1})) {
    case 0: {
      const int64_t a = dice.between(1, 20), b = dice.between(1, 20);
      const std::string sum = fmt::format("{}", a + b);
      return {fmt::format("{}+{}", a, b), fmt::format("What is {} + {}?", a, b), add_steps(a, b),
              fmt::format("{} plus {} is {}", a, b, sum), sum};
    }
    case 1: {
      const auto day = static_cast<size_t>(dice.between(0, 6));
      const std::string next(weekdays()[(day + 1) % 7]);
      return {fmt::format("after {}", weekdays()[day]), fmt::format("Which day comes after {}?", weekdays()[day]),
              fmt::format("{}, 1 {}", weekdays()[day], next), fmt::format("it is {}", next), next};
    }
    default: {
      const auto month = static_cast<size_t>(dice.between(0, 11));
      const std::string next(months()[(month + 1) % 12]);
      return {fmt::format("after {}", months()[month]), fmt::format("Which month follows {}?", months()[month]),
              fmt::format("{}, 1 {}", months()[month], next), fmt::format("it is {}", next), next};
    }
  }
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}
std::string capital(std::string text) {
  if (!text.empty()) text[0] = upper(text.substr(0, 1))[0];
  return text;
}

// A rule of manner: what the system message says, how an answer follows it, how that is checked.
struct Manner {
  std::string rule;
  std::string answer;
  json::object check;
};

Manner manner(Dice& dice, const Easy& e) {
  const std::string sentence = capital(e.sentence) + ".";
  switch (dice.between(0, 7)) {
    case 0: {
      const std::string word = dice.pick({"Ahoy", "Greetings", "Certainly", "Hello", "Behold", "Well"});
      return {fmt::format("Begin every answer with \"{}\".", word),
              fmt::format("{}, {}.", word, e.sentence),
              {{"starts_with", word}}};
    }
    case 1: {
      const std::string word = dice.pick({"Over.", "Cheers!", "Amen.", "Beep.", "Goodbye.", "Sir."});
      return {fmt::format("End every answer with \"{}\".", word),
              fmt::format("{} {}", sentence, word),
              {{"ends_with", word}}};
    }
    case 2:
      return {"Answer in capital letters only.", upper(sentence), {{"case", "upper"}}};
    case 3: {
      std::string lower = e.sentence + ".";
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      return {"Write in small letters only.", lower, {{"case", "lower"}}};
    }
    case 4:
      return {"Answer with one word only.", e.word, {{"max_words", 1}}};
    case 5:
      return {"Be formal: address the user as Madam or Sir.",
              fmt::format("Sir, {}.", e.sentence),
              {{"starts_with", "Sir"}}};
    case 6:
      return {"Speak like a pirate.", fmt::format("Arr, {}, matey!", e.sentence), {{"contains", {"Arr", "matey"}}}};
    default:
      return {"Answer in exactly two sentences.", fmt::format("{} That is all.", sentence), {{"sentences", 2}}};
  }
}

std::string persona(Dice& dice) {
  return fmt::format("You are {}, {}.", dice.pick(first_names()),
                     dice.pick({"a robot", "a captain", "a teacher", "a librarian", "a wizard", "a cook", "a guide",
                                "a gardener", "a poet", "an astronaut"}));
}

// Who the system message says it is.
Problem name(Dice& dice, int level) {
  const std::string who = persona(dice);
  const std::string named = who.substr(8, who.find(',') - 8), trade = who.substr(who.find(',') + 2);
  const std::string role = trade.substr(0, trade.size() - 1);
  const bool asks_name = dice.chance(0.5);
  const std::string text = asks_name ? dice.pick({"What is your name?", "Who are you?", "What should I call you?"})
                                     : dice.pick({"What do you do?", "What is your job?", "What are you?"});
  Problem problem = question("obedience", "persona", level, fmt::format("persona {} {}", asks_name, who), text,
                             fmt::format("the system message says: {}, {}", named, role),
                             asks_name ? fmt::format("I am {}.", named) : fmt::format("I am {}.", role),
                             {{"verifier", "style"}, {"contains", {asks_name ? named : role}}});
  problem.system = who;
  return problem;
}

}  // namespace

Problem make_obedience(Dice& dice, int level) {
  if (level == 1 && dice.chance(0.35)) return name(dice, level);
  const Easy e = easy(dice);
  Manner m = manner(dice, e);
  m.check["verifier"] = "style";
  if (!m.check.contains("contains")) {
    const json::value* rule = m.check.if_contains("case");
    const std::string_view how = rule == nullptr ? std::string_view() : std::string_view(rule->get_string());
    std::string word = e.word;
    if (how == "upper") word = upper(word);
    if (how == "lower") word = m.answer.find(e.word) != std::string::npos ? e.word : std::string();
    if (!word.empty()) m.check["contains"] = json::array{word};
  }
  Problem problem = question("obedience", "manner", level, fmt::format("manner {} {}", m.rule, e.key), e.question,
                             e.steps + "\nrule: " + m.rule, m.answer, m.check);
  problem.system = level == 2 ? persona(dice) + " " + m.rule : m.rule;
  return problem;
}

}  // namespace hermes::synth
