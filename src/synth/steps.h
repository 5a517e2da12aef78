// Steps of arithmetic as the model is to write them: one digit at a time from the right, each step an equation that can
// be checked, then the whole one. "348+921: 8+1=9, 4+2=6, 3+9=12, 348+921=1269".
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hermes::synth {

// Values and operands are below 10^12 in magnitude. One line each, without a line break at its end; products of numbers
// with several digits take several lines.
std::string add_steps(int64_t a, int64_t b);
std::string subtract_steps(int64_t a, int64_t b);
std::string multiply_steps(int64_t a, int64_t b);
// The running total of several numbers, a line for each.
std::string sum_steps(std::span<const int64_t> numbers);

}  // namespace hermes::synth
