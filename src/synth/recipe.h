// The recipe of a synthesis: what is drawn, how much, how it is split. JSON, strictly read: an unknown field or family
// is refused by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace hermes::synth {

struct FamilyShare {
  std::string family;
  double weight = 1;             // of its records among all
  std::vector<double> levels{};  // weight of each level, from 1
};

struct Recipe {
  uint64_t seed = 1;
  int64_t records = 0;             // drawn; duplicates and failures are taken off
  int64_t part_size = 10000;       // records drawn between two moments at which the work is safe
  int64_t test_per_mille = 20;     // of problems, by the hash of the problem
  int64_t most_test_records = -1;  // kept of the test split, the first ones; -1: all
  double think_share = 0.6;
  double history_share = 0;  // of records with earlier questions and answers
  std::string thinking_prompt;
  std::string output;  // folder, relative to where the command runs
  std::vector<FamilyShare> families;
  uint64_t fingerprint = 0;  // of everything above but `output`
};

Result<Recipe> read_recipe(const json::value& value, const std::string& what);

}  // namespace hermes::synth
