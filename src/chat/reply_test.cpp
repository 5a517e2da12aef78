#include "chat/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace hermes::chat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string call(std::string_view json) { return "<tool_call>" + std::string(json) + "</tool_call>"; }

TEST(Reply, ReasoningAndContent) {
  const struct {
    std::string_view text;
    bool left_open;
    std::string_view reasoning, content;
    bool has, closed;
  } cases[] = {
      {"", false, "", "", false, false},
      {" hello\n", false, "", "hello", false, false},
      {"<think>\nfirst\n</think>\n\nthen", false, "first", "then", true, true},
      {" \n<think>a</think>b", false, "a", "b", true, true},
      {"<think>never closed", false, "never closed", "", true, false},
      {"first</think>then", true, "first", "then", true, true},
      {"<think>first</think>then", true, "first", "then", true, true},
      {"never closed", true, "never closed", "", true, false},
      {"", true, "", "", true, false},
      {"<think></think>x", false, "", "x", true, true},
      {"a <think>b</think> c", false, "", "a <think>b</think> c", false, false},
      {"no opening</think>x", false, "", "no opening</think>x", false, false},
      {"<think>a</think>b</think>c<think>d", false, "a", "b</think>c<think>d", true, true},
      {"<think>a<think>b</think>c", false, "a<think>b", "c", true, true},
      {"<Think>a</Think>", false, "", "<Think>a</Think>", false, false},
  };
  for (const auto& c : cases) {
    const Reply reply = parse_reply(c.text, c.left_open);
    EXPECT_EQ(reply.reasoning, c.reasoning) << c.text;
    EXPECT_EQ(reply.content, c.content) << c.text;
    EXPECT_EQ(reply.has_reasoning, c.has) << c.text;
    EXPECT_EQ(reply.reasoning_closed, c.closed) << c.text;
    EXPECT_THAT(reply.problems, IsEmpty()) << c.text;
    EXPECT_TRUE(reply.tool_calls.empty()) << c.text;
  }
}

TEST(Reply, ToolCallsWhereverTheyStand) {
  const Reply reply = parse_reply("<think>I look " + call("\n{\"name\": \"a\", \"arguments\": {\"x\": 1}}\n") +
                                  "it up</think>\nOne moment.\n" + call(R"({"arguments": {}, "name": "b"})") + "\n" +
                                  call(R"({"name": "c", "arguments": {"y": [1, {"z": null}]}})"));
  ASSERT_EQ(reply.tool_calls.size(), 3u);
  EXPECT_EQ(reply.tool_calls[0].name, "a");
  EXPECT_EQ(json::serialize(reply.tool_calls[0].arguments), R"({"x":1})");
  EXPECT_EQ(reply.tool_calls[1].name, "b");
  EXPECT_TRUE(reply.tool_calls[1].arguments.empty());
  EXPECT_EQ(json::serialize(reply.tool_calls[2].arguments), R"({"y":[1,{"z":null}]})");
  EXPECT_EQ(reply.reasoning, "I look it up");
  EXPECT_EQ(reply.content, "One moment.");
  EXPECT_THAT(reply.problems, IsEmpty());
}

TEST(Reply, ACallInAThoughtThatStaysOpen) {
  const Reply reply = parse_reply("<think>now " + call(R"({"name": "a", "arguments": {}})"));
  EXPECT_EQ(reply.tool_calls.size(), 1u);
  EXPECT_EQ(reply.reasoning, "now");
  EXPECT_FALSE(reply.reasoning_closed);
}

TEST(Reply, TagsInsideStringsAreText) {
  const std::string text = R"({"name": "say", "arguments": {"t": "</tool_call> \" </think> <tool_call>{ \\"}})";
  const Reply reply = parse_reply("<think>x" + call(text) + "y</think>z");
  ASSERT_EQ(reply.tool_calls.size(), 1u);
  EXPECT_EQ(reply.tool_calls[0].arguments.at("t").as_string(), "</tool_call> \" </think> <tool_call>{ \\");
  EXPECT_EQ(reply.reasoning, "xy");
  EXPECT_EQ(reply.content, "z");
}

