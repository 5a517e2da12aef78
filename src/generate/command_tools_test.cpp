#include "generate/command_tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/temp_folder_for_test.h"
#include "base/utf8.h"

namespace hermes::generate {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A file with one tool `name` that runs `command` (JSON) and takes `text`, which it must have.
std::string file_with(std::string_view command, std::string_view more = "", std::string_view name = "count") {
  return fmt::format(
      R"([{{"type": "function", "function": {{"name": "{}", "description": "d",)"
      R"( "parameters": {{"type": "object", "properties": {{"text": {{"type": "string"}}}}, "required": ["text"]}}}},)"
      R"( "command": {}{}}}])",
      name, command, more);
}

CommandTools tools_of(const std::string& text, CommandTools::Options options = {}) {
  options.environment = {"PATH=/usr/bin:/bin"};
  auto tools = CommandTools::parse(text, "t.json", std::move(options));
  EXPECT_TRUE(tools.ok()) << (tools.ok() ? "" : tools.error().message());
  return std::move(tools).value();
}

ToolResult run(const std::string& text, CommandTools::Options options = {}) {
  return tools_of(text, std::move(options)).run({.name = "count", .arguments = {{"text", "a b"}}, .id = ""});
}

std::string refusal(const std::string& text) {
  const auto tools = CommandTools::parse(text, "t.json", {});
  return tools.ok() ? "taken" : tools.error().message();
}

// The text of {"error": ...}.
std::string error_of(const ToolResult& result) {
  EXPECT_TRUE(result.failed);
  const auto parsed = parse_json(result.content, "result");
  EXPECT_TRUE(parsed.ok()) << result.content;
  return std::string(parsed->as_object().at("error").as_string());
}

TEST(CommandTools, TheModelSeesTheOpenAiForm) {
  const CommandTools tools = tools_of(file_with("\"true\"", ", \"timeout_seconds\": 1"));
  EXPECT_EQ(to_json_text(tools.tools()),
            R"([{"type":"function","function":{"name":"count","description":"d","parameters":{"type":"object",)"
            R"("properties":{"text":{"type":"string"}},"required":["text"]}}}])");
}

TEST(CommandTools, ACommandGetsTheArgumentsAndPrintsTheResult) {
  const ToolResult shell = run(file_with("\"read -r line; echo \\\"got $line\\\"; echo end\""));
  EXPECT_FALSE(shell.failed);
  EXPECT_EQ(shell.content, "got {\"text\":\"a b\"}\nend");
  EXPECT_EQ(run(file_with("[\"printf\", \"%s|\", \"$HOME\", \"x y\"]")).content, "$HOME|x y|");
  EXPECT_EQ(run(file_with("\"true\"")).content, "");
  EXPECT_EQ(run(file_with(R"("printf 'a\\n\\n'")")).content, "a\n");
}

TEST(CommandTools, ReadsAFile) {
  const TempFolder folder;
  const auto path = folder.write("tools.json", file_with("\"true\""));
  EXPECT_TRUE(CommandTools::read(path.string(), {}).ok());
  const auto missing = CommandTools::read((folder.path() / "none.json").string(), {});
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message(), HasSubstr("none.json: no such file"));
}

TEST(CommandTools, AFailureTellsTheModelWhy) {
  EXPECT_EQ(error_of(run(file_with("\"echo out; echo no such city >&2; exit 4\""))),
            "count: exit status 4: no such city");
  EXPECT_EQ(error_of(run(file_with("\"echo only here; exit 1\""))), "count: exit status 1: only here");
  EXPECT_EQ(error_of(run(file_with("\"exit 1\""))), "count: exit status 1");
  EXPECT_EQ(error_of(run(file_with("[\"no-such-program\"]"))), "count: no-such-program: no such command in PATH");
  EXPECT_THAT(error_of(run(file_with("\"kill -KILL $$\""))), HasSubstr("ended by signal 9"));
  const std::string end = error_of(run(file_with("\"seq 1 100000 >&2; exit 1\"")));
  EXPECT_THAT(end, AllOf(HasSubstr(": ..."), testing::EndsWith("\n100000")));
  EXPECT_LT(end.size(), 2100u);
}

TEST(CommandTools, TakesNoLongerThanItMay) {
  EXPECT_EQ(error_of(run(file_with("\"echo so far >&2; sleep 100\"", ", \"timeout_seconds\": 0.2"))),
            "count: still running after 0.2 s: ended: so far");
  std::atomic<bool> cancel{true};
  EXPECT_EQ(error_of(run(file_with("\"sleep 100\""), {.cancel = &cancel})), "count: cancelled");
}

TEST(CommandTools, LongOutputIsCutBetweenCharacters) {
  const ToolResult result =
      run(file_with(R"("printf x; yes '\u00e9\u00e9\u00e9' | tr -d '\\n'", "timeout_seconds": 1)"));
  EXPECT_TRUE(result.failed);  // it never ends
  const ToolResult cut = run(file_with(R"("printf x; yes '\u00e9\u00e9\u00e9' | head -c 3000000 | tr -d '\\n'")"));
  EXPECT_FALSE(cut.failed);
  EXPECT_THAT(cut.content, testing::EndsWith("é\n[cut here: the output is longer than 1048576 bytes]"));
  EXPECT_LT(cut.content.size(), 1048700u);
}

