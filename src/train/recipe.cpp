#include "train/recipe.h"

#include <boost/json.hpp>
#include <cmath>
#include <set>

namespace hermes::train {
namespace {

constexpr size_t kMaxRecipeBytes = size_t{1} << 20;
constexpr int64_t kMostTokens = int64_t{1} << 24;
constexpr int64_t kMostSteps = int64_t{1} << 40;
constexpr double kAnything = 1e300;

const std::set<std::string_view> kModelMembers = {"model_type",        "num_hidden_layers",
                                                  "hidden_size",       "num_attention_heads",
                                                  "intermediate_size", "num_key_value_heads",
                                                  "head_dim",          "vocab_size",
                                                  "rms_norm_eps",      "rope_theta",
                                                  "rope_scaling",      "rope_parameters",
                                                  "attention_bias",    "attention_out_bias",
                                                  "mlp_bias",          "tie_word_embeddings",
                                                  "hidden_act",        "max_position_embeddings"};
// What a run makes does not depend on these.
const std::set<std::string_view> kNotOfTheWeights = {"name",       "output",       "checkpoint_every",
                                                     "eval_every", "eval_samples", "export"};

// One object of the recipe: every member that is read is noted, and finish() refuses the others.
class Members {
 public:
  Members(JsonObject object, std::string path) : object_(std::move(object)), path_(std::move(path)) {}

  static Result<Members> of(const JsonObject& parent, std::string_view name) {
    HERMES_ASSIGN(JsonObject object, parent.object(name));
    return Members(std::move(object), std::string(name) + ".");
  }

  const JsonObject& object() const { return object_; }
  bool has(std::string_view name) {
    known_.insert(std::string(name));
    return object_.find(name) != nullptr;
  }
  Status read(std::string_view name, std::string& out) {
    known_.insert(std::string(name));
    HERMES_ASSIGN(out, object_.string(name));
    return {};
  }
  Status read(std::string_view name, std::optional<std::string>& out) {
    known_.insert(std::string(name));
    HERMES_ASSIGN(out, object_.optional_string(name));
    return {};
  }
  Status read(std::string_view name, int64_t& out, int64_t least, int64_t most) {
    known_.insert(std::string(name));
    HERMES_ASSIGN(out, object_.integer(name));
    if (out < least || out > most)
      return out_of_range(name, static_cast<double>(out), static_cast<double>(least), static_cast<double>(most));
    return {};
  }
  Status read(std::string_view name, double& out, double least, double most) {
    known_.insert(std::string(name));
    HERMES_ASSIGN(out, object_.number(name));
    if (!(out >= least && out <= most)) return out_of_range(name, out, least, most);
    return {};
  }
  Status read_flag(std::string_view name, bool& out) {
    known_.insert(std::string(name));
    HERMES_ASSIGN(const std::optional<bool> value, object_.optional_boolean(name));
    out = value.value_or(out);
    return {};
  }
  Status read_list(std::string_view name, std::vector<std::string>& out) {
    known_.insert(std::string(name));
    const json::value* list = object_.find(name);
    if (list == nullptr || !list->is_array() || list->get_array().empty()) {
      return Error::invalid("{}: \"{}{}\" must be a list of strings", object_.what(), path_, name);
    }
    for (const json::value& item : list->get_array()) {
      if (!item.is_string())
        return Error::invalid("{}: \"{}{}\" must be a list of strings", object_.what(), path_, name);
      out.emplace_back(item.get_string());
    }
    return {};
  }
  Status finish() const {
    for (const auto& member : object_.raw()) {
      if (!known_.contains(std::string(member.key()))) {
        return Error::invalid("{}: unknown member \"{}{}\"", object_.what(), path_, std::string_view(member.key()));
      }
    }
    return {};
  }

