#include "synth/run.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <map>
#include <set>

#include "base/compressed_file.h"
#include "base/json.h"
#include "base/temp_folder_for_test.h"
#include "synth/nodes/procedural.h"

namespace hermes::synth {
namespace {

json::value recipe_json(int64_t records = 600) {
  return json::object{{"seed", 3},
                      {"records", records},
                      {"part_size", 100},
                      {"test_per_mille", 100},
                      {"think_share", 0.5},
                      {"history_share", 0.3},
                      {"thinking_prompt", "Think first."},
                      {"output", "unused"},
                      {"families",
                       {{"arithmetic", {{"weight", 2}, {"levels", {1, 1, 0, 0}}}},
                        {"talk", {{"weight", 1}}},
                        {"obedience", {{"weight", 1}}}}}};
}

struct Made {
  std::string train, test, report;
};

class RunTest : public testing::Test {
 protected:
  Result<RunResult> run(const std::string& output, int threads = 2, const std::atomic<bool>* cancel = nullptr,
                        std::function<void(const RunProgress&)> progress = {}) {
    const Recipe recipe = read_recipe(recipe_json(), "r").value();
    const Graph graph = procedural_graph(graph_options(recipe));
    ThreadPool pool(threads);
    return run_synthesis(recipe, graph, pool, {.output = output, .cancel = cancel, .progress = std::move(progress)});
  }
  std::string folder(const std::string& name) const { return (temp_.path() / name).string(); }
  static Made read(const std::string& output) {
    return {read_text_or_zst(output + "/train.jsonl.zst", 1 << 28).value(),
            read_text_or_zst(output + "/test.jsonl.zst", 1 << 28).value(),
            read_text_or_zst(output + "/report.json", 1 << 28).value()};
  }
  TempFolder temp_;
};

TEST_F(RunTest, WritesRecordsThatHoldWhatTheyPromise) {
  const RunResult result = run(folder("a")).value();
  const Made made = read(folder("a"));
  int64_t lines = 0;
  std::map<std::string, std::string> split_of;
  std::set<std::string> texts;
  int with_history = 0;
  for (const std::string* text : {&made.train, &made.test}) {
    const std::string split = text == &made.train ? "train" : "test";
    for (size_t begin = 0; begin < text->size(); ++lines) {
      const size_t end = text->find('\n', begin);
      const json::value value = parse_json(std::string_view(*text).substr(begin, end - begin), "line").value();
      begin = end + 1;
      EXPECT_EQ(value.at("split").as_string(), split);
      EXPECT_EQ(value.at("verdict").as_string(), "pass");
      const bool thinks = value.at("mode").as_string() == "think";
      EXPECT_EQ(value.at("thinking").as_bool(), thinks);
      const json::array& messages = value.at("messages").as_array();
      EXPECT_EQ(messages.back().at("content").as_string().starts_with("<think>\n"), thinks);
      if (messages.front().at("role").as_string() == "system") {
        EXPECT_EQ(messages.front().at("content").as_string().ends_with("\n\nThink first."), thinks);
      }
      size_t learnt = 0;
      for (const json::value& message : messages) {
        const bool assistant = message.at("role").as_string() == "assistant";
        learnt += assistant && !message.as_object().contains("weight") ? 1 : 0;
        with_history += message.as_object().contains("weight") ? 1 : 0;
        EXPECT_TRUE(assistant || !message.as_object().contains("weight"));
      }
      EXPECT_EQ(learnt, value.at("checks").as_array().size());
      // No problem is in both splits, whatever its wording.
      const std::string problem(value.at("problem").as_string());
      EXPECT_EQ(split_of.emplace(problem, split).first->second, split);
      EXPECT_TRUE(texts.insert(to_json_text(value.at("messages")) + std::string(value.at("mode").as_string())).second);
    }
  }
  EXPECT_GT(with_history, lines / 5);
  EXPECT_LT(with_history, lines);
  EXPECT_EQ(lines, result.report.kept());
  EXPECT_EQ(result.report.kept() + result.report.duplicates() + result.report.discarded(), 600);
  EXPECT_GT(made.test.size(), 0U);
  EXPECT_EQ(result.report.discarded(), 0);
  EXPECT_GT(result.report.duplicates(), 0);  // small talk repeats itself
}

TEST_F(RunTest, ThreadsAndInterruptionsChangeNothing) {
  const RunResult whole = run(folder("whole"), 1).value();
  std::atomic<bool> cancel{false};
  const auto stopped =
      run(folder("stopped"), 3, &cancel, [&](const RunProgress& progress) { cancel = progress.done >= 300; });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(folder("stopped") + "/train.jsonl.zst"));
  int64_t resumed = 0;
  const RunResult rest =
      run(folder("stopped"), 2, nullptr, [&](const RunProgress& progress) { resumed = progress.resumed; }).value();
  EXPECT_EQ(resumed, 300);
  EXPECT_EQ(rest.data_hash, whole.data_hash);
  const Made a = read(folder("whole")), b = read(folder("stopped"));
  EXPECT_EQ(a.train, b.train);
  EXPECT_EQ(a.test, b.test);
  EXPECT_EQ(a.report, b.report);
  EXPECT_FALSE(std::filesystem::exists(folder("stopped") + "/parts"));
}

TEST_F(RunTest, AFinishedRunIsNotMadeAgainAndAnotherRecipeIsRefused) {
  ASSERT_FALSE(run(folder("a"))->was_complete);
  EXPECT_TRUE(run(folder("a"))->was_complete);
  const Recipe other = read_recipe(recipe_json(700), "r").value();
  const Graph graph = procedural_graph({});
  ThreadPool pool(1);
  const auto refused = run_synthesis(other, graph, pool, {.output = folder("a")});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find("another recipe"), std::string::npos);
  EXPECT_TRUE(run_synthesis(other, graph, pool, {.output = folder("a"), .fresh = true}).ok());
}

TEST(RecipeTest, RefusesWhatItDoesNotKnowByName) {
  const auto message = [](auto&& change) {
    json::value value = recipe_json();
    change(value.get_object());
    const auto recipe = read_recipe(value, "r.json");
    return recipe.ok() ? std::string("accepted") : recipe.error().message();
  };
  EXPECT_EQ(message([](json::object&) {}), "accepted");
  EXPECT_EQ(message([](json::object& r) { r["recods"] = 1; }), "r.json: unknown field \"recods\"");
  EXPECT_EQ(message([](json::object& r) { r["records"] = 0; }),
            "r.json: \"records\" is 0, must be from 1 to 1000000000");
  EXPECT_EQ(message([](json::object& r) { r.erase("seed"); }), "r.json: \"seed\" is missing");
  EXPECT_EQ(message([](json::object& r) { r["think_share"] = 1.5; }),
            "r.json: \"think_share\" is 1.5, must be from 0 to 1");
  EXPECT_NE(message([](json::object& r) {
              r["families"].as_object()["poetry"] = json::object{{"weight", 1}};
            }).find("no family \"poetry\""),
            std::string::npos);
  EXPECT_NE(message([](json::object& r) {
              r["families"].at("talk").as_object()["levels"] = {1, 2};
            }).find("list of 1 weights"),
            std::string::npos);
}

}  // namespace
}  // namespace hermes::synth
