// The agent loop: the model answers; where it calls tools, they are run, their results become turns of the conversation,
// and the model goes on, until it answers without a call.
//
// A reply may call tools in the middle of its reasoning; the next one then continues that reasoning, and its budget.
#pragma once

#include <variant>

#include "chat/prompt_format.h"
#include "generate/generator.h"
#include "generate/tool_runner.h"

namespace hermes::generate {

struct ToolResultEvent {
  chat::ToolCall call;
  ToolResult result;
};

using AgentEvent = std::variant<PromptProgress, chat::ReplyEvent, ToolResultEvent, Finished>;
using AgentSink = FunctionRef<void(const AgentEvent&)>;

struct AgentOptions {
  chat::PromptOptions prompt{};
  // Of each reply. What only a rendered conversation can say (prompt, add_special, reply) is filled in.
  Request request{};
  int64_t max_replies = 16;  // then the loop ends, although the model wants more
};

struct AgentResult {
  FinishReason reason = FinishReason::kStop;  // of the last reply; kToolCalls: max_replies came first, or no runner
  chat::Reply reply;                          // the last
  int64_t replies = 0;
  bool reasoning_prompt_added = false;  // chat::Prompt
  Usage usage;                          // of all replies together
  Timings timings;
};

// Appends to `conversation` what the model and the tools said; with an error, what came before it stays appended.
// `tools` may be null: then calls end the loop, for the caller to run. A reply that ends in an error is an error.
Result<AgentResult> run_agent(Generator& generator, const chat::PromptFormat& format, chat::Conversation& conversation,
                              ToolRunner* tools, const AgentOptions& options, AgentSink sink);

}  // namespace hermes::generate
