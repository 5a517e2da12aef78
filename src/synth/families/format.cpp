#include <fmt/format.h>

#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/steps.h"
#include "synth/words.h"
#include "verify/dress.h"

namespace hermes::synth {
namespace {

struct Form {
  std::string_view name;  // of verify's format
  std::string_view wording[2];
};
constexpr Form kForms[] = {
    {"boxed", {"Put the answer in \\boxed{}.", "Write the final answer inside \\boxed{}."}},
    {"dollar_boxed", {"Write the answer as $\\boxed{...}$.", "Give it as $\\boxed{...}$ with dollar signs."}},
    {"json_answer", {"Answer as JSON with the key \"answer\".", "Reply with {\"answer\": ...} only."}},
    {"json_result", {"Answer as JSON with the key \"result\".", "Reply with {\"result\": ...} only."}},
    {"json_list", {"Answer as a JSON list with one element.", "Give a JSON array that holds just the answer."}},
    {"xml_answer", {"Put the answer in <answer> tags.", "Wrap the answer in <answer></answer>."}},
    {"xml_result", {"Put the answer in <result> tags.", "Wrap the answer in <result></result>."}},
    {"bold", {"Write the answer in bold.", "Make the answer bold, with two asterisks on each side."}},
    {"italic", {"Write the answer in italics.", "Put one asterisk on each side of the answer."}},
    {"code", {"Write the answer as inline code.", "Put the answer between backticks."}},
    {"code_block", {"Put the answer in a code block.", "Answer in a fenced code block."}},
    {"double_quotes", {"Put the answer in double quotes.", "Answer in double quotation marks."}},
    {"single_quotes", {"Put the answer in single quotes.", "Answer in single quotation marks."}},
    {"square_brackets", {"Put the answer in square brackets.", "Answer inside [ and ]."}},
    {"round_brackets", {"Put the answer in round brackets.", "Answer in parentheses."}},
    {"curly", {"Put the answer in curly brackets.", "Answer inside { and }."}},
    {"angle", {"Put the answer in angle brackets.", "Answer inside < and >."}},
    {"answer_colon", {"Begin with \"Answer: \".", "Write it as Answer: X."}},
    {"hash", {"Write the answer after ####.", "Begin the answer with ####, as in GSM8K."}},
    {"final_sentence", {"Reply in the sentence \"The answer is X.\"", "Say: The answer is X."}},
    {"yaml", {"Answer as YAML with the key answer.", "Write one line of YAML: answer: X"}},
    {"equals", {"Write it as answer = X.", "Reply in the form answer = X"}},
    {"arrow", {"Begin the answer with =>.", "Write => and then the answer."}},
    {"upper_label", {"Begin with \"ANSWER: \" in capitals.", "Write it as ANSWER: X."}},
    {"markdown_heading", {"Write the answer as a Markdown heading.", "Make the answer a top heading, with #."}},
    {"bullet", {"Write the answer as a bullet point.", "Answer as a list with one bullet."}},
    {"table",
     {"Answer as a Markdown table with one column, answer.", "Put the answer in a one-column Markdown table."}},
    {"csv", {"Answer as CSV: answer,X.", "Write one CSV line whose first field is answer."}},
    {"latex_text", {"Put the answer in \\text{}.", "Write the answer inside LaTeX \\text{}."}},
    {"html_b", {"Put the answer in <b> tags.", "Make it bold in HTML."}},
    {"stars", {"Put the answer between *** and ***.", "Write three stars, the answer, three stars."}},
    {"pipe", {"Put the answer between two pipes.", "Write |X| with the answer for X."}},
};

}  // namespace

// Any easy problem; what counts is the clothes of the answer.
Problem make_format(Dice& dice, int level) {
  Problem inner;
  switch (dice.weighted({2, 1, 1, 1})) {
    case 0: {
      const int64_t a = dice.between(1, 30), b = dice.between(1, 30);
      inner = question("", "", 1, fmt::format("{}+{}", a, b), fmt::format("What is {} + {}?", a, b), add_steps(a, b),
                       fmt::format("{}", a + b), {{"verifier", "number"}, {"value", a + b}});
      break;
    }
    case 1: {
      const int64_t a = dice.between(2, 9), b = dice.between(2, 9);
      inner = question("", "", 1, fmt::format("{}*{}", a, b), fmt::format("What is {} * {}?", a, b),
                       multiply_steps(a, b), fmt::format("{}", a * b), {{"verifier", "number"}, {"value", a * b}});
      break;
    }
    case 2: {
      const auto start = static_cast<size_t>(dice.between(0, 6));
      const std::string today(weekdays()[start]), next(weekdays()[(start + 1) % 7]);
      inner = question("", "", 1, "after " + today, fmt::format("Which day comes after {}?", today),
                       fmt::format("{}, 1 {}", today, next), next, {{"verifier", "text"}, {"any_of", {next}}});
      break;
    }
    default: {
      const auto words = dice.sample(plain_words(), 3);
      const bool first = dice.chance(0.5);
      const std::string wanted(first ? words.front() : words.back());
      inner = question(
          "", "", 1, fmt::format("{} {} {} {}", first, words[0], words[1], words[2]),
          fmt::format("What is the {} word of {}, {}, {}?", first ? "first" : "last", words[0], words[1], words[2]),
          fmt::format("1 {}, 2 {}, 3 {}", words[0], words[1], words[2]), wanted,
          {{"verifier", "text"}, {"any_of", {wanted}}});
    }
  }
  const Form& form = dice.pick(kForms);
  Exchange& exchange = inner.exchanges.front();
  const std::string wording(form.wording[dice.between(0, 1)]);
  std::string& text = exchange.before.front().content;
  text = dice.chance(0.7) ? text + " " + wording : wording + " " + text;
  inner.family = "format";
  inner.kind = form.name;
  inner.level = level;
  inner.key = fmt::format("format {} {}", form.name, inner.key);
  exchange.check = {{"verifier", "format"}, {"format", form.name}, {"inner", exchange.check}};
  exchange.reasoning += fmt::format("\nform: {}", verify::dress(form.name, "X"));
  exchange.answer = verify::dress(form.name, exchange.answer);
  return inner;
}

}  // namespace hermes::synth
