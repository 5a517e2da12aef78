// Graph: nodes with weights, walked at random from a source to a target; itself a Node.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "synth/node.h"

namespace hermes::synth {

class Graph final : public Node {
 public:
  // A walk starts with the fields `source` and ends when all of `target` are there.
  Graph(std::string name, std::vector<std::string> source, std::vector<std::string> target);

  // `weight` above 0: how often this node is taken among those that can follow.
  void add(std::unique_ptr<const Node> node, double weight = 1);
  // An error where the target cannot be reached, naming the fields that nothing gives, or where a node can never run.
  Status check() const;

  std::string_view name() const override { return name_; }
  const Conditions& conditions() const override { return conditions_; }
  // A walk takes at most 64 steps; a state that no node can take further is an error that shows its fields.
  Result<Step> run(State& state, Walk& walk) const override;

 private:
  struct Entry {
    std::unique_ptr<const Node> node;
    double weight;
  };
  bool may_run(const Node& node, const State& state) const;

  std::string name_;
  Conditions conditions_;
  std::vector<Entry> entries_;
};

}  // namespace hermes::synth
