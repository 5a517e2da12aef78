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
    static const Conditions kConditions{
        .needs = {"family", "level"}, .gives = {"problem", "key"}, .may_give = {"may_answer_directly"}};
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
    if (!problem.thinking_only) state["may_answer_directly"] = true;
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
    static const Conditions kConditions{.needs = {"problem", "may_answer_directly"}, .gives = {"mode", "replies"}};
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

class WriteRecord final : public Node {
 public:
  explicit WriteRecord(std::string thinking_prompt) : thinking_prompt_(std::move(thinking_prompt)) {}
  std::string_view name() const override { return "write_record"; }
  const Conditions& conditions() const override {
    static const Conditions kConditions{.needs = {"verdict"}, .gives = {"record"}};
    return kConditions;
  }
  Result<Step> run(State& state, Walk&) const override {
    const json::object& problem = state.at("problem").as_object();
    const bool thinks = state.at("mode").as_string() == "think";
    json::array messages, checks;
    if (std::string system = text_of(problem, "system"); !system.empty()) {
      if (thinks) system += "\n\n" + thinking_prompt_;
      messages.push_back(json::object{{"role", "system"}, {"content", system}});
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

Graph procedural_graph(const ProceduralOptions& options) {
  Graph graph("procedural", {"family", "level"}, {"record", "key"});
  graph.add(std::make_unique<Draw>());
  if (options.think_share > 0) graph.add(std::make_unique<Reason>(), options.think_share);
  if (options.think_share < 1) graph.add(std::make_unique<AnswerDirectly>(), 1 - options.think_share);
  graph.add(std::make_unique<Judge>());
  graph.add(std::make_unique<WriteRecord>(options.thinking_prompt));
  return graph;
}

}  // namespace hermes::synth
