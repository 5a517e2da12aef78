#include "synth/nodes/procedural.h"

#include <boost/json.hpp>

#include "chat/reply.h"
#include "synth/problem.h"
#include "verify/verifier.h"

namespace hermes::synth {
namespace {

json::object exchange_to_json(const Exchange& exchange) {
  json::array before;
  for (const chat::Message& message : exchange.before) before.push_back(chat::to_json(message));
  return {{"before", std::move(before)},
          {"reasoning", exchange.reasoning},
          {"answer", exchange.answer},
          {"check", exchange.check},
          {"leaves_think_open", exchange.leaves_think_open},
          {"continues_think", exchange.continues_think}};
}

std::string text_of(const json::object& object, std::string_view field) {
  return std::string(object.at(field).as_string());
}

class Draw final : public Node {
 public:
  std::string_view name() const override { return "draw"; }
  const Conditions& conditions() const override {
    static const Conditions kConditions{.needs = {"family", "level"}, .gives = {"problem", "key"}};
    return kConditions;
  }
  Result<Step> run(State& state, Walk& walk) const override {
    const Family* family = find_family(state.at("family").as_string());
    HERMES_CHECK(family != nullptr, "the recipe lets only known families through");
    const Problem problem = family->make(walk.dice, static_cast<int>(state.at("level").as_int64()));
    json::array exchanges;
    for (const Exchange& exchange : problem.exchanges) exchanges.push_back(exchange_to_json(exchange));
    state["problem"] = json::object{{"kind", problem.kind},
                                    {"system", problem.system},
                                    {"tools", problem.tools},
                                    {"exchanges", std::move(exchanges)},
                                    {"trace_check", problem.trace_check}};
    state["key"] = problem.key;
    return Step::kDone;
  }
};

// The assistant's turns, each with its steps between <think> and </think> before the answer.
class Reason final : public Node {
 public:
  std::string_view name() const override { return "reason"; }
  const Conditions& conditions() const override {
    static const Conditions kConditions{.needs = {"problem"}, .gives = {"mode", "replies"}};
    return kConditions;
  }
  Result<Step> run(State& state, Walk&) const override {
    json::array replies;
    for (const json::value& value : state.at("problem").at("exchanges").as_array()) {
      const json::object& exchange = value.as_object();
      std::string text = exchange.at("continues_think").as_bool() ? "" : "<think>\n";
      text += text_of(exchange, "reasoning") + "\n";
      if (!exchange.at("leaves_think_open").as_bool()) text += "</think>\n\n";
      replies.emplace_back(text + text_of(exchange, "answer"));
    }
    state["replies"] = std::move(replies);
    state["mode"] = "think";
    return Step::kDone;
  }
};

class AnswerDirectly final : public Node {
 public:
  std::string_view name() const override { return "answer_directly"; }
  const Conditions& conditions() const override {
    static const Conditions kConditions{.needs = {"problem"}, .gives = {"mode", "replies"}};
    return kConditions;
  }
  Result<Step> run(State& state, Walk&) const override {
    json::array replies;
    for (const json::value& exchange : state.at("problem").at("exchanges").as_array()) {
      replies.emplace_back(text_of(exchange.as_object(), "answer"));
    }
    state["replies"] = std::move(replies);
    state["mode"] = "direct";
    return Step::kDone;
  }
};

// Answers by their own verifier, reasoning by the one that checks every step. What does not pass is discarded.
class Judge final : public Node {
 public:
  std::string_view name() const override { return "judge"; }
  const Conditions& conditions() const override {
    static const Conditions kConditions{.needs = {"replies", "mode"}, .gives = {"verdict"}};
    return kConditions;
  }
  Result<Step> run(State& state, Walk&) const override {
    const json::object& problem = state.at("problem").as_object();
    HERMES_ASSIGN(const auto trace, verify::make_verifier(problem.at("trace_check").as_object(), "trace_check"));
    const bool thinks = state.at("mode").as_string() == "think";
    const json::array& exchanges = problem.at("exchanges").as_array();
    for (size_t i = 0; i < exchanges.size(); ++i) {
      const json::object& exchange = exchanges[i].as_object();
      HERMES_ASSIGN(const auto verifier, verify::make_verifier(exchange.at("check").as_object(), "check"));
      const std::string_view text = state.at("replies").as_array()[i].as_string();
      const chat::Reply reply = chat::parse_reply(text, thinks && exchange.at("continues_think").as_bool());
      verify::Verdict verdict = verifier->judge(reply);
      if (verdict.passed() && thinks) verdict = trace->judge(reply);
      if (!verdict.passed()) {
        state["discarded"] = std::string(to_string(verdict.outcome)) + ": " + verdict.reason;
        return Step::kDiscard;
      }
    }
    state["verdict"] = "pass";
    return Step::kDone;
  }
};

// What was said before: problems of any family that need neither tools nor a system message of their own.
class Recall final : public Node {
 public:
  explicit Recall(int64_t test_per_mille) : test_per_mille_(test_per_mille) {}
  std::string_view name() const override { return "recall"; }
  const Conditions& conditions() const override {
    static const Conditions kConditions{.needs = {"problem"}, .gives = {"history"}};
    return kConditions;
  }
  Result<Step> run(State& state, Walk& walk) const override {
    json::array history;
    const size_t wanted = 1 + walk.dice.weighted({7, 3});
    for (int tries = 0; history.size() < wanted && tries < kMostTries; ++tries) {
      const Family& family = walk.dice.pick(families());
      const Problem earlier = family.make(walk.dice, static_cast<int>(walk.dice.between(1, family.levels)));
      if (!earlier.system.empty() || !earlier.tools.empty() || earlier.exchanges.size() != 1) continue;
      if (earlier.exchanges.front().before.size() != 1) continue;
      if (is_held_out(earlier.key, test_per_mille_)) continue;
      history.push_back(exchange_to_json(earlier.exchanges.front()));
    }
    state["history"] = std::move(history);
    return Step::kDone;
  }

