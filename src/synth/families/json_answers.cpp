#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "synth/families/families.h"
#include "synth/families/person.h"
#include "synth/words.h"

namespace hermes::synth {
namespace {

std::string field_steps(const Facts& facts) {
  std::string out;
  for (const Fact& fact : facts.facts) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : "\n", fact.field, to_spaced_json_text(fact.value));
  }
  return out;
}

}  // namespace

Problem make_schema(Dice& dice, int level) {
  Facts facts = draw_facts(dice, static_cast<size_t>(dice.between(level, level + 1)));
  const std::string text = facts.text();
  // The schema lists the fields in an order of its own.
  dice.shuffle(facts.facts);
  const std::string schema = to_spaced_json_text(facts.schema());
  const bool in_system = dice.chance(0.6);
  const std::string ask = dice.pick({"Give this as JSON: ", "Extract the data: ", "Turn this into JSON. ", ""});
  Problem problem = question("schema", in_system ? "system" : "user", level, "schema " + schema + text,
                             in_system ? ask + text : fmt::format("{}{}\nSchema: {}", ask, text, schema),
                             field_steps(facts), to_spaced_json_text(facts.value()),
                             {{"verifier", "schema"}, {"schema", facts.schema()}, {"value", facts.value()}});
  if (in_system) {
    problem.system = fmt::format(
        "You are a helpful assistant that answers in JSON. Here's the json schema you must adhere to:\n<schema>\n{}\n"
        "</schema>",
        schema);
  }
  return problem;
}

namespace {

// What was damaged, and how the error reads.
struct Damage {
  std::string text;
  std::string error;
  std::string fix;  // what the reasoning says
};

void replace_first(std::string& text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

Damage damage(Dice& dice, const Facts& facts, const std::string& right) {
  const Fact& fact = dice.pick(facts.facts);
  const std::string member = fmt::format("\"{}\": {}", fact.field, to_spaced_json_text(fact.value));
  std::string text = right;
  switch (dice.between(0, 9)) {
    case 0:
      text.pop_back();
      return {text, "the object is not closed", "add }"};
    case 1:
      text.insert(text.size() - 1, ",");
      return {text, "trailing comma", "remove the last comma"};
    case 2:
      std::replace(text.begin(), text.end(), '"', '\'');
      return {text, "single quotes", "use double quotes"};
    case 3:
      replace_first(text, fmt::format("\"{}\":", fact.field), fmt::format("{}:", fact.field));
      return {text, fmt::format("the key {} has no quotes", fact.field), fmt::format("quote {}", fact.field)};
    case 4:
      replace_first(text, fmt::format("\"{}\": ", fact.field), fmt::format("\"{}\" ", fact.field));
      return {text, fmt::format("no colon after {}", fact.field), fmt::format("add : after {}", fact.field)};
    case 5:
      replace_first(text, ", \"", " \"");
      return {text, "a comma is missing", "add the comma"};
    case 6: {
      replace_first(text, ": true", ": True");
      replace_first(text, ": false", ": False");
      if (text == right) {
        text = "```\n" + right;
        return {text, "text before the object", "only the object"};
      }
      return {text, "True and False are not JSON", "use true and false"};
    }
    case 7: {  // wrong type
      if (fact.value.is_int64()) {
        replace_first(text, member, fmt::format("\"{}\": \"{}\"", fact.field, fact.value.get_int64()));
        return {text, fmt::format("{} must be an integer, is a string", fact.field),
                fmt::format("{} as integer", fact.field)};
      }
      if (fact.value.is_bool()) {
        replace_first(text, member, fmt::format("\"{}\": \"{}\"", fact.field, fact.value.get_bool()));
        return {text, fmt::format("{} must be a boolean, is a string", fact.field),
                fmt::format("{} as boolean", fact.field)};
      }
      text.pop_back();
      text += ", \"note\": \"none\"}";
      return {text, "note is not allowed", "remove note"};
    }
    case 8: {
      text.pop_back();
      text += fmt::format(", \"extra\": {}}}", dice.between(1, 99));
      return {text, "extra is not allowed", "remove extra"};
    }
    default:
      text.erase(0, 1);
      return {text, "the object does not open", "add {"};
  }
}

}  // namespace

Problem make_repair(Dice& dice, int level) {
  const Facts facts = draw_facts(dice, static_cast<size_t>(dice.between(level, level + 2)));
  const std::string schema = to_spaced_json_text(facts.schema()), right = to_spaced_json_text(facts.value());
  Damage first = damage(dice, facts, right);
  std::string errors = first.error, fixes = first.fix;
  if (level > 1) {  // two damages that do not touch each other: the end of the object as well
    if (first.text.ends_with('}') && first.text.size() > right.size() / 2 && first.error != "trailing comma" &&
        dice.chance(0.7)) {
      first.text.pop_back();
      errors += "; the object is not closed";
      fixes += "\nadd }";
    }
  }
  const std::string text = fmt::format(
      "{}\nSchema: {}\nJSON: {}\nErrors: {}",
      dice.pick({"Repair this JSON.", "Fix the JSON so that it fits the schema.", "This JSON is broken. Correct it."}),
      schema, first.text, errors);
  return question("repair", "json", level, "repair " + first.text, text, fixes, right,
                  {{"verifier", "schema"}, {"schema", facts.schema()}, {"value", facts.value()}});
}

}  // namespace hermes::synth
