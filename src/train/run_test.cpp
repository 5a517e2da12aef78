// Runs from start to end, interrupted and resumed, with everything they leave behind.
#include "train/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/file.h"
#include "base/temp_folder_for_test.h"
#include "formats/safetensors_file.h"
#include "support/close.h"
#include "tensor/float_types.h"
#include "train/checkpoint.h"
#include "train/export.h"
#include "train/tiny_training_for_test.h"

namespace hermes::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Runs : public ::testing::Test {
 protected:
  Runs() { tokenizer_ = folder_.write("tokenizer.json", "{}").string(); }

  Recipe recipe() const {
    Recipe recipe = tiny_recipe();
    recipe.tokenizer = tokenizer_;
    recipe.checkpoint_every = 2;
    recipe.eval_every = 3;
    return recipe;
  }
  RunOptions options(const std::string& name, bool resume = false) const {
    return {
        .folder = folder_.path() / name, .resume = resume, .config = tiny_config(), .time_limit = {}, .stop = nullptr};
  }
  static Result<RunEnd> go(TinyTraining& tiny, const RunOptions& options, const RunEvents& events = {}) {
    return run(*tiny.trainer, tiny.recipe, tiny.data, *tiny.collective, options, events);
  }
  // Runs until `steps` are done, then asks to stop.
  static void go_until(TinyTraining& tiny, RunOptions options, int64_t steps) {
    std::atomic<bool> stop{false};
    options.stop = &stop;
    const RunEvents events{
        .resumed = {}, .step = [&](const MetricPoint& p, double) { stop = p.step == steps; }, .saved = {}};
    const auto end = go(tiny, options, events);
    ASSERT_TRUE(end.ok()) << end.error().message();
    EXPECT_EQ(*end, RunEnd::kInterrupted);
    EXPECT_EQ(tiny.trainer->steps_done(), steps);
  }
  std::vector<std::string> names_in(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / name)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TempFolder folder_;
  std::string tokenizer_;
};

TEST_F(Runs, LearnAndLeaveEverything) {
  Recipe longer = recipe();
  longer.steps = 60;
  longer.checkpoint_every = 0;
  TinyTraining tiny(longer);
  std::vector<MetricPoint> points;
  const RunEvents events{
      .resumed = {}, .step = [&](const MetricPoint& p, double) { points.push_back(p); }, .saved = {}};
  const auto end = go(tiny, options("run"), events);
  ASSERT_TRUE(end.ok()) << end.error().message();
  EXPECT_EQ(*end, RunEnd::kFinished);
  ASSERT_EQ(points.size(), 60U);
  EXPECT_NEAR(points[0].loss, std::log(16), 0.1);  // uniform over the vocabulary at first
  EXPECT_LT(points.back().loss, 0.5 * points[0].loss);
  EXPECT_LT(points.back().test_loss.value(), 0.6 * points[0].loss);
  EXPECT_TRUE(points[2].test_loss.has_value());
  EXPECT_FALSE(points[3].test_loss.has_value());

  const auto names = names_in("run");
  ASSERT_EQ(names.size(), 5U);
  EXPECT_EQ(names[0], "checkpoints");
  EXPECT_THAT(names[1], HasSubstr("tfevents"));
  EXPECT_THAT(std::vector(names.begin() + 2, names.end()), ElementsAre("metrics.jsonl", "model", "report.html"));
  EXPECT_THAT(names_in("run/checkpoints"), ElementsAre("step-00000060.safetensors"));
  EXPECT_EQ(MetricLog::open(folder_.path() / "run/metrics.jsonl", 60)->points().size(), 60U);
}

class RunsOf : public Runs, public ::testing::WithParamInterface<OptimizerKind> {
 protected:
  Recipe recipe() const {
    Recipe recipe = Runs::recipe();
    recipe.optimizer.kind = GetParam();
    return recipe;
  }
};