 private:
  static constexpr int kMostTries = 20;
  int64_t test_per_mille_;
};

class BeginAnew final : public Node {
 public:
  std::string_view name() const override { return "begin_anew"; }
  const Conditions& conditions() const override {
    static const Conditions kConditions{.needs = {"problem"}, .gives = {"history"}};
    return kConditions;
  }
  Result<Step> run(State& state, Walk&) const override {
    state["history"] = json::array();
    return Step::kDone;
  }
};

// An earlier answer as the prompt of a later turn shows it: reasoning stripped as chat templates do with thinking on,
// kept (keep_cots, or thinking switched off since), or none.
std::string earlier_reply(const json::object& exchange, bool thinks, Dice& dice) {
  const std::string answer = text_of(exchange, "answer");
  switch (dice.weighted({thinks ? 7.0 : 0.0, 2, thinks ? 2.0 : 6.0})) {
    case 0:
      return "<think> </think>\n\n" + answer;
    case 1:
      return "<think>\n" + text_of(exchange, "reasoning") + "\n</think>\n\n" + answer;
    default:
      return answer;
  }
}

class WriteRecord final : public Node {
 public:
  explicit WriteRecord(std::string thinking_prompt) : thinking_prompt_(std::move(thinking_prompt)) {}
  std::string_view name() const override { return "write_record"; }
  const Conditions& conditions() const override {
    static const Conditions kConditions{.needs = {"verdict", "history"}, .gives = {"record"}};
    return kConditions;
  }
  Result<Step> run(State& state, Walk& walk) const override {
    const json::object& problem = state.at("problem").as_object();
    const bool thinks = state.at("mode").as_string() == "think";
    json::array messages, checks;
    if (std::string system = text_of(problem, "system"); !system.empty()) {
      if (thinks) system += "\n\n" + thinking_prompt_;
      messages.push_back(json::object{{"role", "system"}, {"content", system}});
    }
    for (const json::value& earlier : state.at("history").as_array()) {
      for (const json::value& message : earlier.at("before").as_array()) messages.push_back(message);
      messages.push_back(json::object{
          {"role", "assistant"}, {"content", earlier_reply(earlier.as_object(), thinks, walk.dice)}, {"weight", 0}});
    }
    const json::array& exchanges = problem.at("exchanges").as_array();
    for (size_t i = 0; i < exchanges.size(); ++i) {
      for (const json::value& message : exchanges[i].at("before").as_array()) messages.push_back(message);
      messages.push_back(json::object{{"role", "assistant"}, {"content", state.at("replies").as_array()[i]}});
      checks.push_back(exchanges[i].at("check"));
    }
    json::object record{{"family", state.at("family")},   {"kind", problem.at("kind")},
                        {"level", state.at("level")},     {"mode", state.at("mode")},
                        {"verdict", state.at("verdict")}, {"thinking", thinks},
                        {"messages", std::move(messages)}};
    if (!problem.at("tools").as_array().empty()) record["tools"] = problem.at("tools");
    record["checks"] = std::move(checks);
    state["record"] = std::move(record);
    return Step::kDone;
  }

 private:
  std::string thinking_prompt_;
};

}  // namespace

ProceduralOptions graph_options(const Recipe& recipe) {
  return {.think_share = recipe.think_share,
          .thinking_prompt = recipe.thinking_prompt,
          .history_share = recipe.history_share,
          .test_per_mille = recipe.test_per_mille};
}

Graph procedural_graph(const ProceduralOptions& options) {
  Graph graph("procedural", {"family", "level"}, {"record", "key", "history"});
  graph.add(std::make_unique<Draw>());
  if (options.think_share > 0) graph.add(std::make_unique<Reason>(), options.think_share);
  if (options.think_share < 1) graph.add(std::make_unique<AnswerDirectly>(), 1 - options.think_share);
  if (options.history_share > 0) graph.add(std::make_unique<Recall>(options.test_per_mille), options.history_share);
  if (options.history_share < 1) graph.add(std::make_unique<BeginAnew>(), 1 - options.history_share);
  graph.add(std::make_unique<Judge>());
  graph.add(std::make_unique<WriteRecord>(options.thinking_prompt));
  return graph;
}

}  // namespace hermes::synth
