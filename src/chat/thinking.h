// How a request says whether the model shall reason, in the ways that clients have for it:
//
//   "thinking": true | false                                     hermes.cpp, and the Hermes templates' own variable
//   "thinking": {"type": "enabled" | "disabled" | "adaptive", "budget_tokens": N}          Anthropic
//   "enable_thinking": true | false                              Qwen3
//   "reasoning_effort": "none" | "minimal" | "low" | "medium" | "high" | "xhigh"           OpenAI
//   "chat_template_kwargs": {the first and third of these}       vLLM, SGLang
//   "thinking_budget": N                                         Seed-OSS; 0 is no reasoning, -1 no limit
//
// Efforts: none and minimal switch reasoning off; low and medium bound it; high and xhigh do not.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace hermes::chat {

struct ThinkingRequest {
  std::optional<bool> thinking;   // nullopt: not said
  std::optional<int64_t> budget;  // tokens of reasoning at most
};

inline constexpr int64_t kLowEffortTokens = 1024, kMediumEffortTokens = 8192;

// Two members that contradict each other, a wrong type or an unknown word are errors that name the member.
Result<ThinkingRequest> read_thinking(const json::object& request, const std::string& what);

}  // namespace hermes::chat
