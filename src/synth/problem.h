// A procedural problem: what is asked, the steps of reasoning, the answer, and how to judge it.
#pragma once

#include <boost/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "chat/message.h"
#include "synth/dice.h"

namespace hermes::synth {

// One assistant turn and what comes before it since the last one.
struct Exchange {
  std::vector<chat::Message> before;  // user or tool messages
  std::string reasoning{};            // steps, inside <think>; may be empty
  std::string answer;                 // what follows </think>, tool calls included; all there is without thinking
  json::object check{};               // specification of the answer's verifier (verify/verifier.h)
  bool leaves_think_open = false;     // the turn ends, with a tool call, before </think>
  bool continues_think = false;       // the turn before left <think> open
};

struct Problem {
  std::string family;
  std::string kind;      // within the family
  int level = 1;         // from 1, easy, up
  std::string key;       // the problem itself, whatever its wording and mode: decides the split
  std::string system{};  // the user's system message; empty: the model's own
  json::array tools{};
  std::vector<Exchange> exchanges{};
  json::object trace_check{{"verifier", "trace"}, {"min_steps", 0}};  // of the reasoning
};

// A family of problems: `make` draws one of the level asked for.
struct Family {
  std::string_view name;
  std::string_view caption;
  int levels;
  Problem (*make)(Dice& dice, int level);
};

std::span<const Family> families();
const Family* find_family(std::string_view name);

// A problem of one question and one answer.
Problem question(std::string_view family, std::string kind, int level, std::string key, std::string text,
                 std::string reasoning, std::string answer, json::object check);

// Whether a problem belongs to the test split: by the hash of its key, so in every wording and mode.
bool is_held_out(std::string_view key, int64_t test_per_mille);

}  // namespace hermes::synth
