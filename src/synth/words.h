// The vocabulary of the generators: names, things, places, words to spell.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "synth/dice.h"

namespace hermes::synth {

std::span<const std::string_view> first_names();
std::span<const std::string_view> things();       // plural: "apples"
std::span<const std::string_view> plain_words();  // lower case, three to eight letters
std::span<const std::string_view> cities();
std::span<const std::string_view> jobs();  // with their article: "a nurse"
std::span<const std::string_view> colours();
std::span<const std::string_view> weekdays();  // from Monday
std::span<const std::string_view> months();    // from January

// A made-up word of consonant-vowel syllables, for spelling words nobody has seen.
std::string made_up_word(Dice& dice, int syllables);

}  // namespace hermes::synth
