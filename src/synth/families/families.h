// The families, one file each; problem.h's families() lists them.
#pragma once

#include "synth/problem.h"

namespace hermes::synth {

Problem make_arithmetic(Dice& dice, int level);
Problem make_word_problem(Dice& dice, int level);
Problem make_list(Dice& dice, int level);
Problem make_text(Dice& dice, int level);
Problem make_units(Dice& dice, int level);
Problem make_clock(Dice& dice, int level);
Problem make_calendar(Dice& dice, int level);
Problem make_logic(Dice& dice, int level);
Problem make_ordering(Dice& dice, int level);
Problem make_format(Dice& dice, int level);
Problem make_schema(Dice& dice, int level);
Problem make_repair(Dice& dice, int level);
Problem make_tools(Dice& dice, int level);
Problem make_obedience(Dice& dice, int level);
Problem make_talk(Dice& dice, int level);

}  // namespace hermes::synth
