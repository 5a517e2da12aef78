#include "train/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace hermes::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kRecipe = R"({
  "name": "tiny", "output": "runs/tiny",
  "model": {"model_type": "llama", "hidden_size": 8},
  "tokenizer": "t.json", "chat_template": "c.jinja",
  "tokens": {"bos": "<b>", "end_of_turn": "<e>"},
  "data": {"files": ["a.jsonl", "b.jsonl.zst"], "train_split": "train", "test_split": "test"},
  "packing": {"row_tokens": 128, "rows_per_step": 2, "group_size": 0},
  "steps": 10,
  "optimizer": {"learning_rate": 1e-3, "warmup_steps": 2, "min_lr_ratio": 0.1, "beta1": 0.9, "beta2": 0.95, "eps": 1e-8,
                "weight_decay": 0.1, "clip_norm": 1},
  "seed": 7, "checkpoint_every": 5, "eval_every": 0, "eval_samples": 3,
  "export": {"dtype": "bf16", "generation": {"do_sample": true}}})";

json::object valid() { return parse_json(kRecipe, "recipe").value().get_object(); }

std::string refusal(const json::object& object) {
  const auto recipe = parse_recipe(object, "r.json");
  return recipe.ok() ? "accepted" : recipe.error().message();
}

// The member at "a.b" set to `value`.
json::object with(std::string_view path, json::value value) {
  json::object object = valid();
  const size_t dot = path.find('.');
  if (dot == path.npos)
    object[path] = std::move(value);
  else
    object[path.substr(0, dot)].as_object()[path.substr(dot + 1)] = std::move(value);
  return object;
}
json::object without(std::string_view path) {
  json::object object = valid();
  const size_t dot = path.find('.');
  if (dot == path.npos)
    object.erase(path);
  else
    object[path.substr(0, dot)].as_object().erase(path.substr(dot + 1));
  return object;
}

TEST(Recipe, IsReadWhole) {
  const Recipe recipe = parse_recipe(valid(), "r.json").value();
  EXPECT_EQ(recipe.name, "tiny");
  EXPECT_EQ(recipe.model.at("hidden_size"), 8);
  EXPECT_EQ(recipe.bos, "<b>");
  EXPECT_EQ(recipe.end_of_turn, "<e>");
  EXPECT_FALSE(recipe.pad.has_value());
  EXPECT_THAT(recipe.files, ElementsAre("a.jsonl", "b.jsonl.zst"));
  EXPECT_EQ(recipe.row_tokens, 128);
  EXPECT_EQ(recipe.group_size, 0);
  EXPECT_EQ(recipe.steps, 10);
  EXPECT_EQ(recipe.optimizer.beta2, 0.95);
  EXPECT_FALSE(recipe.optimizer.decay_embeddings);
  EXPECT_EQ(recipe.seed, 7U);
  EXPECT_EQ(recipe.export_dtype, DType::kBF16);
  EXPECT_EQ(recipe.generation.at("do_sample"), true);
}

TEST(Recipe, TheOneForNanoIsValid) {
  const auto recipe = read_recipe(HERMES_SOURCE_DIR "/recipes/nano/train.json");
  EXPECT_TRUE(recipe.ok()) << recipe.error().message();
}

TEST(Recipe, UnknownMembersAreNamed) {
  EXPECT_THAT(refusal(with("stepps", 1)), HasSubstr("r.json: unknown member \"stepps\""));
  EXPECT_THAT(refusal(with("optimizer.lr", 1)), HasSubstr("\"optimizer.lr\""));
  EXPECT_THAT(refusal(with("packing.rows", 1)), HasSubstr("\"packing.rows\""));
  EXPECT_THAT(refusal(with("tokens.eos", "x")), HasSubstr("\"tokens.eos\""));
  EXPECT_THAT(refusal(with("data.file", "x")), HasSubstr("\"data.file\""));
  EXPECT_THAT(refusal(with("export.type", "x")), HasSubstr("\"export.type\""));
  EXPECT_THAT(refusal(with("model.n_layers", 2)), HasSubstr("\"model.n_layers\""));
}

