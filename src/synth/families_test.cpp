#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <set>

#include "chat/reply.h"
#include "synth/problem.h"
#include "verify/verifier.h"

namespace hermes::synth {
namespace {

class FamilyTest : public testing::TestWithParam<std::string_view> {
 protected:
  const Family& family() const { return *find_family(GetParam()); }
  // Problems of every level, the same ones every time.
  template <class Use>
  void each(int n, Use&& use) const {
    for (int level = 1; level <= family().levels; ++level) {
      for (int i = 0; i < n; ++i) {
        Dice dice(static_cast<uint64_t>(level), static_cast<uint64_t>(i));
        use(family().make(dice, level));
      }
    }
  }
};

verify::Verdict judge(const json::object& check, std::string_view text, bool open = false) {
  return verify::make_verifier(check, "check").value()->judge(chat::parse_reply(text, open));
}

TEST_P(FamilyTest, AnswersPassTheirVerifierAndStepsAreTrue) {
  each(300, [](const Problem& problem) {
    for (const Exchange& exchange : problem.exchanges) {
      const verify::Verdict verdict = judge(exchange.check, exchange.answer);
      ASSERT_TRUE(verdict.passed()) << problem.key << "\n" << exchange.answer << "\n" << verdict.reason;
      chat::Reply reply;
      reply.reasoning = exchange.reasoning;
      const verify::Verdict steps = verify::make_verifier(problem.trace_check, "trace").value()->judge(reply);
      ASSERT_TRUE(steps.passed()) << problem.key << "\n" << exchange.reasoning << "\n" << steps.reason;
      EXPECT_FALSE(exchange.before.empty());
    }
  });
}

// The answer to another problem of the family does not pass, unless it happens to be the same.
TEST_P(FamilyTest, AnswersOfOtherProblemsFail) {
  std::vector<Problem> problems;
  each(60, [&](const Problem& problem) { problems.push_back(problem); });
  int compared = 0;
  for (size_t i = 0; i + 1 < problems.size(); ++i) {
    const Exchange &mine = problems[i].exchanges.front(), &other = problems[i + 1].exchanges.front();
    if (mine.answer == other.answer || mine.check == other.check) continue;
    if (GetParam() == "obedience") continue;  // a manner of writing may hold by accident
    if (GetParam() == "talk" && other.answer.find("Hello") == std::string::npos) continue;
    EXPECT_FALSE(judge(mine.check, other.answer).passed()) << problems[i].key << "\n" << other.answer;
    ++compared;
  }
  EXPECT_GT(compared + (GetParam() == "obedience" ? 1 : 0), 0);
}

TEST_P(FamilyTest, NothingPassesWithoutAnAnswer) {
  each(20, [](const Problem& problem) {
    const Exchange& exchange = problem.exchanges.front();
    EXPECT_FALSE(judge(exchange.check, "").passed()) << problem.key;
    // The right answer inside the reasoning only is no answer.
    EXPECT_FALSE(judge(exchange.check, "<think>\n" + exchange.reasoning + "\n</think>\n\n").passed()) << problem.key;
  });
}

TEST_P(FamilyTest, TheSameDiceGiveTheSameProblemAndOthersDiffer) {
  std::set<std::string> keys;
  int n = 0;
  each(50, [&](const Problem& problem) {
    keys.insert(problem.key);
    ++n;
  });
  Dice once(5, 6), again(5, 6);
  const Problem a = family().make(once, 1), b = family().make(again, 1);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.exchanges.front().before.front().content, b.exchanges.front().before.front().content);
  EXPECT_GT(static_cast<int>(keys.size()), n / 4);
}

std::vector<std::string_view> names() {
  std::vector<std::string_view> out;
  for (const Family& family : families()) out.push_back(family.name);
  return out;
}
INSTANTIATE_TEST_SUITE_P(All, FamilyTest, testing::ValuesIn(names()),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(Families, FormatsAreAtLeastTwenty) {
  std::set<std::string> kinds;
  for (uint64_t i = 0; i < 2000; ++i) {
    Dice dice(1, i);
    kinds.insert(find_family("format")->make(dice, 1).kind);
  }
  EXPECT_GE(kinds.size(), 24U);
}

TEST(Families, ToolsComeInEveryKind) {
  std::map<std::string, int> kinds;
  for (uint64_t i = 0; i < 2000; ++i) {
    Dice dice(1, i);
    ++kinds[find_family("tools")->make(dice, 2).kind];
  }
  for (const char* kind :
       {"one_call", "call_and_answer", "several_calls", "several_and_answer", "no_tool", "not_needed", "calculator"}) {
    EXPECT_GT(kinds[kind], 20) << kind;
  }
}

}  // namespace
}  // namespace hermes::synth