TEST_P(RunsOf, ResumedGiveTheSameBits) {
  TinyTraining whole(recipe());
  ASSERT_TRUE(go(whole, options("whole")).ok());

  TinyTraining first(recipe()), second(recipe());
  go_until(first, options("parts"), 3);
  int64_t resumed_at = 0;
  const RunEvents events{.resumed = [&](int64_t step, int64_t) { resumed_at = step; }, .step = {}, .saved = {}};
  const auto end = go(second, options("parts", true), events);
  ASSERT_TRUE(end.ok()) << end.error().message();
  EXPECT_EQ(*end, RunEnd::kFinished);
  EXPECT_EQ(resumed_at, 3);
  EXPECT_TRUE(test::same_bits(second.trainer->parameters().all(), whole.trainer->parameters().all()));
  EXPECT_TRUE(test::same_bits(second.trainer->optimizer().m().all(), whole.trainer->optimizer().m().all()));
  EXPECT_TRUE(test::same_bits(second.trainer->optimizer().v().all(), whole.trainer->optimizer().v().all()));
  const auto losses = [&](const std::string& name) {
    const MetricLog log = MetricLog::open(folder_.path() / name / "metrics.jsonl", 6).value();
    std::vector<double> all;
    for (const MetricPoint& p : log.points()) all.push_back(p.loss);
    return all;
  };
  EXPECT_EQ(losses("parts").size(), 6U);
  EXPECT_EQ(losses("parts"), losses("whole"));
}

TEST_P(RunsOf, ANanInTheGradientEndsTheRunAndKeepsTheWeights) {
  TinyTraining tiny(recipe());
  tiny.trainer->parameters().all()[3] = std::nanf("");
  const std::vector<float> before(tiny.trainer->parameters().all().begin(), tiny.trainer->parameters().all().end());
  const auto result = tiny.trainer->step();
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message(), HasSubstr("diverged"));
  EXPECT_EQ(tiny.trainer->steps_done(), 0);
  EXPECT_TRUE(test::same_bits(tiny.trainer->parameters().all(), before));
}

INSTANTIATE_TEST_SUITE_P(Optimizers, RunsOf, ::testing::Values(OptimizerKind::kAdamw, OptimizerKind::kMuon),
                         [](const auto& param) { return param.param == OptimizerKind::kMuon ? "muon" : "adamw"; });

// Muon keeps no second moment of the matrices it is for.
TEST_F(Runs, CheckpointsOfMuonHoldWhatItNeeds) {
  Recipe muon = recipe();
  muon.optimizer.kind = OptimizerKind::kMuon;
  TinyTraining tiny(muon);
  go_until(tiny, options("run"), 2);
  const auto file =
      formats::SafetensorsFile::open(folder_.path() / "run/checkpoints/step-00000002.safetensors").value();
  for (const FlatTensors::Entry& entry : tiny.trainer->parameters().entries()) {
    EXPECT_TRUE(file.find("parameter." + entry.name) && file.find("m." + entry.name)) << entry.name;
    EXPECT_EQ(file.find("v." + entry.name).has_value(), !orthogonalised(entry)) << entry.name;
  }
}

TEST_F(Runs, KeepTheLastTwoCheckpoints) {
  TinyTraining tiny(recipe());
  ASSERT_TRUE(go(tiny, options("run")).ok());
  EXPECT_THAT(names_in("run/checkpoints"), ElementsAre("step-00000004.safetensors", "step-00000006.safetensors"));
}

TEST_F(Runs, RefuseOtherRecipesAndDataByName) {
  TinyTraining tiny(recipe());
  go_until(tiny, options("run"), 2);

  Recipe changed = recipe();
  changed.source["optimizer"].as_object()["learning_rate"] = 2e-2;
  changed.source["steps"] = 9;
  TinyTraining other(changed);
  const auto by_recipe = go(other, options("run", true));
  ASSERT_FALSE(by_recipe.ok());
  EXPECT_THAT(by_recipe.error().message(), HasSubstr("optimizer.learning_rate, steps differ"));

  TinyTraining other_data(recipe(), 6);
  const auto by_data = go(other_data, options("run", true));
  ASSERT_FALSE(by_data.ok());
  EXPECT_THAT(by_data.error().message(), HasSubstr("other training samples"));
}

TEST_F(Runs, NeitherOverwriteNorResumeNothing) {
  TinyTraining tiny(recipe());
  EXPECT_THAT(go(tiny, options("run", true)).error().message(), HasSubstr("no checkpoint to resume"));
  go_until(tiny, options("run"), 2);
  TinyTraining again(recipe());
  EXPECT_THAT(go(again, options("run")).error().message(), HasSubstr("there is a run already"));
}

