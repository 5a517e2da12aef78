// The graph of procedural problems: draw a problem, answer it with or without reasoning, judge answer and reasoning,
// write the record. Every node states what it needs and gives; the walk chooses how the question is answered.
#pragma once

#include <string>

#include "synth/graph.h"

namespace hermes::synth {

struct ProceduralOptions {
  double think_share = 0.6;     // of walks that reason, where both ways are open
  std::string thinking_prompt;  // added to a system message of the problem's own, so that the model is asked to reason
};

// From "family" and "level" to "record" and "key". A record is
//   {"family", "kind", "level", "mode": "think" | "direct", "verdict": "pass", "thinking": bool, "messages": [...],
//    "tools": [...] where there are any, "checks": [one verifier specification for each assistant message]}.
Graph procedural_graph(const ProceduralOptions& options);

}  // namespace hermes::synth