TEST(Recipe, MissingAndWrongMembersAreNamed) {
  for (const char* path : {"name",
                           "output",
                           "tokenizer",
                           "chat_template",
                           "seed",
                           "checkpoint_every",
                           "eval_every",
                           "eval_samples",
                           "tokens",
                           "data",
                           "packing",
                           "optimizer",
                           "export",
                           "tokens.end_of_turn",
                           "data.files",
                           "data.train_split",
                           "packing.row_tokens",
                           "packing.rows_per_step",
                           "packing.group_size",
                           "optimizer.learning_rate",
                           "optimizer.warmup_steps",
                           "optimizer.eps",
                           "optimizer.weight_decay",
                           "optimizer.clip_norm",
                           "export.dtype"}) {
    const std::string_view name = std::string_view(path).substr(std::string_view(path).find('.') + 1);
    EXPECT_THAT(refusal(without(path)), HasSubstr(name)) << path;
  }
  EXPECT_THAT(refusal(with("packing.row_tokens", 0)), HasSubstr("\"packing.row_tokens\" is 0, must be between 1"));
  EXPECT_THAT(refusal(with("optimizer.beta1", 1.0)), HasSubstr("beta"));
  EXPECT_THAT(refusal(with("optimizer.learning_rate", -1)), HasSubstr("at least 0"));
  EXPECT_THAT(refusal(with("optimizer.min_lr_ratio", 2)), HasSubstr("min_lr_ratio"));
  EXPECT_THAT(refusal(with("export.dtype", "f16")), HasSubstr("f16"));
  EXPECT_THAT(refusal(with("data.files", json::array())), HasSubstr("data.files"));
  EXPECT_THAT(refusal(with("data.files", json::array{1})), HasSubstr("list of strings"));
  EXPECT_THAT(refusal(with("seed", -1)), HasSubstr("seed"));
}

TEST(Recipe, MuonIsAKindOfOptimizer) {
  EXPECT_EQ(parse_recipe(valid(), "r.json")->optimizer.kind, OptimizerKind::kAdamw);
  EXPECT_EQ(parse_recipe(with("optimizer.kind", "adamw"), "r.json")->optimizer.kind, OptimizerKind::kAdamw);
  json::object muon = with("optimizer.kind", "muon");
  EXPECT_THAT(refusal(muon), HasSubstr("momentum"));
  json::object& optimizer = muon["optimizer"].as_object();
  optimizer["momentum"] = 0.875;
  EXPECT_EQ(parse_recipe(muon, "r.json")->optimizer.kind, OptimizerKind::kMuon);
  EXPECT_EQ(parse_recipe(muon, "r.json")->optimizer.momentum, 0.875);
  EXPECT_TRUE(parse_recipe(muon, "r.json")->optimizer.nesterov);
  optimizer["nesterov"] = false;
  EXPECT_FALSE(parse_recipe(muon, "r.json")->optimizer.nesterov);
  EXPECT_THAT(differences(valid(), muon), ElementsAre("optimizer.kind", "optimizer.momentum", "optimizer.nesterov"));
  optimizer["momentum"] = 1;
  EXPECT_THAT(refusal(muon), HasSubstr("momentum of 1"));
  optimizer["momentum"] = -0.5;
  EXPECT_THAT(refusal(muon), HasSubstr("\"optimizer.momentum\" is -0.5, must be between 0 and 1"));
}

TEST(Recipe, OnlyMuonHasItsMembers) {
  EXPECT_THAT(refusal(with("optimizer.momentum", 0.95)), HasSubstr("\"optimizer.momentum\" is for the kind \"muon\""));
  EXPECT_THAT(refusal(with("optimizer.nesterov", true)), HasSubstr("\"optimizer.nesterov\" is for the kind \"muon\""));
  EXPECT_THAT(refusal(with("optimizer.kind", "sgd")), HasSubstr("\"optimizer.kind\" is \"sgd\", must be"));
  EXPECT_THAT(refusal(with("optimizer.kind", 3)), HasSubstr("kind"));
}

TEST(Recipe, EitherOr) {
  EXPECT_THAT(refusal(with("epochs", 1)), HasSubstr("either \"steps\" or \"epochs\""));
  EXPECT_THAT(refusal(without("steps")), HasSubstr("either \"steps\" or \"epochs\""));
  EXPECT_THAT(refusal(with("init_from", "m")), HasSubstr("either \"model\" or \"init_from\""));
  json::object object = without("model");
  object["init_from"] = "models/base";
  EXPECT_EQ(parse_recipe(object, "r.json")->init_from, "models/base");
}

TEST(Recipe, DifferencesThatMatterAreNamed) {
  EXPECT_THAT(differences(valid(), valid()), IsEmpty());
  EXPECT_THAT(differences(valid(), with("optimizer.learning_rate", 2e-3)), ElementsAre("optimizer.learning_rate"));
  EXPECT_THAT(differences(valid(), with("optimizer.decay_embeddings", true)),
              ElementsAre("optimizer.decay_embeddings"));
  EXPECT_THAT(differences(without("seed"), valid()), ElementsAre("seed"));
  // Where results go and how often they are looked at does not change the weights.
  for (const char* name : {"name", "output", "checkpoint_every", "eval_every", "eval_samples"}) {
    EXPECT_THAT(differences(valid(), with(name, 99)), IsEmpty()) << name;
  }
}

}  // namespace
}  // namespace hermes::train
