// Verifiers of one number, one text, one truth.
#include <algorithm>

#include "verify/answer.h"
#include "verify/expression.h"
#include "verify/specification.h"
#include "verify/units.h"

namespace hermes::verify {

Made make_number(const Specification& spec) {
  HERMES_TRY(spec.only({"expression", "value", "unit"}));
  if (spec.has("expression") == spec.has("value")) return spec.error("needs either \"expression\" or \"value\"");
  HERMES_ASSIGN(const std::string unit, spec.string_or("unit", ""));
  Rational truth;
  if (spec.has("expression")) {
    HERMES_ASSIGN(const std::string expression, spec.string("expression"));
    HERMES_ASSIGN(truth, evaluate_number(expression, spec.what()));
  } else {
    HERMES_ASSIGN(truth, spec.number("value"));
  }
  return judged_by([truth, unit](const chat::Reply& reply) { return judge_number(reply.content, truth, unit); });
}

Made make_text(const Specification& spec) {
  HERMES_TRY(spec.only({"any_of", "ignore_case"}));
  HERMES_ASSIGN(std::vector<std::string> accepted, spec.strings("any_of"));
  HERMES_ASSIGN(const bool ignore_case, spec.boolean_or("ignore_case", true));
  if (accepted.empty()) return spec.error("\"any_of\" is empty");
  const auto folded = [ignore_case](std::string_view text) {
    return ignore_case ? lower_case(text) : std::string(text);
  };
  for (std::string& text : accepted) {
    text = folded(trim(text));
    if (text.empty()) return spec.error("\"any_of\" holds a text of white space");
  }
  return judged_by([accepted, folded](const chat::Reply& reply) {
    for (const std::string& phrase : phrases(reply.content)) {
      if (std::find(accepted.begin(), accepted.end(), folded(phrase)) != accepted.end()) return Verdict::pass();
    }
    return Verdict::fail("the answer is not " + shown(accepted[0]));
  });
}

Made make_yes_no(const Specification& spec) {
  HERMES_TRY(spec.only({"expression", "comparison"}));
  if (spec.has("expression") == spec.has("comparison"))
    return spec.error("needs either \"expression\" or \"comparison\"");
  HERMES_ASSIGN(const std::string text, spec.string(spec.has("expression") ? "expression" : "comparison"));
  HERMES_ASSIGN(const bool truth, evaluate_truth(text, spec.what()));
  return judged_by([truth](const chat::Reply& reply) { return judge_yes_no(reply.content, truth); });
}

}  // namespace hermes::verify
