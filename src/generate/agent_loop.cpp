#include "generate/agent_loop.h"

#include <algorithm>

namespace hermes::generate {
namespace {

void add(const Finished& finished, AgentResult& result) {
  result.reason = finished.reason;
  result.reply = finished.reply;
  ++result.replies;
  result.usage.prompt_tokens += finished.usage.prompt_tokens;
  result.usage.completion_tokens += finished.usage.completion_tokens;
  result.usage.reasoning_tokens += finished.usage.reasoning_tokens;
  result.timings.prompt_seconds += finished.timings.prompt_seconds;
  result.timings.completion_seconds += finished.timings.completion_seconds;
}

// Reasoning that goes on after a tool's result goes on spending.
ReasoningLimits rest_of(const ReasoningLimits& limits, int64_t spent) {
  ReasoningLimits rest = limits;
  if (rest.hard >= 0) rest.hard = std::max<int64_t>(0, rest.hard - spent);
  if (rest.soft >= 0) rest.soft = std::max<int64_t>(0, rest.soft - spent);
  return rest;
}

}  // namespace

Result<AgentResult> run_agent(Generator& generator, const chat::PromptFormat& format, chat::Conversation& conversation,
                              ToolRunner* tools, const AgentOptions& options, AgentSink sink) {
  AgentResult result;
  int64_t spent = 0;  // tokens of the reasoning that is open
  while (result.replies < options.max_replies) {
    HERMES_ASSIGN(chat::Prompt prompt, format.render(conversation, options.prompt));
    result.reasoning_prompt_added = prompt.reasoning_prompt_added;
    Request request = options.request;
    request.prompt = std::move(prompt.text);
    request.add_special = false;
    request.reply = chat::StreamParserOptions{.format = format.reply_format(),
                                              .think_left_open = prompt.think_left_open,
                                              .tools = conversation.tools,
                                              .call_id_prefix = fmt::format("call_{}_", conversation.messages.size())};
    if (!prompt.think_left_open) spent = 0;
    request.reasoning = rest_of(options.request.reasoning, spent);

    Finished finished;
    HERMES_TRY(generator.generate(request, [&](const Event& event) {
      if (const auto* end = std::get_if<Finished>(&event)) {
        finished = *end;
        sink(*end);
      } else if (const auto* progress = std::get_if<PromptProgress>(&event)) {
        sink(*progress);
      } else if (const auto* part = std::get_if<chat::ReplyEvent>(&event)) {
        sink(*part);
      }
    }));
    if (finished.reason == FinishReason::kError) return Error::corrupt("{}", finished.error);
    add(finished, result);
    spent += finished.usage.reasoning_tokens;
    conversation.messages.push_back({.role = "assistant", .content = finished.reply.text});
    if (finished.reason != FinishReason::kToolCalls || tools == nullptr) break;
    for (const chat::ToolCall& call : finished.reply.tool_calls) {
      const ToolResult said = tools->run(call);
      sink(ToolResultEvent{call, said});
      conversation.messages.push_back({.role = "tool", .content = said.content, .tool_call_id = call.id});
    }
    if (request.cancel != nullptr && request.cancel->load()) {
      result.reason = FinishReason::kCancelled;
      break;
    }
  }
  return result;
}

}  // namespace hermes::generate
