#include "synth/families/person.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "synth/words.h"

namespace hermes::synth {
namespace {

json::object typed(std::string_view type) { return {{"type", type}}; }

template <class Value>
Fact fact(std::string_view field, json::object schema, const Value& value, std::string sentence) {
  return {std::string(field), std::move(schema), json::value_from(value), std::move(sentence)};
}

std::vector<Fact> person(Dice& dice, const std::string& name) {
  const int64_t age = dice.between(18, 80), height = dice.between(150, 199), children = dice.between(0, 5);
  const std::string city(dice.pick(cities())), job(dice.pick(jobs())), colour(dice.pick(colours()));
  const bool married = dice.chance(0.5), drives = dice.chance(0.5);
  const auto friends = dice.sample(first_names(), static_cast<size_t>(dice.between(1, 3)));
  json::array friend_list;
  std::string friend_text;
  for (size_t i = 0; i < friends.size(); ++i) {
    friend_list.emplace_back(friends[i]);
    friend_text += fmt::format("{}{}", i == 0 ? "" : i + 1 == friends.size() ? " and " : ", ", friends[i]);
  }
  json::array colour_enum;
  for (const auto c : {"red", "blue", "green", "yellow", "black", "white"}) colour_enum.emplace_back(c);
  const std::string liked = dice.pick({"red", "blue", "green", "yellow", "black", "white"});
  return {
      fact("age", typed("integer"), age,
           fmt::format(fmt::runtime(dice.pick({"{} is {} years old.", "{} is {}."})), name, age)),
      fact("city", typed("string"), city,
           fmt::format(fmt::runtime(dice.pick({"{} lives in {}.", "The home of {} is {}."})), name, city)),
      fact("job", typed("string"), job.substr(job.find(' ') + 1),
           fmt::format(fmt::runtime(dice.pick({"{} works as {}.", "{} is {}."})), name, job)),
      fact("height_cm", typed("integer"), height, fmt::format("{} is {} cm tall.", name, height)),
      fact("married", typed("boolean"), married, fmt::format("{} is {}married.", name, married ? "" : "not ")),
      fact("drives", typed("boolean"), drives, fmt::format("{} {} drive a car.", name, drives ? "can" : "cannot")),
      fact("children", typed("integer"), children,
           fmt::format("{} has {} {}.", name, children == 0 ? "no" : fmt::format("{}", children),
                       children == 1 ? "child" : "children")),
      fact("friends", {{"type", "array"}, {"items", typed("string")}}, friend_list,
           fmt::format("{} is friends with {}.", name, friend_text)),
      fact("favourite", {{"type", "string"}, {"enum", colour_enum}}, liked,
           fmt::format("The favourite colour of {} is {}.", name, liked)),
  };
}

std::vector<Fact> product(Dice& dice, const std::string& name) {
  const int64_t price = dice.between(2, 999), stock = dice.between(0, 60), weight = dice.between(50, 5000);
  const std::string colour(dice.pick(colours())), size = dice.pick({"small", "medium", "large"});
  const bool sale = dice.chance(0.5);
  const std::string made(dice.pick(cities()));
  return {
      fact("price", typed("integer"), price, fmt::format("The {} costs {} dollars.", name, price)),
      fact("in_stock", typed("integer"), stock, fmt::format("There are {} pieces in stock.", stock)),
      fact("weight_g", typed("integer"), weight, fmt::format("It weighs {} g.", weight)),
      fact("colour", typed("string"), colour, fmt::format("Its colour is {}.", colour)),
      fact("size", {{"type", "string"}, {"enum", {"small", "medium", "large"}}}, size, fmt::format("It is {}.", size)),
      fact("on_sale", typed("boolean"), sale, fmt::format("It is {}on sale.", sale ? "" : "not ")),
      fact("made_in", typed("string"), made, fmt::format("It was made in {}.", made)),
  };
}

}  // namespace

Facts draw_facts(Dice& dice, size_t n) {
  Facts out;
  std::vector<Fact> all;
  if (dice.chance(0.65)) {
    out.subject = dice.pick(first_names());
    all = person(dice, out.subject);
    out.facts.push_back(fact("name", typed("string"), out.subject, ""));
  } else {
    out.subject =
        dice.pick({"lamp", "chair", "table", "jacket", "kettle", "mirror", "guitar", "clock", "piano", "carpet"});
    all = product(dice, out.subject);
    out.facts.push_back(fact("product", typed("string"), out.subject, fmt::format("This is about a {}.", out.subject)));
  }
  for (Fact& fact : dice.sample(all, n)) out.facts.push_back(std::move(fact));
  return out;
}

std::string Facts::text() const {
  std::string out;
  for (const Fact& fact : facts) {
    if (!fact.sentence.empty()) out += (out.empty() ? "" : " ") + fact.sentence;
  }
  return out;
}

json::object Facts::schema() const {
  json::object properties;
  json::array required;
  for (const Fact& fact : facts) {
    properties[fact.field] = fact.schema;
    required.emplace_back(fact.field);
  }
  return {{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}};
}

json::object Facts::value() const {
  json::object out;
  for (const Fact& fact : facts) out[fact.field] = fact.value;
  return out;
}

}  // namespace hermes::synth
