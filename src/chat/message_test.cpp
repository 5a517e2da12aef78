#include "chat/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace hermes::chat {
namespace {

using testing::HasSubstr;

Result<Message> read(std::string_view text) { return read_message(parse_json(text, "test").value(), "m"); }

std::string error_of(std::string_view text) {
  const auto message = read(text);
  return message.ok() ? "no error" : message.error().message();
}

TEST(Message, RoundTripKeepsEveryMember) {
  const std::string text =
      R"({"role":"assistant","content":"<think>x</think>é","tool_calls":[{"type":"function","id":"c1","function":)"
      R"({"name":"f","arguments":{"b":1,"a":[true,null]}}}]})";
  EXPECT_EQ(to_json_text(to_json(read(text).value())), text);
  const std::string result = R"({"role":"tool","content":"42","tool_call_id":"c1"})";
  EXPECT_EQ(to_json_text(to_json(read(result).value())), result);
  EXPECT_EQ(to_json_text(to_json(Message{.role = "user", .content = "hi"})), R"({"role":"user","content":"hi"})");
}

TEST(Message, ArgumentsMayBeTextOfAnObject) {
  const auto message = read(R"({"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{\"x\":1}"}},
                                {"name":"g","arguments":{"y":2}},{"name":"h"},{"name":"i","arguments":""}]})");
  ASSERT_TRUE(message.ok()) << message.error().message();
  ASSERT_EQ(message->tool_calls.size(), 4u);
  EXPECT_EQ(message->tool_calls[0].arguments.at("x"), 1);
  EXPECT_EQ(message->tool_calls[1].name, "g");
  EXPECT_EQ(message->tool_calls[1].arguments.at("y"), 2);
  EXPECT_TRUE(message->tool_calls[2].arguments.empty());
  EXPECT_TRUE(message->tool_calls[3].arguments.empty());
  EXPECT_EQ(message->content, "");
}

TEST(Message, RefusalsNameTheMember) {
  EXPECT_THAT(error_of("[]"), HasSubstr("m: must be an object"));
  EXPECT_THAT(error_of(R"({"content":"x"})"), HasSubstr("\"role\" is missing"));
  EXPECT_THAT(error_of(R"({"role":"","content":"x"})"), HasSubstr("role: must not be empty"));
  EXPECT_THAT(error_of(R"({"role":1,"content":"x"})"), HasSubstr("\"role\" must be a string"));
  EXPECT_THAT(error_of(R"({"role":"user"})"), HasSubstr("content: missing"));
  EXPECT_THAT(error_of(R"({"role":"user","content":[1]})"), HasSubstr("\"content\" must be a string"));
  EXPECT_THAT(error_of(R"({"role":"user","content":"","tool_call_id":"c"})"), HasSubstr("tool_call_id"));
  EXPECT_THAT(error_of(R"({"role":"user","content":"","tool_calls":[{"name":"f"}]})"), HasSubstr("only an assistant"));
  EXPECT_THAT(error_of(R"({"role":"assistant","tool_calls":{}})"), HasSubstr("tool_calls: must be an array"));
  EXPECT_THAT(error_of(R"({"role":"assistant","tool_calls":[{"function":{}}]})"), HasSubstr("tool_calls[0]"));
  EXPECT_THAT(error_of(R"({"role":"assistant","tool_calls":[{"name":"f","arguments":3}]})"), HasSubstr("arguments"));
  EXPECT_THAT(error_of(R"({"role":"assistant","tool_calls":[{"name":"f","arguments":"[]"}]})"),
              HasSubstr("must hold a JSON object"));
  EXPECT_THAT(error_of(R"({"role":"assistant","tool_calls":[{"name":"f","arguments":"{"}]})"), HasSubstr("arguments"));
}

TEST(Message, ListsNameTheIndex) {
  EXPECT_EQ(read_messages(parse_json(R"([{"role":"user","content":"a"}])", "t").value(), "t").value().size(), 1u);
  const auto bad = read_messages(parse_json(R"([{"role":"user","content":"a"},3])", "t").value(), "t");
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message(), HasSubstr("t[1]"));
  EXPECT_FALSE(read_messages(parse_json("{}", "t").value(), "t").ok());
}

}  // namespace
}  // namespace hermes::chat
