#include "eval/harness.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>

#include "base/temp_folder_for_test.h"

namespace hermes::eval {
namespace {

// Answers by looking the prompt up.
class Script final : public generate::Generator {
 public:
  explicit Script(std::map<std::string, std::string> answers) : answers_(std::move(answers)) {}
  Status generate(const generate::Request& request, generate::EventSink sink) override {
    const auto found = answers_.find(request.prompt);
    if (found == answers_.end()) return Error::invalid("no answer to {}", request.prompt);
    generate::Finished finished;
    if (request.cancel != nullptr && request.cancel->load()) {
      finished.reason = generate::FinishReason::kCancelled;
    } else if (found->second == "endless") {
      finished.reason = generate::FinishReason::kLength;
    } else {
      for (const char c : found->second) sink(generate::TextDelta{std::string(1, c)});
    }
    finished.usage.completion_tokens = static_cast<int64_t>(found->second.size());
    sink(finished);
    return {};
  }

 private:
  std::map<std::string, std::string> answers_;
};

constexpr std::string_view kRecords =
    R"({"id":"1","family":"sums","kind":"a","level":1,"split":"test","thinking":false,"messages":[{"role":"user","content":"1+1"},{"role":"assistant","content":"2"}],"checks":[{"verifier":"number","value":2}]}
{"id":"2","family":"sums","kind":"a","level":1,"split":"train","thinking":false,"messages":[{"role":"user","content":"1+2"},{"role":"assistant","content":"3"}],"checks":[{"verifier":"number","value":3}]}
{"id":"3","family":"tools","kind":"a","level":2,"split":"test","thinking":true,"messages":[{"role":"user","content":"use it"},{"role":"assistant","content":"<think>\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>"},{"role":"tool","content":"7"},{"role":"assistant","content":"so 7\n</think>\n\n7"}],"tools":[{"name":"f"}],"checks":[{"verifier":"tool_calls","calls":[{"name":"f","arguments":{}}]},{"verifier":"number","value":7}]}
)";

class HarnessTest : public testing::Test {
 protected:
  std::string file(std::string_view text) {
    const std::string path = (folder_.path() / "cases.jsonl").string();
    std::ofstream(path) << text;
    return path;
  }
  static Result<std::string> render(const Case& one) { return one.conversation.messages.back().content; }
  TempFolder folder_;
};

TEST_F(HarnessTest, ReadsOneCaseForEachTurnWithTheTrueHistory) {
  const std::vector<Case> cases = read_cases(file(kRecords)).value();
  ASSERT_EQ(cases.size(), 3U);
  EXPECT_EQ(cases[0].id, "1");
  EXPECT_EQ(cases[1].conversation.messages.size(), 1U);
  EXPECT_EQ(cases[2].id, "3.2");
  EXPECT_EQ(cases[2].conversation.messages.size(), 3U);
  EXPECT_EQ(cases[2].conversation.tools.size(), 1U);
  EXPECT_FALSE(cases[1].think_left_open);
  EXPECT_TRUE(cases[2].think_left_open);
  EXPECT_EQ(read_cases(file(kRecords), "").value().size(), 4U);
}

TEST_F(HarnessTest, ScoresAnswersWhateverTheNumberOfGenerators) {
  const std::vector<Case> cases = read_cases(file(kRecords)).value();
  const std::map<std::string, std::string> answers{
      {"1+1", "The answer is 2."},
      {"use it", "<think>\nhm\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>"},
      {"7", "it says 7\n</think>\n\n8"}};
  for (const size_t n : {1, 3}) {
    std::vector<Script> scripts(n, Script(answers));
    std::vector<generate::Generator*> generators;
    for (Script& script : scripts) generators.push_back(&script);
    std::map<std::string, bool> passed;
    const HarnessResult result = run_cases(cases, generators, render,
                                           {.judged = [&](const Case& one, const Answer& answer, int64_t,
                                                          int64_t) { passed[one.id] = answer.verdict.passed(); }})
                                     .value();
    EXPECT_EQ(passed, (std::map<std::string, bool>{{"1", true}, {"3", true}, {"3.2", false}}));
    EXPECT_EQ(result.scores.modes.at("think").all.n, 2);
    EXPECT_EQ(result.scores.modes.at("think").all.passed, 1);
    EXPECT_EQ(result.scores.modes.at("direct").all.passed, 1);
  }
}

TEST_F(HarnessTest, AnAnswerThatDoesNotEndFailsAndAGeneratorThatCannotAnswerStopsTheRun) {
  const std::vector<Case> cases = read_cases(file(kRecords)).value();
  Script endless(std::map<std::string, std::string>{{"1+1", "endless"}});
  generate::Generator* generators[] = {&endless};
  const HarnessResult result = run_cases(std::span(cases).first(1), generators, render, {}).value();
  EXPECT_EQ(result.scores.modes.at("direct").all.passed, 0);
  const auto failed = run_cases(cases, generators, render, {});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message(), "no answer to use it");
  const std::atomic<bool> cancel{true};
  EXPECT_EQ(run_cases(cases, generators, render, {.cancel = &cancel}).error().code(), ErrorCode::kCancelled);
}

TEST_F(HarnessTest, BadRecordsAreNamedByFileAndLine) {
  const auto message = [&](std::string_view text) { return read_cases(file(text)).error().message(); };
  EXPECT_NE(message("{}\n").find("cases.jsonl:1"), std::string::npos);
  EXPECT_NE(message(std::string(kRecords) + "{\"split\": 3}\n").find("cases.jsonl:4"), std::string::npos);
  EXPECT_NE(
      message(
          R"({"id":"1","family":"f","kind":"k","level":1,"split":"test","messages":[{"role":"assistant","content":"2"}],"checks":[]})")
          .find("assistant turn 1"),
      std::string::npos);
}

TEST(ChooseCases, TakesEvenlyFromEveryCell) {
  std::vector<Case> cases;
  for (int i = 0; i < 100; ++i) {
    cases.push_back({.id = std::to_string(i), .family = i < 90 ? "many" : "few", .kind = "", .level = 1});
  }
  const std::vector<Case> chosen = choose_cases(std::move(cases), 20);
  ASSERT_EQ(chosen.size(), 20U);
  EXPECT_EQ(std::count_if(chosen.begin(), chosen.end(), [](const Case& one) { return one.family == "few"; }), 10);
  EXPECT_EQ(chosen.front().id, "0");
}

}  // namespace
}  // namespace hermes::eval
