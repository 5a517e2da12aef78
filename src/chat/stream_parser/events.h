// What a reply consists of, as it comes. Concatenated, the deltas of one kind are that part of the message, without the
// white space at its two ends.
//
// Calls are numbered from 0 in the order in which they begin. One that began is followed by exactly one end: ToolCallEnd
// (its arguments are whole and valid JSON), ToolCallDropped (what followed is no call: its text comes as reasoning or
// content), or, where the reply was cut off, nothing. A number is never used twice.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "base/thread_pool.h"
#include "chat/message.h"

namespace hermes::chat {

struct ReasoningDelta {
  std::string text;
};

struct ContentDelta {
  std::string text;
};

struct ToolCallBegin {
  size_t index;
  std::string id, name;
};

struct ToolCallArguments {
  size_t index;
  std::string text;  // as the model wrote it; all together are one JSON object
};

struct ToolCallEnd {
  size_t index;
  ToolCall call;
};

struct ToolCallDropped {
  size_t index;
};

using ReplyEvent =
    std::variant<ReasoningDelta, ContentDelta, ToolCallBegin, ToolCallArguments, ToolCallEnd, ToolCallDropped>;

}  // namespace hermes::chat