 private:
  Error out_of_range(std::string_view name, double value, double least, double most) const {
    return most >= kAnything
               ? Error::invalid("{}: \"{}{}\" is {}, must be at least {}", object_.what(), path_, name, value, least)
               : Error::invalid("{}: \"{}{}\" is {}, must be between {} and {}", object_.what(), path_, name, value,
                                least, most);
  }

  JsonObject object_;
  std::string path_;
  std::set<std::string> known_;
};

Status read_model(Members& members, Recipe& recipe) {
  const bool fresh = members.has("model"), from = members.has("init_from");
  if (fresh == from) return Error::invalid("{}: give either \"model\" or \"init_from\"", members.object().what());
  if (from) return members.read("init_from", recipe.init_from);
  HERMES_ASSIGN(const JsonObject model, members.object().object("model"));
  for (const auto& member : model.raw()) {
    if (!kModelMembers.contains(std::string_view(member.key()))) {
      return Error::invalid("{}: unknown member \"model.{}\"", model.what(), std::string_view(member.key()));
    }
  }
  recipe.model = model.raw();
  return {};
}

// The members that only Muon has, and "kind".
Status read_muon(Members& members, OptimizerOptions& out) {
  std::optional<std::string> kind;
  HERMES_TRY(members.read("kind", kind));
  if (kind == "muon") {
    out.kind = OptimizerKind::kMuon;
    HERMES_TRY(members.read("momentum", out.momentum, 0, 1));
    if (out.momentum == 1) return Error::invalid("{}: a momentum of 1 never learns", members.object().what());
    return members.read_flag("nesterov", out.nesterov);
  }
  if (kind && kind != "adamw") {
    return Error::invalid("{}: \"optimizer.kind\" is \"{}\", must be \"adamw\" or \"muon\"", members.object().what(),
                          *kind);
  }
  for (const char* name : {"momentum", "nesterov"}) {
    if (members.has(name)) {
      return Error::invalid("{}: \"optimizer.{}\" is for the kind \"muon\"", members.object().what(), name);
    }
  }
  return {};
}

Status read_optimizer(const JsonObject& parent, OptimizerOptions& out) {
  HERMES_ASSIGN(Members members, Members::of(parent, "optimizer"));
  HERMES_TRY(members.read("learning_rate", out.learning_rate, 0, kAnything));
  HERMES_TRY(members.read("warmup_steps", out.warmup_steps, 0, kMostSteps));
  HERMES_TRY(members.read("min_lr_ratio", out.min_lr_ratio, 0, 1));
  HERMES_TRY(members.read("beta1", out.beta1, 0, 1));
  HERMES_TRY(members.read("beta2", out.beta2, 0, 1));
  HERMES_TRY(members.read("eps", out.eps, 0, 1));
  HERMES_TRY(members.read("weight_decay", out.weight_decay, 0, kAnything));
  HERMES_TRY(members.read_flag("decay_embeddings", out.decay_embeddings));
  HERMES_TRY(members.read("clip_norm", out.clip_norm, 0, kAnything));
  HERMES_TRY(read_muon(members, out));
  if (out.beta1 == 1 || out.beta2 == 1) return Error::invalid("{}: a beta of 1 never learns", parent.what());
  return members.finish();
}

Status read_export(const JsonObject& parent, Recipe& recipe) {
  HERMES_ASSIGN(Members members, Members::of(parent, "export"));
  std::string dtype;
  HERMES_TRY(members.read("dtype", dtype));
  if (dtype != "f32" && dtype != "bf16") {
    return Error::invalid("{}: \"export.dtype\" is \"{}\", must be \"f32\" or \"bf16\"", parent.what(), dtype);
  }
  recipe.export_dtype = dtype == "f32" ? DType::kF32 : DType::kBF16;
  if (members.has("generation")) {
    HERMES_ASSIGN(const JsonObject generation, members.object().object("generation"));
    recipe.generation = generation.raw();
  }
  return members.finish();
}

Status read_length(Members& members, Recipe& recipe) {
  const bool by_steps = members.has("steps"), by_epochs = members.has("epochs");
  if (by_steps == by_epochs) return Error::invalid("{}: give either \"steps\" or \"epochs\"", members.object().what());
  if (by_steps) return members.read("steps", recipe.steps, 1, kMostSteps);
  return members.read("epochs", recipe.epochs, 1e-6, 1e6);
}

void compare(const json::object& a, const json::object& b, const std::string& path, std::vector<std::string>& out) {
  std::set<std::string> names;
  for (const auto& member : a) names.emplace(member.key());
  for (const auto& member : b) names.emplace(member.key());
  for (const std::string& name : names) {
    if (path.empty() && kNotOfTheWeights.contains(name)) continue;
    const json::value *in_a = a.if_contains(name), *in_b = b.if_contains(name);
    if (in_a != nullptr && in_b != nullptr && in_a->is_object() && in_b->is_object()) {
      compare(in_a->get_object(), in_b->get_object(), path + name + ".", out);
    } else if (in_a == nullptr || in_b == nullptr || *in_a != *in_b) {
      out.push_back(path + name);
    }
  }
}

}  // namespace

Result<Recipe> parse_recipe(const json::value& value, const std::string& what) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  Members members(object, "");
  Recipe recipe;
  recipe.source = object.raw();
  HERMES_TRY(members.read("name", recipe.name));
  HERMES_TRY(members.read("output", recipe.output));
  HERMES_TRY(read_model(members, recipe));
  HERMES_TRY(members.read("tokenizer", recipe.tokenizer));
  HERMES_TRY(members.read("chat_template", recipe.chat_template));
  int64_t seed = 0;
  HERMES_TRY(members.read("seed", seed, 0, std::numeric_limits<int64_t>::max()));
  recipe.seed = static_cast<uint64_t>(seed);
  HERMES_TRY(members.read("checkpoint_every", recipe.checkpoint_every, 0, kMostSteps));
  HERMES_TRY(members.read("eval_every", recipe.eval_every, 0, kMostSteps));
  HERMES_TRY(members.read("eval_samples", recipe.eval_samples, 0, kMostSteps));
  HERMES_TRY(read_length(members, recipe));
  for (const char* part : {"tokens", "data", "packing", "optimizer", "export"}) members.has(part);
  HERMES_TRY(members.finish());

