#include "synth/problem.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/hash.h"
#include "synth/families/families.h"

namespace hermes::synth {
namespace {

constexpr Family kFamilies[] = {
    {"arithmetic", "sums, differences, products, mixed expressions", 4, make_arithmetic},
    {"word_problem", "short stories that come to a calculation", 3, make_word_problem},
    {"list", "sort, reverse, pick, count, filter lists", 3, make_list},
    {"text", "spell, reverse, count letters", 3, make_text},
    {"units", "convert lengths, masses, volumes, times", 3, make_units},
    {"clock", "times of day and minutes between them", 3, make_clock},
    {"calendar", "weekdays and dates", 3, make_calendar},
    {"logic", "boolean expressions", 3, make_logic},
    {"ordering", "who is the tallest: orders from pairs", 3, make_ordering},
    {"format", "an easy answer in exactly the form asked for", 1, make_format},
    {"schema", "facts as JSON that fits a schema", 3, make_schema},
    {"repair", "malformed JSON, its schema and its errors", 2, make_repair},
    {"tools", "which tool, which arguments, what its answer means", 3, make_tools},
    {"obedience", "what the system message asks: name, manner, length", 2, make_obedience},
    {"talk", "who it is, what it can do, greetings", 1, make_talk},
};

}  // namespace

std::span<const Family> families() { return kFamilies; }

const Family* find_family(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kFamilies), std::end(kFamilies), [&](const Family& f) { return f.name == name; });
  return found == std::end(kFamilies) ? nullptr : found;
}

Problem question(std::string_view family, std::string kind, int level, std::string key, std::string text,
                 std::string reasoning, std::string answer, json::object check) {
  Problem problem{.family = std::string(family), .kind = std::move(kind), .level = level, .key = std::move(key)};
  problem.exchanges.push_back({.before = {{.role = "user", .content = std::move(text)}},
                               .reasoning = std::move(reasoning),
                               .answer = std::move(answer),
                               .check = std::move(check)});
  return problem;
}

bool is_held_out(std::string_view key, int64_t test_per_mille) {
  return static_cast<int64_t>(hash64(key) % 1000) < test_per_mille;
}

}  // namespace hermes::synth
