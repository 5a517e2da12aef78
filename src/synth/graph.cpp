#include "synth/graph.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

namespace hermes::synth {
namespace {

constexpr int kMostSteps = 64;

bool has_all(const State& state, const std::vector<std::string>& fields) {
  return std::all_of(fields.begin(), fields.end(), [&](const std::string& field) { return state.contains(field); });
}
bool has_none(const State& state, const std::vector<std::string>& fields) {
  return std::none_of(fields.begin(), fields.end(), [&](const std::string& field) { return state.contains(field); });
}

}  // namespace

Graph::Graph(std::string name, std::vector<std::string> source, std::vector<std::string> target)
    : name_(std::move(name)), conditions_{.needs = std::move(source), .absent = {}, .gives = std::move(target)} {}

void Graph::add(std::unique_ptr<const Node> node, double weight) {
  HERMES_CHECK(node != nullptr && weight > 0);
  entries_.push_back({std::move(node), weight});
}

Status Graph::check() const {
  // Fields only grow on a walk, so what can ever be there is a closure; nodes that need more can never run.
  std::set<std::string> reachable(conditions_.needs.begin(), conditions_.needs.end());
  std::vector<const Node*> waiting;
  for (const Entry& entry : entries_) waiting.push_back(entry.node.get());
  const auto runs = [&](const Node* node) {
    const auto& needs = node->conditions().needs;
    return std::all_of(needs.begin(), needs.end(), [&](const std::string& f) { return reachable.contains(f); });
  };
  for (auto next = std::find_if(waiting.begin(), waiting.end(), runs); next != waiting.end();
       next = std::find_if(waiting.begin(), waiting.end(), runs)) {
    const Conditions& conditions = (*next)->conditions();
    reachable.insert(conditions.gives.begin(), conditions.gives.end());
    reachable.insert(conditions.may_give.begin(), conditions.may_give.end());
    waiting.erase(next);
  }
  for (const std::string& field : conditions_.gives) {
    if (!reachable.contains(field)) return Error::invalid("graph {}: no node can give \"{}\"", name_, field);
  }
  if (!waiting.empty()) {
    std::vector<std::string> missing;
    for (const std::string& field : waiting.front()->conditions().needs) {
      if (!reachable.contains(field)) missing.push_back(field);
    }
    return Error::invalid("graph {}: node {} can never run, nothing gives {}", name_, waiting.front()->name(),
                          fmt::join(missing, ", "));
  }
  return {};
}

bool Graph::may_run(const Node& node, const State& state) const {
  const Conditions& conditions = node.conditions();
  return has_all(state, conditions.needs) && has_none(state, conditions.absent) && has_none(state, conditions.gives);
}

Result<Step> Graph::run(State& state, Walk& walk) const {
  for (int step = 0; step < kMostSteps; ++step) {
    if (has_all(state, conditions_.gives)) return Step::kDone;
    std::vector<const Node*> nodes;
    std::vector<double> weights;
    for (const Entry& entry : entries_) {
      if (!may_run(*entry.node, state)) continue;
      nodes.push_back(entry.node.get());
      weights.push_back(entry.weight);
    }
    if (nodes.empty()) {
      std::vector<std::string> fields;
      for (const auto& member : state) fields.emplace_back(member.key());
      return Error::invalid("graph {}: no node can go on from the fields {}", name_, fmt::join(fields, ", "));
    }
    const Node& node = *nodes[walk.dice.weighted(weights)];
    walk.path.emplace_back(node.name());
    HERMES_ASSIGN(const Step done, node.run(state, walk));
    if (done == Step::kDiscard) return Step::kDiscard;
    HERMES_CHECK(has_all(state, node.conditions().gives), "node {} did not give what it promised", node.name());
  }
  return Error::invalid("graph {}: a walk took more than {} steps", name_, kMostSteps);
}

}  // namespace hermes::synth
