#include "synth/graph.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

namespace hermes::synth {
namespace {

// A node that only gives its fields.
class Giver final : public Node {
 public:
  Giver(std::string name, Conditions conditions, bool discards = false)
      : name_(std::move(name)), conditions_(std::move(conditions)), discards_(discards) {}
  std::string_view name() const override { return name_; }
  const Conditions& conditions() const override { return conditions_; }
  Result<Step> run(State& state, Walk&) const override {
    for (const std::string& field : conditions_.gives) state[field] = name_;
    return discards_ ? Step::kDiscard : Step::kDone;
  }

 private:
  std::string name_;
  Conditions conditions_;
  bool discards_;
};

std::unique_ptr<const Node> giver(std::string name, Conditions conditions) {
  return std::make_unique<Giver>(std::move(name), std::move(conditions));
}

TEST(Graph, WalksFromSourceToTargetAlongConditions) {
  Graph graph("g", {"seed"}, {"answer"});
  graph.add(giver("ask", {.needs = {"seed"}, .gives = {"question"}}));
  graph.add(giver("reply", {.needs = {"question"}, .gives = {"answer"}}));
  ASSERT_TRUE(graph.check().ok());
  Dice dice(1);
  Walk walk{.dice = dice};
  State state{{"seed", 7}};
  ASSERT_EQ(*graph.run(state, walk), Step::kDone);
  EXPECT_EQ(walk.path, (std::vector<std::string>{"ask", "reply"}));
  EXPECT_EQ(state.at("answer"), json::value("reply"));
}

TEST(Graph, TakesAlternativesInProportionToTheirWeights) {
  Graph graph("g", {}, {"x"});
  graph.add(giver("often", {.gives = {"x"}}), 3);
  graph.add(giver("rarely", {.gives = {"x"}}), 1);
  Dice dice(2);
  int often = 0;
  for (int i = 0; i < 4000; ++i) {
    Walk walk{.dice = dice};
    State state;
    ASSERT_EQ(*graph.run(state, walk), Step::kDone);
    often += walk.path.front() == "often" ? 1 : 0;
  }
  EXPECT_NEAR(often, 3000, 137);  // five standard deviations
}

TEST(Graph, IsANodeItself) {
  auto inner = std::make_unique<Graph>("inner", std::vector<std::string>{"a"}, std::vector<std::string>{"b"});
  inner->add(giver("step", {.needs = {"a"}, .gives = {"b"}}));
  Graph outer("outer", {"a"}, {"c"});
  outer.add(std::move(inner));
  outer.add(giver("last", {.needs = {"b"}, .gives = {"c"}}));
  ASSERT_TRUE(outer.check().ok());
  Dice dice(3);
  Walk walk{.dice = dice};
  State state{{"a", 1}};
  ASSERT_EQ(*outer.run(state, walk), Step::kDone);
  EXPECT_EQ(walk.path, (std::vector<std::string>{"inner", "step", "last"}));
}

TEST(Graph, HonoursFieldsThatMustBeAbsent) {
  Graph graph("g", {"a"}, {"b"});
  graph.add(giver("never", {.needs = {"a"}, .absent = {"a"}, .gives = {"b"}}));
  Dice dice(4);
  Walk walk{.dice = dice};
  State state{{"a", 1}};
  const Result<Step> step = graph.run(state, walk);
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().message(), "graph g: no node can go on from the fields a");
}

TEST(Graph, ADiscardEndsTheWalk) {
  Graph graph("g", {}, {"x", "y"});
  graph.add(std::make_unique<Giver>("no", Conditions{.gives = {"x"}}, true));
  Dice dice(5);
  Walk walk{.dice = dice};
  State state;
  EXPECT_EQ(*graph.run(state, walk), Step::kDiscard);
}

TEST(Graph, CheckNamesWhatCannotBeReached) {
  Graph unreachable("g", {"a"}, {"z"});
  EXPECT_EQ(unreachable.check().error().message(), "graph g: no node can give \"z\"");
  Graph stuck("g", {"a"}, {"b"});
  stuck.add(giver("fine", {.needs = {"a"}, .gives = {"b"}}));
  stuck.add(giver("stuck", {.needs = {"q"}, .gives = {"c"}}));
  EXPECT_EQ(stuck.check().error().message(), "graph g: node stuck can never run, nothing gives q");
  stuck.add(giver("helper", {.needs = {"b"}, .may_give = {"q"}}));
  EXPECT_TRUE(stuck.check().ok());
}

}  // namespace
}  // namespace hermes::synth
