// The tools that tool-use problems draw from: each with its definition, and with requests that need it.
#pragma once

#include <boost/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "synth/dice.h"

namespace hermes::synth {

// A request for one call, what the tool then says, and what to tell the user.
struct ToolUse {
  std::string request;     // "What is the weather in Oslo?"
  std::string short_form;  // as a part of a longer request: "the weather in Oslo"
  json::object arguments;
  json::object response;
  std::string answer;
  json::array answer_holds;  // texts that a right answer contains
};

struct Tool {
  std::string_view name;
  std::string_view description;
  std::string_view parameters;  // JSON schema
  ToolUse (*use)(Dice& dice);
};

std::span<const Tool> tool_box();
// OpenAI form, as templates take it.
json::object definition(const Tool& tool);

}  // namespace hermes::synth
