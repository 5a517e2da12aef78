#include "generate/agent_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "generate/scripted_generator.h"

namespace hermes::generate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kTemplate =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}";

chat::PromptFormat format() {
  return chat::PromptFormat::make(chat::ChatTemplate::parse(kTemplate, "t").value(), {}).value();
}

class Adder : public ToolRunner {
 public:
  ToolResult run(const chat::ToolCall& call) override {
    ran.push_back(call.name + call.arguments_text);
    return {.content = "7"};
  }
  std::vector<std::string> ran;
};

std::string call(std::string_view name) {
  return fmt::format("<tool_call>{{\"name\": \"{}\", \"arguments\": {{\"x\": 1}}}}</tool_call>", name);
}

chat::Conversation question() { return {.messages = {{.role = "user", .content = "?"}}, .tools = {}}; }

TEST(AgentLoop, RunsToolsAndGoesOn) {
  ScriptedGenerator model({"<think>\nI add." + call("add"), "It is 7.</think>" + call("a") + call("b"), "Done: 7."});
  Adder adder;
  chat::Conversation conversation = question();
  std::string log;
  const auto result =
      run_agent(model, format(), conversation, &adder, {.prompt = {.thinking = true}}, [&](const AgentEvent& event) {
        if (const auto* part = std::get_if<chat::ReplyEvent>(&event)) {
          if (const auto* r = std::get_if<chat::ReasoningDelta>(part)) log += r->text;
          if (const auto* c = std::get_if<chat::ContentDelta>(part)) log += "[" + c->text + "]";
        } else if (const auto* said = std::get_if<ToolResultEvent>(&event)) {
          log += "{" + said->call.name + "=" + said->result.content + "}";
        }
      });
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_THAT(adder.ran, ElementsAre("add{\"x\": 1}", "a{\"x\": 1}", "b{\"x\": 1}"));
  EXPECT_EQ(result->replies, 3);
  EXPECT_EQ(result->reason, FinishReason::kStop);
  EXPECT_EQ(result->reply.content, "Done: 7.");
  EXPECT_THAT(log, HasSubstr("I add.{add=7}It is 7.{a=7}{b=7}[Don]"));
  // The second reply continues the reasoning of the first; the third does not.
  EXPECT_FALSE(model.requests()[0].reply->think_left_open);
  EXPECT_TRUE(model.requests()[1].reply->think_left_open);
  EXPECT_FALSE(model.requests()[2].reply->think_left_open);
  std::vector<std::string> roles;
  for (const chat::Message& message : conversation.messages) roles.push_back(message.role);
  EXPECT_THAT(roles, ElementsAre("user", "assistant", "tool", "assistant", "tool", "tool", "assistant"));
  EXPECT_NE(conversation.messages[2].tool_call_id, conversation.messages[4].tool_call_id);
}

TEST(AgentLoop, EndsWhereNobodyRunsTools) {
  ScriptedGenerator model({call("add")});
  chat::Conversation conversation = question();
  const auto result = run_agent(model, format(), conversation, nullptr, {}, [](const AgentEvent&) {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->reason, FinishReason::kToolCalls);
  EXPECT_EQ(result->reply.tool_calls.size(), 1u);
}

TEST(AgentLoop, StopsAModelThatCallsForEver) {
  ScriptedGenerator model(std::vector<std::string>(10, call("add")));
  Adder adder;
  chat::Conversation conversation = question();
  const auto result = run_agent(model, format(), conversation, &adder, {.max_replies = 4}, [](const AgentEvent&) {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->replies, 4);
  EXPECT_EQ(result->reason, FinishReason::kToolCalls);
}

TEST(AgentLoop, ABudgetIsSpentAcrossToolResults) {
  ScriptedGenerator model({"<think>" + call("add"), "so</think>7"});
  Adder adder;
  chat::Conversation conversation = question();
  AgentOptions options;
  options.request.reasoning = {.hard = 20, .soft = 10};
  ASSERT_TRUE(run_agent(model, format(), conversation, &adder, options, [](const AgentEvent&) {}).ok());
  EXPECT_EQ(model.requests()[0].reasoning.hard, 20);
  EXPECT_LE(model.requests()[1].reasoning.hard, 20);
}

TEST(AgentLoop, CallIdsDifferBetweenReplies) {
  ScriptedGenerator model({call("a"), call("b"), "x"});
  Adder adder;
  chat::Conversation conversation = question();
  ASSERT_TRUE(run_agent(model, format(), conversation, &adder, {}, [](const AgentEvent&) {}).ok());
  EXPECT_NE(conversation.messages[2].tool_call_id, conversation.messages[4].tool_call_id);
}

TEST(AgentLoop, AnErrorKeepsWhatCameBefore) {
  ScriptedGenerator model({call("a")});
  Adder adder;
  chat::Conversation conversation = question();
  const auto result = run_agent(model, format(), conversation, &adder, {}, [](const AgentEvent&) {});
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(conversation.messages.size(), 3u);
}

}  // namespace
}  // namespace hermes::generate
