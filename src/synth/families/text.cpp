#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/words.h"

namespace hermes::synth {
namespace {

// Level 1: short words; 2: any; 3: made-up words, and two words.
std::string draw_word(Dice& dice, int level) {
  for (;;) {
    std::string word = level == 3 || (level == 2 && dice.chance(0.3))
                           ? made_up_word(dice, static_cast<int>(dice.between(2, level + 1)))
                           : std::string(dice.pick(plain_words()));
    if (level > 1 || word.size() <= 5) return word;
  }
}

std::string spelled(std::string_view word) {
  std::string out;
  for (const char c : word) out += fmt::format("{}{}", out.empty() ? "" : " ", c);
  return out;
}

Problem text_question(Dice& dice, std::string kind, int level, const std::string& word,
                      std::initializer_list<std::string_view> wordings, std::string steps, std::string answer,
                      json::object check, const std::string& extra = {}) {
  check["verifier"] = "string";
  check["text"] = word;
  const std::string key = fmt::format("{} {} {}", kind, word, extra);
  return question("text", std::move(kind), level, key, fmt::format(fmt::runtime(dice.pick(wordings)), word, extra),
                  std::move(steps), std::move(answer), std::move(check));
}

Problem reverse(Dice& dice, int level) {
  const std::string word = draw_word(dice, level);
  std::string reversed(word.rbegin(), word.rend());
  return text_question(dice, "reverse", level, word,
                       {"Reverse the word \"{}\".", "Spell {} backwards.", "Write the word {} in reverse."},
                       fmt::format("{}: {}\nreversed: {}", word, spelled(word), spelled(reversed)), reversed,
                       {{"op", "reverse"}});
}

Problem count_letter(Dice& dice, int level) {
  const std::string word = draw_word(dice, level);
  const char letter = dice.chance(0.85) ? dice.pick(word) : dice.pick(std::string_view("aeiorstn"));
  std::string steps;
  int n = 0;
  for (const char c : word) {
    n += c == letter ? 1 : 0;
    steps += fmt::format("{}{} {}", steps.empty() ? "" : ", ", c, n);
  }
  return text_question(dice, "count_letter", level, word,
                       {"How many times does the letter {1} occur in \"{0}\"?", "Count the letter {1} in {0}.",
                        "How many {1}'s are in the word {0}?"},
                       steps, fmt::format("{}", n), {{"op", "count_letter"}, {"arg", std::string(1, letter)}},
                       std::string(1, letter));
}

Problem length(Dice& dice, int level) {
  const std::string word = draw_word(dice, level);
  std::string steps;
  for (size_t i = 0; i < word.size(); ++i) steps += fmt::format("{}{} {}", i > 0 ? ", " : "", word[i], i + 1);
  return text_question(
      dice, "length", level, word,
      {"How many letters does the word \"{}\" have?", "How long is the word {}?", "Count the letters of {}."}, steps,
      fmt::format("{}", word.size()), {{"op", "length"}});
}

Problem nth_letter(Dice& dice, int level) {
  const std::string word = draw_word(dice, level);
  const auto n = static_cast<size_t>(dice.between(1, static_cast<int64_t>(word.size())));
  std::string steps;
  for (size_t i = 0; i < n; ++i) steps += fmt::format("{}{} {}", i > 0 ? ", " : "", i + 1, word[i]);
  return text_question(dice, "nth_letter", level, word,
                       {"What is letter number {1} of \"{0}\"?", "Give letter {1} of the word {0}.",
                        "Which letter stands at position {1} in {0}?"},
                       steps, std::string(1, word[n - 1]), {{"op", "nth_letter"}, {"arg", n}}, fmt::format("{}", n));
}

Problem change_case(Dice& dice, int level) {
  std::string word = draw_word(dice, level), upper = word;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  const bool up = dice.chance(0.7);
  const std::string from = up ? word : upper, to = up ? upper : word;
  return text_question(dice, up ? "uppercase" : "lowercase", level, from,
                       up ? std::initializer_list<std::string_view>{"Write \"{}\" in capital letters.",
                                                                    "Convert {} to upper case.", "Uppercase: {}"}
                          : std::initializer_list<std::string_view>{"Write \"{}\" in small letters.",
                                                                    "Convert {} to lower case.", "Lowercase: {}"},
                       fmt::format("{}: {}", spelled(from), spelled(to)), to, {{"op", up ? "uppercase" : "lowercase"}});
}

Problem first_letters(Dice& dice, int level) {
  const auto words = dice.sample(plain_words(), static_cast<size_t>(level + 2));
  std::string phrase, steps, answer;
  for (const std::string_view word : words) {
    phrase += fmt::format("{}{}", phrase.empty() ? "" : " ", word);
    steps += fmt::format("{}{}: {}", steps.empty() ? "" : ", ", word, word[0]);
    answer += word[0];
  }
  return text_question(dice, "first_letters", level, phrase,
                       {"Join the first letters of these words: {}", "What do the first letters of \"{}\" spell?",
                        "Take the first letter of each word: {}"},
                       steps, answer, {{"op", "first_letters"}});
}

}  // namespace

Problem make_text(Dice& dice, int level) {
  switch (dice.weighted({3, 3, 1, 1, 1, 1})) {
    case 0:
      return reverse(dice, level);
    case 1:
      return count_letter(dice, level);
    case 2:
      return length(dice, level);
    case 3:
      return nth_letter(dice, level);
    case 4:
      return change_case(dice, level);
    default:
      return first_letters(dice, level);
  }
}

}  // namespace hermes::synth
