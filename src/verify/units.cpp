#include "verify/units.h"

#include <algorithm>
#include <array>

#include "verify/number_text.h"
#include "verify/specification.h"

namespace hermes::verify {
namespace {

struct Named {
  Unit unit;
  std::string_view names;  // " kilometer kilometers "
};

const std::array<Named, 14>& table() {
  using enum Dimension;
  static const std::array<Named, 14> units{{
      {{"mm", kLength, 1}, " millimeter millimeters millimetre millimetres "},
      {{"cm", kLength, 10}, " centimeter centimeters centimetre centimetres "},
      {{"m", kLength, 1000}, " meter meters metre metres "},
      {{"km", kLength, 1000000}, " kilometer kilometers kilometre kilometres "},
      {{"g", kMass, 1}, " gram grams "},
      {{"kg", kMass, 1000}, " kilogram kilograms kilo kilos "},
      {{"t", kMass, 1000000}, " ton tons tonne tonnes "},
      {{"s", kTime, 1}, " sec secs second seconds "},
      {{"min", kTime, 60}, " mins minute minutes "},
      {{"h", kTime, 3600}, " hr hrs hour hours "},
      {{"days", kTime, 86400}, " day d "},
      {{"weeks", kTime, 604800}, " week "},
      {{"ml", kVolume, 1}, " milliliter milliliters millilitre millilitres "},
      {{"l", kVolume, 1000}, " liter liters litre litres "},
  }};
  return units;
}

// Words that follow a number and are no unit.
constexpr std::string_view kNoUnits =
    " in of for and at per because since as total left altogether is are was so which that this the to by from with on "
    "remain remaining pieces each more after before it there he she they we you have has ";

// The word behind a number, or "%".
std::string word_behind(std::string_view text) {
  size_t i = 0;
  while (i < text.size() && (text[i] == ' ' || text[i] == '"' || text[i] == '\'')) ++i;
  if (i < text.size() && text[i] == '%') return "%";
  size_t end = i;
  while (end < text.size() && is_letter(text[end])) ++end;
  return std::string(text.substr(i, end - i));
}

std::string singular(std::string_view word) {
  std::string out = lower_case(word);
  if (out.size() > 2 && out.back() == 's') out.pop_back();
  return out;
}

bool other_unit(const std::string& word, std::string_view wanted) {
  if (word == "%") return wanted != "%";
  if (word.empty() || wanted.empty()) return false;
  const Unit* unit = find_unit(wanted);
  const Unit* said = find_unit(word);
  if (unit != nullptr) return said != nullptr && said != unit;
  return kNoUnits.find(fmt::format(" {} ", lower_case(word))) == std::string_view::npos &&
         singular(word) != singular(wanted);
}

}  // namespace

const Unit* find_unit(std::string_view name) {
  const std::string low = lower_case(name);
  if (low.empty() || low.find(' ') != std::string::npos) return nullptr;
  for (const Named& named : table()) {
    if (low == named.unit.symbol || named.names.find(fmt::format(" {} ", low)) != std::string_view::npos)
      return &named.unit;
  }
  return nullptr;
}

Verdict judge_number(std::string_view content, const Rational& truth, std::string_view unit) {
  const Reading reading = read_final(content, scan_numbers);
  for (const std::string& after : reading.after) {
    const std::string word = word_behind(after);
    if (other_unit(word, unit)) {
      return Verdict::fail(
          fmt::format("the answer is in {}, not in {}", shown(word), unit.empty() ? "what was asked" : unit));
    }
  }
  return judge_reading(reading, {truth.text()});
}

Made make_units(const Specification& spec) {
  HERMES_TRY(spec.only({"value", "from", "to"}));
  HERMES_ASSIGN(const Rational value, spec.number("value"));
  HERMES_ASSIGN(const std::string from_name, spec.string("from"));
  HERMES_ASSIGN(const std::string to_name, spec.string("to"));
  const Unit* from = find_unit(from_name);
  const Unit* to = find_unit(to_name);
  if (from == nullptr) return spec.error("no unit is called " + shown(from_name));
  if (to == nullptr) return spec.error("no unit is called " + shown(to_name));
  if (from->dimension != to->dimension) {
    return spec.error(fmt::format("{} cannot be converted to {}", from->symbol, to->symbol));
  }
  const std::optional<Rational> factor = from->size / to->size;
  const std::optional<Rational> truth = value * *factor;
  if (!truth) return spec.error("the value is beyond the numbers of this evaluator");
  return judged_by([truth = *truth, unit = std::string(to->symbol)](const chat::Reply& reply) {
    return judge_number(reply.content, truth, unit);
  });
}

}  // namespace hermes::verify
