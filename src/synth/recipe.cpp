#include "synth/recipe.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/hash.h"
#include "synth/problem.h"

namespace hermes::synth {
namespace {

Status refuse_unknown(const JsonObject& object, std::initializer_list<std::string_view> known) {
  for (const auto& member : object.raw()) {
    const std::string_view name = member.key();
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Error::invalid("{}: unknown field \"{}\"", object.what(), name);
    }
  }
  return {};
}

Status in_range(const JsonObject& object, std::string_view name, double value, double low, double high) {
  if (value >= low && value <= high) return {};
  return Error::invalid("{}: \"{}\" is {}, must be from {} to {}", object.what(), name, value, low, high);
}

Result<FamilyShare> read_family(const Family& family, const json::value& value, const std::string& what) {
  FamilyShare share{.family = std::string(family.name)};
  share.levels.assign(static_cast<size_t>(family.levels), 1.0);
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  HERMES_TRY(refuse_unknown(object, {"weight", "levels"}));
  HERMES_ASSIGN(share.weight, object.number("weight"));
  HERMES_TRY(in_range(object, "weight", share.weight, 0, 1e6));
  if (const json::value* levels = object.find("levels")) {
    const json::array* array = levels->if_array();
    if (array == nullptr || array->size() != share.levels.size()) {
      return Error::invalid("{}: \"levels\" must be a list of {} weights, one for each level", what,
                            share.levels.size());
    }
    double total = 0;
    for (size_t i = 0; i < array->size(); ++i) {
      boost::system::error_code not_a_number;
      share.levels[i] = (*array)[i].to_number<double>(not_a_number);
      if (not_a_number || !(share.levels[i] >= 0) || share.levels[i] > 1e6) {
        return Error::invalid("{}: weight {} of \"levels\" must be a number from 0 to 1000000", what, i + 1);
      }
      total += share.levels[i];
    }
    if (total <= 0) return Error::invalid("{}: all weights of \"levels\" are 0", what);
  }
  return share;
}

}  // namespace

Result<Recipe> read_recipe(const json::value& value, const std::string& what) {
  Recipe recipe;
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  HERMES_TRY(refuse_unknown(object, {"seed", "records", "part_size", "test_per_mille", "most_test_records",
                                     "think_share", "history_share", "thinking_prompt", "output", "families"}));
  HERMES_ASSIGN(const int64_t seed, object.integer("seed"));
  HERMES_TRY(in_range(object, "seed", static_cast<double>(seed), 0, 9e15));
  recipe.seed = static_cast<uint64_t>(seed);
  HERMES_ASSIGN(recipe.records, object.integer("records"));
  HERMES_TRY(in_range(object, "records", static_cast<double>(recipe.records), 1, 1e9));
  HERMES_ASSIGN(const auto part_size, object.optional_integer("part_size"));
  recipe.part_size = part_size.value_or(recipe.part_size);
  HERMES_TRY(in_range(object, "part_size", static_cast<double>(recipe.part_size), 1, 1e6));
  HERMES_ASSIGN(const auto test_per_mille, object.optional_integer("test_per_mille"));
  recipe.test_per_mille = test_per_mille.value_or(recipe.test_per_mille);
  HERMES_TRY(in_range(object, "test_per_mille", static_cast<double>(recipe.test_per_mille), 0, 1000));
  HERMES_ASSIGN(const auto most_test, object.optional_integer("most_test_records"));
  recipe.most_test_records = most_test.value_or(recipe.most_test_records);
  HERMES_TRY(in_range(object, "most_test_records", static_cast<double>(recipe.most_test_records), -1, 1e9));
  HERMES_ASSIGN(const auto think_share, object.optional_number("think_share"));
  recipe.think_share = think_share.value_or(recipe.think_share);
  HERMES_TRY(in_range(object, "think_share", recipe.think_share, 0, 1));
  HERMES_ASSIGN(const auto history_share, object.optional_number("history_share"));
  recipe.history_share = history_share.value_or(recipe.history_share);
  HERMES_TRY(in_range(object, "history_share", recipe.history_share, 0, 1));
  HERMES_ASSIGN(recipe.thinking_prompt, object.string("thinking_prompt"));
  HERMES_ASSIGN(recipe.output, object.string("output"));
  HERMES_ASSIGN(const JsonObject shares, object.object("families"));
  double total = 0;
  for (const auto& member : shares.raw()) {
    const Family* family = find_family(member.key());
    if (family == nullptr) {
      std::string known;
      for (const Family& f : families()) known += (known.empty() ? "" : ", ") + std::string(f.name);
      return Error::invalid("{}: no family \"{}\"; there are {}", shares.what(), std::string_view(member.key()), known);
    }
    HERMES_ASSIGN(FamilyShare share,
                  read_family(*family, member.value(), shares.what() + ": " + std::string(family->name)));
    total += share.weight;
    recipe.families.push_back(std::move(share));
  }
  if (total <= 0) return Error::invalid("{}: no family has a weight above 0", shares.what());

  json::object identity = object.raw();
  identity.erase("output");
  recipe.fingerprint = hash64(to_json_text(identity));
  return recipe;
}

}  // namespace hermes::synth
