// Cases: testdata/cases.json. "complaints" are the numbers of the user complaints, collected from the trackers of other
// servers, that a case answers. (4 and 19, calls in pieces of several tokens and tags that are no tokens, are answered by
// cutting every case everywhere.)
#include "chat/stream_parser/stream_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

#include "base/file.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "chat/reply.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/tokenizer.h"

namespace hermes::chat {
namespace {

struct Case {
  std::string name, text;
  StreamParserOptions options;
  StreamParser::Ending ending = StreamParser::Ending::kComplete;
  json::object expect;
};

std::string text_or_empty(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? std::string() : std::string(value->get_string());
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> read;
    const json::value file =
        read_json_file(HERMES_SOURCE_DIR "/src/chat/stream_parser/testdata/cases.json", size_t{1} << 20).value();
    for (const json::value& value : file.get_array()) {
      const json::object& object = value.get_object();
      Case c{.name = text_or_empty(object, "name"), .text = text_or_empty(object, "text"), .options = {}, .expect = {}};
      if (const json::value* format = object.if_contains("format")) {
        c.options.format = find_reply_format(std::string_view(format->get_string())).value();
      }
      c.options.think_left_open = object.contains("think_left_open");
      if (const json::value* tools = object.if_contains("tools")) c.options.tools = tools->get_array();
      if (object.contains("cut_off")) c.ending = StreamParser::Ending::kCutOff;
      c.expect = object.at("expect").get_object();
      read.push_back(std::move(c));
    }
    return read;
  }();
  return all;
}

// Everything a reply says, to compare: as in the expectations.
std::string describe(const Reply& reply) {
  std::string out = "reasoning: " + reply.reasoning + "\ncontent: " + reply.content + "\n";
  for (const ToolCall& call : reply.tool_calls) out += "call " + call.name + " " + call.arguments_text + "\n";
  return out + "withheld: " + reply.withheld + "\nproblems: " + std::to_string(reply.problems.size()) + "\n";
}

std::string describe(const json::object& expect) {
  Reply reply{.reasoning = text_or_empty(expect, "reasoning"),
              .content = text_or_empty(expect, "content"),
              .tool_calls = {},
              .withheld = text_or_empty(expect, "withheld")};
  if (const json::value* calls = expect.if_contains("tool_calls")) {
    for (const json::value& call : calls->get_array()) {
      reply.tool_calls.push_back({.name = text_or_empty(call.get_object(), "name"),
                                  .arguments = {},
                                  .arguments_text = text_or_empty(call.get_object(), "arguments")});
    }
  }
  if (const json::value* problems = expect.if_contains("problems")) {
    reply.problems.resize(static_cast<size_t>(problems->get_int64()));
  }
  return describe(reply);
}

// Parses in pieces, holds the events against their own rules, and returns the sum.
Reply parse_in(const std::vector<std::string_view>& pieces, const Case& c) {
  StreamParser parser(c.options);
  ReplyBuilder builder;
  struct Open {
    std::string id, arguments;
    bool ended = false;
  };
  std::map<size_t, Open> calls;
  const auto sink = [&](const ReplyEvent& event) {
    builder.add(event);
    if (const auto* content = std::get_if<ContentDelta>(&event)) {
      EXPECT_NE(content->text.find_first_not_of(" \t\r\n"), std::string::npos) << c.name;
    } else if (const auto* begin = std::get_if<ToolCallBegin>(&event)) {
      EXPECT_TRUE(calls.empty() || calls.rbegin()->second.ended) << c.name;
      EXPECT_TRUE(calls.emplace(begin->index, Open{.id = begin->id, .arguments = {}}).second) << c.name;
      EXPECT_FALSE(begin->name.empty());
    } else if (const auto* arguments = std::get_if<ToolCallArguments>(&event)) {
      EXPECT_FALSE(calls.at(arguments->index).ended) << c.name;
      calls.at(arguments->index).arguments += arguments->text;
    } else if (const auto* end = std::get_if<ToolCallEnd>(&event)) {
      Open& open = calls.at(end->index);
      open.ended = true;
      EXPECT_EQ(open.arguments, end->call.arguments_text) << c.name;
      EXPECT_EQ(open.id, end->call.id) << c.name;
      const auto parsed = parse_json(open.arguments, "arguments");
      EXPECT_TRUE(parsed.ok() && *parsed == json::value(end->call.arguments)) << c.name << ": " << open.arguments;
    } else if (const auto* dropped = std::get_if<ToolCallDropped>(&event)) {
      EXPECT_FALSE(std::exchange(calls.at(dropped->index).ended, true)) << c.name;
    }
  };
  for (const std::string_view piece : pieces) parser.push(piece, sink);
  parser.finish(c.ending, sink);
  return std::move(builder).take(parser);
}

// With ids, to compare two ways of cutting one text.
std::string sum(const Reply& reply) {
  std::string out = describe(reply);
  for (const ToolCall& call : reply.tool_calls) out += call.id + " ";
  for (const std::string& problem : reply.problems) out += problem + "; ";
  return out;
}

TEST(StreamParser, EachCaseAsAWhole) {
  ASSERT_GE(cases().size(), 80u);
  for (const Case& c : cases()) EXPECT_EQ(describe(parse_in({c.text}, c)), describe(c.expect)) << c.name;
}

TEST(StreamParser, EachCaseCutAtEveryByte) {
  for (const Case& c : cases()) {
    const std::string whole = sum(parse_in({c.text}, c));
    std::vector<std::string_view> bytes;
    for (size_t i = 0; i < c.text.size(); ++i) {
      bytes.push_back(std::string_view(c.text).substr(i, 1));
      const std::vector<std::string_view> two = {std::string_view(c.text).substr(0, i),
                                                 std::string_view(c.text).substr(i)};
      EXPECT_EQ(sum(parse_in(two, c)), whole) << c.name << ", cut at " << i;
    }
    EXPECT_EQ(sum(parse_in(bytes, c)), whole) << c.name;
  }
}

TEST(StreamParser, EachCaseCutAtRandom) {
  Rng rng(7);
  for (const Case& c : cases()) {
    const std::string whole = sum(parse_in({c.text}, c));
    for (int round = 0; round < 50; ++round) {
      std::vector<std::string_view> pieces;
      for (size_t at = 0; at < c.text.size();) {
        const size_t n = rng.below(12);  // 0 too: an empty delta
        pieces.push_back(std::string_view(c.text).substr(at, n));
        at += n;
      }
      EXPECT_EQ(sum(parse_in(pieces, c)), whole) << c.name;
    }
  }
}

TEST(StreamParser, EachCaseByToken) {
  const std::string path = HERMES_SOURCE_DIR "/models/hermes-nano/tokenizer.json";
  const auto tokenizer = tokenizer::Tokenizer::open(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  for (const Case& c : cases()) {
    const std::string whole = sum(parse_in({c.text}, c));
    for (const bool tags_are_tokens : {true, false}) {
      const auto ids = tokenizer->encode(c.text, {.add_special = false, .parse_special = tags_are_tokens}).value();
      tokenizer::Detokenizer detokenizer(*tokenizer);
      std::vector<std::string> texts;
      for (const tokenizer::TokenId id : ids) texts.push_back(detokenizer.push(id).value());
      texts.push_back(detokenizer.flush());
      EXPECT_EQ(sum(parse_in({texts.begin(), texts.end()}, c)), whole) << c.name;
    }
  }
}

TEST(StreamParser, ArgumentsComeWhileTheyAreWritten) {
  StreamParser parser;
  std::vector<std::string> seen;
  const auto sink = [&](const ReplyEvent& event) {
    if (const auto* begin = std::get_if<ToolCallBegin>(&event)) seen.push_back("begin " + begin->name);
    if (const auto* arguments = std::get_if<ToolCallArguments>(&event)) seen.push_back(arguments->text);
    if (std::holds_alternative<ToolCallEnd>(event)) seen.push_back("end");
  };
  for (const std::string_view piece :
       {"<tool_call>", "{\"name\": \"f", "\", \"arg", "uments\": {\"x", "\": 1", "}", "}"}) {
    parser.push(piece, sink);
  }
  EXPECT_THAT(seen, testing::ElementsAre("begin f", "{\"x", "\": 1", "}", "end"));
}

TEST(StreamParser, ACallThatBreaksAfterItBeganIsDropped) {
  StreamParser parser;
  std::string log;
  const auto sink = [&](const ReplyEvent& event) {
    if (const auto* begin = std::get_if<ToolCallBegin>(&event)) log += fmt::format("begin {}; ", begin->index);
    if (const auto* dropped = std::get_if<ToolCallDropped>(&event)) log += fmt::format("dropped {}; ", dropped->index);
    if (const auto* end = std::get_if<ToolCallEnd>(&event)) log += fmt::format("end {}; ", end->index);
    if (const auto* content = std::get_if<ContentDelta>(&event)) log += content->text + "; ";
  };
  parser.push("<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": ", sink);
  EXPECT_TRUE(parser.in_call());
  parser.push("oops}}</tool_call><tool_call>{\"name\": \"g\"}</tool_call>", sink);
  parser.finish(StreamParser::Ending::kComplete, sink);
  EXPECT_EQ(
      log,
      "begin 0; dropped 0; <tool_call>; {\"name\": \"f\", \"arguments\": {\"x\": oops}}</tool_call>; begin 1; end 1; ");
}

TEST(StreamParser, CallsAreTextWhereNoneAreWanted) {
  const std::string text = "<think>a</think><tool_call>{\"name\": \"f\"}</tool_call>";
  const Reply reply = parse_reply(text, {.tool_calls = false});
  EXPECT_TRUE(reply.tool_calls.empty());
  EXPECT_EQ(reply.content, "<tool_call>{\"name\": \"f\"}</tool_call>");
}

TEST(StreamParser, SaysWhereItIs) {
  StreamParser parser;
  const auto ignore = [](const ReplyEvent&) {};
  EXPECT_FALSE(parser.thinking());
  parser.push("<think>", ignore);
  EXPECT_TRUE(parser.thinking() && !parser.in_call() && !parser.has_answer());
  parser.push("a<tool_call>", ignore);
  EXPECT_TRUE(parser.thinking() && parser.in_call());
  parser.push("{\"name\": \"f\"}", ignore);
  EXPECT_TRUE(parser.in_call());  // the closing tag is missing
  EXPECT_TRUE(parser.has_answer());
  parser.push("</tool_call>", ignore);
  EXPECT_FALSE(parser.in_call());
  parser.push("a <tool", ignore);
  EXPECT_TRUE(parser.in_call());
  parser.push("s</think>\n", ignore);
  EXPECT_FALSE(parser.in_call());
  EXPECT_TRUE(!parser.thinking() && parser.reasoning_closed());
}

// Streams of one token at a time, long: each takes minutes where the time is quadratic.
TEST(StreamParser, HostileStreamsTakeLinearTime) {
  constexpr size_t kBytes = 1 << 18;
  for (const ReplyFormat format : kReplyFormats) {
    for (const std::string_view unit :
         {"<tool_call>{", "<tool_call>{\"a\": \"", "<tool_call>{'", "<tool_call>{\"a\": True, ", "<function=f>",
          "<function=f><parameter=a>", "<function=f><parameter=a></parameter>", "<tool_call>{\"name\": \"f\"}", "} ",
          "<tool_call>\n\n", "   ", "<", "<tool_cal", "{\"name\": \"f\", \"parameters\": {}};", "[[[["}) {
      for (const std::string_view first : {"", "<think>", "<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": \"",
                                           "<tool_call>{\"name\": \"f\"}", "<function=f><parameter=a>"}) {
        StreamParser parser({.format = format});
        size_t bytes = 0;
        const auto count = [&](const ReplyEvent& event) {
          if (const auto* content = std::get_if<ContentDelta>(&event)) bytes += content->text.size();
        };
        parser.push(first, count);
        for (size_t sent = 0; sent < kBytes; sent += unit.size()) parser.push(unit, count);
        parser.finish(StreamParser::Ending::kComplete, count);
        EXPECT_LE(bytes, kBytes + unit.size() + first.size());
      }
    }
  }
}

}  // namespace
}  // namespace hermes::chat