TEST(Reply, CallsThatCannotBeReadAreProblemsAndStayText) {
  const struct {
    std::string body, problem;
  } cases[] = {
      {"", "tool call 1: must be an object"},
      {"not json", "must be an object"},
      {R"({"name": "a", "arguments": {})", "tool call 1: not JSON at byte"},
      {R"({"arguments": {}})", "\"name\" is missing"},
      {R"({"name": "", "arguments": {}})", "\"name\" is empty"},
      {R"({"name": 1, "arguments": {}})", "\"name\" must be a string"},
      {R"({"name": null, "arguments": {}})", "\"name\" must be a string"},
      {R"({"name": {}, "arguments": {}})", "\"name\" must be a string"},
      {R"({"name": "a", "arguments": []})", "\"arguments\" must be an object"},
      {R"({"name": "a", "arguments": 1})", "\"arguments\" must be an object"},
      {R"({"name": "a", "arguments": "[]"})", "\"arguments\" must be an object"},
      {R"({"name": "a", "arguments": "{"})", "arguments: "},
      {R"([{"name": "a", "arguments": {}}])", "must be an object"},
      {R"({"name": "a", "name": "b", "arguments": {}})", "named twice"},
      {R"({"name": "a", "arguments": {}, "parameters": {}})", "named twice"},
      {R"({"name": "a", "arguments": {"x": 1, "x": 2}})", "named twice"},
      {"{\"name\": \"a\xff\", \"arguments\": {}}", "not JSON"},
      {"{\"name\": \"a\", \"arguments\": {\"x\": " + std::string(100, '[') + "}}", "not JSON"},
  };
  for (const auto& c : cases) {
    const Reply reply = parse_reply("before " + call(c.body) + " after");
    EXPECT_TRUE(reply.tool_calls.empty()) << c.body;
    EXPECT_THAT(reply.problems, ElementsAre(HasSubstr(c.problem))) << c.body;
    EXPECT_EQ(reply.content, "before " + call(c.body) + " after");
  }
}

TEST(Reply, AProblemDoesNotHideTheOtherCalls) {
  const std::string good = call(R"({"name": "a", "arguments": {}})");
  const Reply reply = parse_reply(good + call("{") + good + "<tool_call>{\"name\": \"a\"");
  EXPECT_EQ(reply.tool_calls.size(), 2u);
  EXPECT_THAT(reply.problems, ElementsAre(HasSubstr("tool call 2"), HasSubstr("tool call 4: ends early")));
  EXPECT_EQ(reply.content, call("{") + "<tool_call>{\"name\": \"a\"");
}

// Each takes minutes where the time is quadratic.
TEST(Reply, HostileTextTakesLinearTime) {
  constexpr size_t kBytes = 1 << 20;
  for (const std::string_view unit :
       {"<tool_call>{", "<tool_call>{\"</tool_call>", "<tool_call>[\"a\",</tool_call>", "<think>", "</think>",
        "<tool_call></tool_call>", "</tool_call>", "<tool_call>{\"a\":\"</tool_call>\"", "{", "<"}) {
    for (const bool open : {false, true}) {
      std::string text;
      while (text.size() < kBytes) text += unit;
      const Reply reply = parse_reply(text, open);
      EXPECT_TRUE(reply.tool_calls.empty());
      EXPECT_LE(reply.reasoning.size() + reply.content.size(), text.size());
    }
  }
}

TEST(Reply, ManyCallsTakeLinearTime) {
  constexpr size_t kCalls = 50000;
  std::string text = "<think>";
  for (size_t i = 0; i < kCalls; ++i) text += call(R"({"name": "a", "arguments": {}})");
  EXPECT_EQ(parse_reply(text).tool_calls.size(), kCalls);
}

}  // namespace
}  // namespace hermes::chat
