// The graph of procedural problems: draw a problem, answer it with or without reasoning, judge answer and reasoning,
// write the record. Every node states what it needs and gives; the walk chooses how the question is answered.
#pragma once

#include <string>

#include "synth/graph.h"
#include "synth/recipe.h"

namespace hermes::synth {

struct ProceduralOptions {
  double think_share = 0.6;     // of walks that reason, where both ways are open
  std::string thinking_prompt;  // added to a system message of the problem's own, so that the model is asked to reason
  double history_share = 0;     // of records in which one or two other problems were asked and answered before
  int64_t test_per_mille = 0;   // of problems, as in the recipe: those held out are nobody's history
};

// From "family" and "level" to "record" and "key". A record is
//   {"family", "kind", "level", "mode": "think" | "direct", "verdict": "pass", "thinking": bool, "messages": [...],
//    "tools": [...] where there are any, "checks": [one verifier specification for each assistant message]}.
// Assistant messages of the history have "weight": 0 (not learnt from) and no check.
Graph procedural_graph(const ProceduralOptions& options);
ProceduralOptions graph_options(const Recipe& recipe);

}  // namespace hermes::synth
