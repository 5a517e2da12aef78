// Facts about a made-up person, thing or event, as sentences, as a JSON schema and as the JSON object that fits it: the
// ground of schema-constrained answers and of JSON repair.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "synth/dice.h"

namespace hermes::synth {

struct Fact {
  std::string field;
  json::object schema;  // of the field
  json::value value;
  std::string sentence;  // "Mia is 34 years old."
};

struct Facts {
  std::string subject;
  std::vector<Fact> facts;

  std::string text() const;  // the sentences, in their order
  json::object schema() const;
  json::object value() const;
};

// `n` facts, 2 to 6, in random order.
Facts draw_facts(Dice& dice, size_t n);

}  // namespace hermes::synth