  HERMES_ASSIGN(Members tokens, Members::of(object, "tokens"));
  HERMES_TRY(tokens.read("bos", recipe.bos));
  HERMES_TRY(tokens.read("end_of_turn", recipe.end_of_turn));
  HERMES_TRY(tokens.read("pad", recipe.pad));
  HERMES_TRY(tokens.finish());

  HERMES_ASSIGN(Members data, Members::of(object, "data"));
  HERMES_TRY(data.read_list("files", recipe.files));
  HERMES_TRY(data.read("train_split", recipe.train_split));
  HERMES_TRY(data.read("test_split", recipe.test_split));
  HERMES_TRY(data.finish());

  HERMES_ASSIGN(Members packing, Members::of(object, "packing"));
  HERMES_TRY(packing.read("row_tokens", recipe.row_tokens, 1, kMostTokens));
  HERMES_TRY(packing.read("rows_per_step", recipe.rows_per_step, 1, kMostTokens));
  HERMES_TRY(packing.read("group_size", recipe.group_size, 0, kMostSteps));
  HERMES_TRY(packing.finish());

  HERMES_TRY(read_optimizer(object, recipe.optimizer));
  HERMES_TRY(read_export(object, recipe));
  return recipe;
}

Result<Recipe> read_recipe(const std::string& path) {
  HERMES_ASSIGN(const json::value value, read_json_file(path, kMaxRecipeBytes, {.unique_names = true}));
  return parse_recipe(value, path);
}

std::vector<std::string> differences(const json::object& a, const json::object& b) {
  std::vector<std::string> found;
  compare(a, b, "", found);
  return found;
}

}  // namespace hermes::train
