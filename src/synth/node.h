// Nodes and graphs of data synthesis, after DataForge (Hermes 4 technical report, section 2.1).
//
// A node maps a state (named fields) to a state. Its preconditions are the fields it needs and those it must not find;
// its postconditions the fields it adds. Edges are implicit: B may follow A where the fields that are there then satisfy
// B's preconditions. A graph has one source (the fields it starts from) and one target (the fields it must end with),
// so it has preconditions and postconditions itself and is a node: graphs nest. One datum is one random walk.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "generate/generator.h"
#include "synth/dice.h"

namespace hermes::synth {

using State = json::object;

struct Conditions {
  std::vector<std::string> needs{};     // fields that must be there
  std::vector<std::string> absent{};    // fields that must not be there
  std::vector<std::string> gives{};     // fields that are there afterwards; none of them is there before
  std::vector<std::string> may_give{};  // fields that may be there afterwards, as the datum has it
};

// What a walk carries besides its state.
struct Walk {
  Dice& dice;
  generate::Generator* generator = nullptr;  // for nodes that ask a language model; null where the recipe has none
  std::vector<std::string> path{};           // names of the nodes visited, in order
};

enum class Step {
  kDone,     // postconditions hold
  kDiscard,  // this datum is not wanted (failed its judge, ...): state["discarded"] says why
};

class Node {
 public:
  virtual ~Node() = default;
  virtual std::string_view name() const = 0;
  virtual const Conditions& conditions() const = 0;
  // Called only where the preconditions hold. An error ends the whole run; a bad datum is kDiscard.
  virtual Result<Step> run(State& state, Walk& walk) const = 0;
};

}  // namespace hermes::synth