TEST_F(Runs, ATimeLimitIsAnInterruption) {
  TinyTraining tiny(recipe());
  RunOptions limited = options("run");
  limited.time_limit = 0;
  EXPECT_EQ(go(tiny, limited).value(), RunEnd::kInterrupted);
  EXPECT_EQ(tiny.trainer->steps_done(), 1);
  EXPECT_THAT(names_in("run/checkpoints"), ElementsAre("step-00000001.safetensors"));
}

TEST_F(Runs, ADamagedCheckpointIsRefused) {
  TinyTraining tiny(recipe());
  go_until(tiny, options("run"), 2);
  const auto path = folder_.path() / "run/checkpoints/step-00000002.safetensors";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4);
  TinyTraining again(recipe());
  EXPECT_FALSE(go(again, options("run", true)).ok());
}

TEST_F(Runs, EpochsBecomeSteps) {
  Recipe by_epochs = recipe();
  by_epochs.steps = 0;
  by_epochs.epochs = 2;
  TinyTraining tiny(by_epochs);
  const auto rows = static_cast<int64_t>(tiny.data.rows.n_rows());
  EXPECT_EQ(tiny.trainer->n_steps(), (2 * rows + 2) / 3);
}

class Export : public ::testing::TestWithParam<std::string> {};

TEST_P(Export, ReadsBackAsAModel) {
  const TempFolder folder;
  Recipe recipe = tiny_recipe();
  recipe.tokenizer = folder.write("tokenizer.json", "{\"version\": 1}").string();
  recipe.generation = {{"do_sample", true}};
  recipe.bos = "<b>";
  TinyTraining tiny(recipe, 5, GetParam());
  tiny.data.bos = 3;
  tiny.data.end_of_turn = 4;
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    tiny.recipe.export_dtype = dtype;
    const auto path = folder.path() / "model";
    const Status done = export_model(path, tiny.recipe, tiny_config(GetParam()), tiny.trainer->spec(), tiny.data,
                                     tiny.trainer->parameters());
    ASSERT_TRUE(done.ok()) << done.error().message();
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "model.partial"));

    const json::value config = read_json_file((path / "config.json").string(), 10000).value();
    const model::ArchSpec spec = model::read_arch_spec(config, "config.json").value();
    EXPECT_EQ(spec.model_type, GetParam());
    EXPECT_EQ(spec.declared_dtype, dtype);
    EXPECT_EQ(config.at("eos_token_id"), 4);
    const auto file =
        std::make_shared<formats::SafetensorsFile>(formats::SafetensorsFile::open(path / "model.safetensors").value());
    EXPECT_TRUE(model::weight_findings(spec, *file).empty());
    EXPECT_FALSE(file->find("lm_head.weight").has_value());  // tied
    for (const FlatTensors::Entry& entry : tiny.trainer->parameters().entries()) {
      const ConstTensorView view = file->tensor(entry.name).value();
      ASSERT_EQ(view.dtype, dtype);
      const std::span<const float> values = tiny.trainer->parameters().values(entry);
      for (size_t i = 0; i < values.size(); ++i) {
        if (dtype == DType::kF32) {
          ASSERT_EQ(view.as<float>()[i], values[i]);
        } else {
          ASSERT_EQ(view.as<Bf16>()[i].bits, to_bf16(values[i]).bits);
        }
      }
    }
    const json::value generation = read_json_file((path / "generation_config.json").string(), 10000).value();
    EXPECT_EQ(generation.at("do_sample"), true);
    EXPECT_EQ(generation.at("bos_token_id"), 3);
    const json::value tokenizer = read_json_file((path / "tokenizer_config.json").string(), 10000).value();
    EXPECT_EQ(tokenizer.at("eos_token"), "<e>");
    EXPECT_EQ(read_text_file(path / "tokenizer.json", 100).value(), "{\"version\": 1}");
    EXPECT_EQ(read_text_file(path / "chat_template.jinja", 100).value(), tiny.data.chat_template);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Export, ::testing::Values("llama", "qwen3", "seed_oss"));

}  // namespace
}  // namespace hermes::train
