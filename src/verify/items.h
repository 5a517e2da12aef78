// Lists of numbers or of words: in specifications and in answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "verify/rational.h"
#include "verify/specification.h"

namespace hermes::verify {

struct Item {
  std::string text;  // as in the specification; of a number, Rational::text()
  std::optional<Rational> number{};
  friend bool operator==(const Item&, const Item&) = default;
};

// The array `name`: numbers or strings, not both. Refuses strings that could not be read back from an answer: with
// commas or line breaks, or wrapped in what an answer may be dressed in.
Result<std::vector<Item>> items_of(const Specification& spec, std::string_view name);

// `content` says exactly these items in this order: separated by commas (an "and" before the last), by line breaks
// (with bullets, or numbered from 1) or by white space; in brackets or not; behind an introduction that ends in ":",
// "is" or "are" and names none of them. Where `expected` is empty: "[]", "none", "empty" and the like.
Verdict judge_items(std::string_view content, const std::vector<Item>& expected);

// The answer is a list of words, whatever they are: no answer where one is asked for, even if only one of them is known.
bool lists_words(std::string_view content);

}  // namespace hermes::verify
