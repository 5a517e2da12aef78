// A recipe: everything that decides what a training run makes, in one JSON file. Read strictly: a member that is
// unknown, missing or out of range is refused by name. Paths are relative to the working directory.
//
//   {"name": "nano",
//    "output": "runs/nano/sft",                  folder of checkpoints, metrics, report and the finished model
//    "model": {"model_type": "llama", ...},      config.json of the model to make; or
//    "init_from": "models/base",                 a model folder to go on from
//    "tokenizer": "tokenizer.json", "chat_template": "chat_template.jinja",
//    "tokens": {"bos": "...", "end_of_turn": "...", "pad": "..."},        bos and pad may be absent
//    "data": {"files": ["train.jsonl.zst"], "train_split": "train", "test_split": "test"},
//    "packing": {"row_tokens": 4096, "rows_per_step": 4, "group_size": 5000},   group_size 0: all samples as one group
//    "steps": 1000,  or  "epochs": 2,
//    "optimizer": {"learning_rate", "warmup_steps", "min_lr_ratio", "beta1", "beta2", "eps", "weight_decay",
//                  "decay_embeddings", "clip_norm",
//                  "kind": "adamw" | "muon",        absent: adamw; muon: Muon for the hidden matrices (optimizer.h)
//                  "momentum": 0.95, "nesterov": true},        only with muon; nesterov may be absent, which means true
//    "seed": 1, "checkpoint_every": 100, "eval_every": 100, "eval_samples": 200,   0: never, none
//    "export": {"dtype": "f32" | "bf16", "generation": {generation_config.json's members}}}
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "tensor/dtype.h"
#include "train/optimizer.h"

namespace hermes::train {

struct Recipe {
  std::string name;
  std::string output;
  json::object model;     // empty where init_from is given
  std::string init_from;  // empty where model is given
  std::string tokenizer, chat_template;
  std::optional<std::string> bos, pad;
  std::string end_of_turn;
  std::vector<std::string> files;
  std::string train_split = "train", test_split = "test";
  int64_t row_tokens = 0;
  int64_t rows_per_step = 0;
  int64_t group_size = 5000;
  int64_t steps = 0;  // 0: by epochs
  double epochs = 0;
  OptimizerOptions optimizer;
  uint64_t seed = 0;
  int64_t checkpoint_every = 0, eval_every = 0, eval_samples = 0;
  DType export_dtype = DType::kF32;
  json::object generation;

  json::object source;  // as it was read: for reports, and to compare with the one a checkpoint was made with
};

Result<Recipe> read_recipe(const std::string& path);
Result<Recipe> parse_recipe(const json::value& value, const std::string& what);

// The members, with their path ("optimizer.learning_rate"), in which two recipes differ and which change the bits of
// the weights. Where results go and how often they are looked at does not.
std::vector<std::string> differences(const json::object& a, const json::object& b);

}  // namespace hermes::train
