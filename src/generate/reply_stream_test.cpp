#include "generate/reply_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generate/scripted_generator.h"

namespace hermes::generate {
namespace {

struct Seen {
  std::string content, reasoning, text;
  Finished finished;
};

Seen run(std::string text, Request request, size_t piece = 1) {
  ScriptedGenerator model({std::move(text)}, piece);
  Seen seen;
  EXPECT_TRUE(model
                  .generate(request,
                            [&](const Event& event) {
                              if (const auto* delta = std::get_if<TextDelta>(&event)) seen.text += delta->text;
                              if (const auto* end = std::get_if<Finished>(&event)) seen.finished = *end;
                              if (const auto* part = std::get_if<chat::ReplyEvent>(&event)) {
                                if (const auto* c = std::get_if<chat::ContentDelta>(part)) seen.content += c->text;
                                if (const auto* r = std::get_if<chat::ReasoningDelta>(part)) seen.reasoning += r->text;
                              }
                            })
                  .ok());
  return seen;
}

Request parsed(std::vector<std::string> stop = {}) {
  return {.prompt = "?", .stop = std::move(stop), .reply = chat::StreamParserOptions{}};
}

TEST(ReplyStream, TextAsItIsWhereNobodyAsksForMore) {
  const Seen seen = run("<think>a</think> b STOP c", {.prompt = "?", .stop = {"STOP"}});
  EXPECT_EQ(seen.text, "<think>a</think> b ");
  EXPECT_EQ(seen.finished.reason, FinishReason::kStop);
}

TEST(ReplyStream, PartsAndTheirSum) {
  const Seen seen = run("<think>a</think>b<tool_call>{\"name\": \"f\"}</tool_call>", parsed());
  EXPECT_EQ(seen.reasoning, "a");
  EXPECT_EQ(seen.content, "b");
  EXPECT_EQ(seen.finished.reason, FinishReason::kToolCalls);
  EXPECT_EQ(seen.finished.reply.tool_calls.size(), 1u);
  EXPECT_EQ(seen.finished.reply.content, "b");
  EXPECT_EQ(seen.finished.reply.text, "<think>a</think>b<tool_call>{\"name\": \"f\"}</tool_call>");
}

// Complaint 8: stop strings must not change tool calls.
TEST(ReplyStream, StopStringsActInContentAlone) {
  for (const size_t piece : {1, 4, 100}) {
    const std::string call = "<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": \"END }\"}}</tool_call>";
    Seen seen = run("<think>END</think>" + call + "x END y", parsed({"END", "}"}), piece);
    EXPECT_EQ(seen.finished.reply.tool_calls.size(), 1u);
    EXPECT_EQ(seen.finished.reply.tool_calls[0].arguments_text, "{\"x\": \"END }\"}");
    EXPECT_EQ(seen.reasoning, "END");
    EXPECT_EQ(seen.content, "x ");
    EXPECT_EQ(seen.finished.reply.content, seen.content);
    // And what comes after a stop string is nothing.
    seen = run("x END " + call, parsed({"END"}), piece);
    EXPECT_TRUE(seen.finished.reply.tool_calls.empty());
    EXPECT_EQ(seen.finished.reason, FinishReason::kStop);
  }
}

TEST(ReplyStream, ACutOffCallIsWithheld) {
  Request request = parsed();
  request.max_tokens = 3;
  const Seen seen = run("Wait <tool_call>{\"name\": \"f\", \"arguments\": {\"x\": 1}}</tool_call>", request);
  EXPECT_EQ(seen.finished.reason, FinishReason::kLength);
  EXPECT_TRUE(seen.finished.reply.tool_calls.empty());
  EXPECT_EQ(seen.content, "Wait");
  EXPECT_THAT(seen.finished.reply.withheld, testing::StartsWith("<tool_call>{\"name\": "));
}

// Complaint 7: nothing of one request is left in the next.
TEST(ReplyStream, RequestsAreIndependent) {
  ScriptedGenerator model({"<think>a<tool_call>{", "b"});
  std::vector<std::string> contents;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(model
                    .generate(parsed(),
                              [&](const Event& event) {
                                if (const auto* end = std::get_if<Finished>(&event))
                                  contents.push_back(end->reply.content);
                              })
                    .ok());
  }
  EXPECT_THAT(contents, testing::ElementsAre("", "b"));
}

}  // namespace
}  // namespace hermes::generate
