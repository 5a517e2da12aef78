#include "apps/reply_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "base/utf8.h"

namespace hermes::apps {
namespace {

using namespace chat;  // the events
using testing::HasSubstr;
using testing::Not;

struct Screen {
  explicit Screen(ReplyView::Options options)
      : view(
            options, [this](std::string_view t) { put(t); }, [this] { return now; }) {}

  void put(std::string_view text) {
    EXPECT_EQ(find_invalid_utf8(text), std::string::npos);
    // Whatever is written leaves plain attributes behind, so that an interruption may come at any moment.
    if (text.find("\033[2m") != std::string::npos || text.find("\033[1m") != std::string::npos) {
      EXPECT_GT(text.rfind("\033[0m") + 1, text.rfind("\033[2m") + 1);
    }
    out += text;
  }
  void pass(int milliseconds) { now += std::chrono::milliseconds(milliseconds); }

  std::string out;
  std::chrono::steady_clock::time_point now{};
  ReplyView view;
};

std::string without_styles(const std::string& text) {
  return std::regex_replace(text, std::regex("\033\\[[012]m"), "");
}

void call(ReplyView& view, size_t index, const std::string& name, std::initializer_list<std::string> pieces) {
  view.event(ToolCallBegin{index, "id", name});
  for (const std::string& piece : pieces) view.event(ToolCallArguments{index, piece});
  view.event(ToolCallEnd{index, {.name = name, .arguments = {}, .id = "id"}});
}

TEST(ReplyView, PlainTextWithoutATerminal) {
  Screen screen({});
  for (const char* piece : {"She wants ", "the weather.\nAsk."}) screen.view.event(ReasoningDelta{piece});
  call(screen.view, 0, "get_weather", {"{\"city\":", " \"Paris\"}"});
  screen.view.finish();
  screen.view.tool_result("get_weather", "sunny\n21 °C\n", false);
  for (const char* piece : {"It is ", "sunny."}) screen.view.event(ContentDelta{piece});
  screen.view.finish();
  EXPECT_EQ(screen.out,
            "· thinking\n"
            "She wants the weather.\n"
            "Ask.\n"
            "\n"
            "╭─ tool: get_weather\n"
            "│ {\"city\": \"Paris\"}\n"
            "╰─\n"
            "╭─ result: get_weather\n"
            "│ sunny\n"
            "│ 21 °C\n"
            "╰─\n"
            "\n"
            "It is sunny.\n");
}

TEST(ReplyView, ReasoningIsDimAndTheAnswerIsNot) {
  Screen screen({.terminal = true});
  screen.view.event(ReasoningDelta{"hm"});
  screen.view.event(ContentDelta{"so"});
  screen.view.finish();
  EXPECT_EQ(screen.out, "\033[2m· thinking\n\033[0m\033[2mhm\033[0m\n\nso\n");
  Screen gray({.terminal = true, .colors = false});
  gray.view.event(ReasoningDelta{"hm"});
  EXPECT_EQ(gray.out, "· thinking\nhm");
}

TEST(ReplyView, ALineBreakAtTheEndIsNotDoubled) {
  Screen screen({});
  screen.view.event(ContentDelta{"a\n"});
  screen.view.finish();
  screen.view.finish();
  EXPECT_EQ(screen.out, "a\n");
  Screen nothing({});
  nothing.view.finish();
  EXPECT_EQ(nothing.out, "");
}

TEST(ReplyView, FoldedReasoningIsOneLineThatChanges) {
  Screen screen({.terminal = true, .fold_reasoning = true});
  screen.view.event(ReasoningDelta{"one"});
  for (int i = 0; i < 56; ++i) {
    screen.pass(21);
    screen.view.event(ReasoningDelta{"more"});
  }
  screen.view.event(ContentDelta{"so"});
  screen.view.finish();
  EXPECT_THAT(screen.out, testing::StartsWith("\033[2m\r\033[K· thinking… 1 token, 0.0 s\033[0m\033[2m\r\033[K· "));
  EXPECT_THAT(screen.out,
              testing::EndsWith("\r\033[K· thought for 1.2 s, 57 tokens (/reasoning shows it)\033[0m\n\nso\n"));
  EXPECT_THAT(screen.out, Not(HasSubstr("more")));
  EXPECT_EQ(std::count(screen.out.begin(), screen.out.end(), '\r'), 1 + 11 + 1);  // ten a second at most
}

TEST(ReplyView, FoldedReasoningWithoutATerminalIsItsLastLine) {
  Screen screen({.fold_reasoning = true});
  screen.view.event(ReasoningDelta{"one"}, 40);
  screen.pass(250'400);
  screen.view.event(ReasoningDelta{"two"}, 2);
  screen.view.finish();
  EXPECT_EQ(screen.out, "· thought for 250 s, 42 tokens (/reasoning shows it)\n");
}

TEST(ReplyView, TheStatusLineStaysOnOneLine) {
  Screen screen({.terminal = true, .fold_reasoning = true, .width = 20});
  screen.view.event(ReasoningDelta{"x"}, 123456);
  EXPECT_EQ(without_styles(screen.out), "\r\033[K· thinking… 123456 ");
}

TEST(ReplyView, ArgumentsWrapAtTheWidthAsTheyCome) {
  const std::string text =
      "{\"a\": \"0123456789\",\n\n\t\"b\": \"日本語日本語日本語日本語\", \"c\": \"e\u0301e\u0301e\u0301\"}";
  const auto shown = [&](size_t piece) {
    Screen screen({.terminal = true, .width = 20});
    screen.view.event(ToolCallBegin{0, "", "f"});
    for (size_t at = 0; at < text.size(); at += piece) screen.view.event(ToolCallArguments{0, text.substr(at, piece)});
    screen.view.finish();
    return without_styles(screen.out);
  };
  EXPECT_EQ(shown(1000),
            "╭─ tool: f\n"
            "│ {\"a\": \"0123456789\"\n"
            "│ ,\n"
            "│\n"
            "│     \"b\": \"日本語日\n"
            "│ 本語日本語日本語\",\n"
            "│  \"c\": \"e\u0301e\u0301e\u0301\"}\n"
            "╰─ cut off\n");
  for (const size_t piece : {1, 2, 3, 7}) EXPECT_EQ(shown(piece), shown(1000)) << piece;
}

TEST(ReplyView, ManyCallsAndCallsThatAreNone) {
  Screen screen({});
  screen.view.event(ContentDelta{"first"});
  call(screen.view, 0, "a", {"{}"});
  call(screen.view, 1, "b", {});
  screen.view.event(ToolCallBegin{2, "", "c"});
  screen.view.event(ToolCallArguments{2, "{oops"});
  screen.view.event(ToolCallDropped{2});
  screen.view.event(ContentDelta{"rest"});
  screen.view.finish();
  EXPECT_EQ(screen.out,
            "first\n\n╭─ tool: a\n│ {}\n╰─\n╭─ tool: b\n│ {}\n╰─\n"
            "╭─ tool: c\n│ {oops\n╰─ no call after all: its text follows\n\nrest\n");
}

TEST(ReplyView, EventsInAnOrderThatNeverComes) {
  Screen screen({});
  screen.view.event(ToolCallDropped{0});
  screen.view.event(ToolCallArguments{0, "x"});
  screen.view.event(ToolCallEnd{0, {}});
  screen.view.event(ToolCallEnd{1, {.name = "f", .arguments = {{"a", 1}}, .id = ""}});
  screen.view.event(ToolCallBegin{2, "", "g"});
  screen.view.event(ToolCallBegin{3, "", "h"});
  screen.view.finish();
  EXPECT_EQ(screen.out,
            "╭─ tool\n│ x\n╰─\n╭─ tool: f\n│ {\"a\": 1}\n╰─\n╭─ tool: g\n╰─ cut off\n╭─ tool: h\n╰─ cut off\n");
}

TEST(ReplyView, LongResultsAreCut) {
  std::string lines;
  for (int i = 1; i <= 40; ++i) lines += fmt::format("{}\n", i);
  Screen screen({});
  screen.view.tool_result("f", lines, true);
  EXPECT_EQ(screen.out,
            "╭─ result: f (failed)\n│ 1\n│ 2\n│ 3\n│ 4\n│ 5\n│ 6\n│ 7\n│ 8\n│ 9\n│ 10\n│ 11\n│ 12\n"
            "│ … 28 more lines\n╰─\n");
  // Rows count, so one long line is cut too.
  Screen narrow({.terminal = true, .width = 22, .result_lines = 2});
  narrow.view.tool_result("f", std::string(100, 'x'), false);
  const std::string row = "│ " + std::string(20, 'x') + "\n";
  EXPECT_EQ(without_styles(narrow.out), "╭─ result: f\n" + row + row + "│ … 3 more lines\n╰─\n");
  // One row more than may be shown is shown.
  Screen close({.result_lines = 2});
  close.view.tool_result("f", "1\n2\n3", false);
  EXPECT_EQ(close.out, "╭─ result: f\n│ 1\n│ 2\n│ 3\n╰─\n");
  Screen empty({});
  empty.view.tool_result("f", "", false);
  EXPECT_EQ(empty.out, "╭─ result: f\n╰─\n");
}

TEST(ReplyView, NothingThatIsWrittenSteersTheTerminal) {
  Screen screen({});
  for (const char* piece : {"a\x1b", "[31m", "b\xe6\x97", "\xa5\r", "\nc\x1b"})
    screen.view.event(ReasoningDelta{piece});
  screen.view.event(ContentDelta{"\x1b]0;title\x07\xc3"});
  call(screen.view, 0, "na\nme\x1b[2J", {"{\"\x1b", "[1m\": \xe6"});
  screen.view.tool_result("f\x1b", "\x1b[2Jgone\r\n\x9b", false);
  EXPECT_EQ(screen.out,
            "· thinking\na␛[31mb日\nc␛\n\n␛]0;title␇\uFFFD\n\n"
            "╭─ tool: na␊me␛[2J\n│ {\"␛[1m\": \uFFFD\n╰─\n"
            "╭─ result: f␛\n│ ␛[2Jgone\n│ \uFFFD\n╰─\n");
}

}  // namespace
}  // namespace hermes::apps
