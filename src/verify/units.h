// Units of length, mass, time and volume, and numbers that carry one.
#pragma once

#include <string>
#include <string_view>

#include "verify/answer.h"
#include "verify/rational.h"

namespace hermes::verify {

enum class Dimension { kLength, kMass, kTime, kVolume };

struct Unit {
  std::string_view symbol;  // "km"
  Dimension dimension;
  Rational size;  // in the dimension's smallest unit here: mm, g, s, ml
};

// By symbol or name, in any case: "km", "kilometers", "Kilometre". nullptr where there is none.
const Unit* find_unit(std::string_view name);

// The final number of `content` is `truth`. Another unit than `unit` behind it fails, as does a percent sign; the unit
// may be missing. `unit` may be any word; where it is empty, words behind the number are not looked at.
Verdict judge_number(std::string_view content, const Rational& truth, std::string_view unit = {});

}  // namespace hermes::verify