TEST(CommandTools, OutputBecomesUtf8) {
  const ToolResult result = run(file_with(R"("printf 'a\\377b'")"));
  EXPECT_EQ(result.content,
            "a\xEF\xBF\xBD"
            "b");
  const std::string error = error_of(run(file_with(R"("printf 'a\\377b' >&2; exit 1")")));
  EXPECT_EQ(find_invalid_utf8(error), std::string::npos);
}

TEST(CommandTools, RefusesCallsThatCannotRun) {
  bool asked = false;
  CommandTools tools =
      tools_of(file_with("\"true\""), {.confirm = [&](const chat::ToolCall&) { return asked = true; }});
  EXPECT_EQ(error_of(tools.run({.name = "cuont", .arguments = {}, .id = ""})),
            "there is no tool \"cuont\"; the tools are: count");
  EXPECT_EQ(error_of(tools.run({.name = "count", .arguments = {{"txet", 1}}, .id = ""})),
            "count: the required argument \"text\" is missing");
  EXPECT_FALSE(asked);
  EXPECT_EQ(error_of(tools_of("[]").run({.name = "x\x1b\xff", .arguments = {}, .id = ""})),
            "there is no tool \"x\x1b\xEF\xBF\xBD\"; the tools are: none");
}

TEST(CommandTools, TheUserMayDecline) {
  const TempFolder folder;
  const std::string mark = (folder.path() / "ran").string();
  const std::string text = file_with(fmt::format("[\"touch\", \"{}\"]", mark));
  std::string asked;
  bool answer = false;
  const auto confirm = [&](const chat::ToolCall& call) {
    asked += call.name + to_json_text(call.arguments);
    return answer;
  };
  EXPECT_EQ(error_of(run(text, {.confirm = confirm})), "the user declined this call");
  EXPECT_FALSE(std::filesystem::exists(mark));
  EXPECT_EQ(asked, R"(count{"text":"a b"})");
  answer = true;
  EXPECT_FALSE(run(text, {.confirm = confirm}).failed);
  EXPECT_TRUE(std::filesystem::exists(mark));
}

TEST(CommandTools, RefusesByNameWhatItWouldNotDo) {
  EXPECT_EQ(
      refusal(R"([{"type": "function", "function": {"name": "count"}}])"),
      "t.json: tool 1: tool \"count\" has no command: add \"command\": \"a shell line\" or [\"program\", \"word\", "
      "...] beside \"function\"; it gets the arguments as JSON on its standard input and prints the result");
  EXPECT_THAT(refusal("{}"), HasSubstr("t.json: must be a JSON array of tools"));
  EXPECT_THAT(refusal("[1]"), HasSubstr("t.json: tool 1: must be an object"));
  EXPECT_THAT(refusal(file_with("\"true\"", ", \"timeout\": 1")),
              HasSubstr("tool 1: unknown member \"timeout\" (known: type, function, command, timeout_seconds)"));
  EXPECT_THAT(refusal(R"([{"type": "function", "command": "true", "function": {"name": "a", "strict": true}}])"),
              HasSubstr("tool 1: function: unknown member \"strict\""));
  EXPECT_THAT(refusal(R"([{"type": "code", "command": "true", "function": {"name": "a"}}])"),
              HasSubstr("\"type\" must be \"function\", is \"code\""));
  EXPECT_THAT(refusal(R"([{"command": "true", "function": {"name": "a"}}])"), HasSubstr("\"type\" is missing"));
  EXPECT_THAT(refusal(R"([{"type": "function", "command": "true"}])"), HasSubstr("\"function\" is missing"));
  for (const std::string& name : std::vector<std::string>{"", "a b", "a/b", "é", std::string(65, 'a')}) {
    EXPECT_THAT(refusal(file_with("\"true\"", "", name)), HasSubstr("must be 1 to 64 of the characters")) << name;
  }
  EXPECT_EQ(refusal(file_with("\"true\"", "", std::string(64, 'a'))), "taken");
  EXPECT_EQ(refusal(file_with("\"true\"", "", "A.b_c-9")), "taken");
  const std::string one = file_with("\"true\"");
  EXPECT_THAT(refusal("[" + one.substr(1, one.size() - 2) + "," + one.substr(1)),
              HasSubstr("two tools are named \"count\""));
  for (const std::string command : {"\" \"", "[]", "[\"\"]", "[1]", "7", "\"a\\u0000b\""}) {
    EXPECT_THAT(refusal(file_with(command)), HasSubstr("\"command\" of tool \"count\": ")) << command;
  }
  for (const std::string seconds : {"0", "0.05", "3601", "-1"}) {
    EXPECT_THAT(refusal(file_with("\"true\"", ", \"timeout_seconds\": " + seconds)), HasSubstr("must be 0.1 to 3600"));
  }
  EXPECT_THAT(refusal(file_with("\"true\"", ", \"timeout_seconds\": \"5\"")), HasSubstr("must be a number"));
  EXPECT_THAT(
      refusal(
          R"([{"type": "function", "command": "true", "function": {"name": "a", "parameters": {"required": "x"}}}])"),
      HasSubstr("parameters: \"required\": must be an array of strings"));
  EXPECT_THAT(refusal(file_with("\"true\"", ", \"command\": \"false\"")), HasSubstr("is named twice"));
}

}  // namespace
}  // namespace hermes::generate
