// Formats, JSON, schemas, tool calls, reasoning.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/dress.h"
#include "verify/json_schema.h"
#include "verify/judging_for_test.h"

namespace hermes::verify {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string formatted(std::string_view format, std::string_view inner) {
  return fmt::format(R"({{"verifier": "format", "format": "{}", "inner": {}}})", format, inner);
}

constexpr std::string_view k12 = R"({"verifier": "number", "value": 12})";
constexpr std::string_view kTom = R"({"verifier": "text", "any_of": ["Tom"]})";
constexpr std::string_view kList = R"({"verifier": "list", "op": "sort_ascending", "items": [9, 3, 5]})";
constexpr std::string_view kDate = R"({"verifier": "calendar", "date": "2024-03-05", "add_days": 1})";
constexpr std::string_view kTime = R"({"verifier": "clock", "start": "09:45", "add_minutes": 130})";
constexpr std::string_view kYes = R"({"verifier": "yes_no", "comparison": "1 < 2"})";
constexpr std::string_view kKm = R"({"verifier": "number", "value": 1.5, "unit": "km"})";

TEST(Format, EveryFormatHoldsEveryAnswer) {
  EXPECT_GE(format_names().size(), 24u);
  const struct {
    std::string_view inner, right, wrong;
  } cases[] = {{k12, "12", "13"},
               {kTom, "Tom", "Tim"},
               {kList, "3, 5, 9", "3, 5"},
               {kDate, "2024-03-06", "2024-03-07"},
               {kDate, "March 6, 2024", "March 7, 2024"},
               {kTime, "11:55", "11:56"},
               {kYes, "yes", "no"},
               {kKm, "1.5 km", "1.5 m"}};
  for (const std::string_view format : format_names()) {
    for (const auto& c : cases) {
      const std::string spec = formatted(format, c.inner), right = dress(format, c.right);
      expect_passes(spec, {right, right + "\n", "  " + right});
      EXPECT_EQ(judged(spec, dress(format, c.wrong)), Outcome::kFail) << format << " " << c.wrong;
      EXPECT_EQ(undress(format, right), c.right) << format;
      expect_no_pass(
          spec, {right + "\n\nI hope this helps.", "x " + right, right + "\n" + right, right + right,
                 "The answer: " + right, "", dress(format, ""), dress(format, " "), dress(format, right),
                 dress(format, fmt::format("\n{}", c.right)), dress(format, fmt::format("The answer is {}", c.right))});
      for (const std::string_view other : format_names()) {
        const bool yaml_quotes = format == "yaml" && (other == "double_quotes" || other == "single_quotes");
        if (other != format && !yaml_quotes)
          expect_no_pass(spec, {dress(format, dress(other, c.right)), dress(other, right)});
      }
    }
  }
}

TEST(Format, NoFormatPassesForAnother) {
  for (const std::string_view written : format_names()) {
    for (const std::string_view asked : format_names()) {
      // [12] is a JSON list as well as 12 in square brackets.
      const bool both = (written == "json_list" && asked == "square_brackets") ||
                        (asked == "json_list" && written == "square_brackets");
      const Outcome outcome = judged(formatted(asked, k12), dress(written, "12"));
      EXPECT_EQ(outcome == Outcome::kPass, written == asked || both) << dress(written, "12") << " passed for " << asked;
    }
  }
}

TEST(Format, AnswersByEye) {
  const struct {
    std::string_view format, answer, text;
  } cases[] = {
      {"boxed", "12", "\\boxed{12}"},
      {"json_answer", "12", R"({"answer": 12})"},
      {"json_answer", "1.5", R"({"answer": 1.5})"},
      {"json_answer", "Tom", R"({"answer": "Tom"})"},
      {"json_answer", "3, 5, 9", R"({"answer": [3, 5, 9]})"},
      {"json_answer", "March 6, 2024", R"({"answer": "March 6, 2024"})"},
      {"json_answer", "1.50", R"({"answer": "1.50"})"},
      {"json_answer", "-4", R"({"answer": -4})"},
      {"json_answer", "He said \"no\"", R"({"answer": "He said \"no\""})"},
      {"json_list", "12", "[12]"},
      {"json_list", "fig, pear", R"(["fig", "pear"])"},
      {"code_block", "12", "```\n12\n```"},
      {"hash", "12", "#### 12"},
      {"final_sentence", "1.5", "The answer is 1.5."},
      {"table", "12", "| answer |\n|---|\n| 12 |"},
      {"csv", "12", "answer,12"},
      {"csv", "3, 5", "answer,\"3, 5\""},
      {"stars", "12", "*** 12 ***"},
  };
  for (const auto& c : cases) EXPECT_EQ(dress(c.format, c.answer), c.text);
}

TEST(Format, OtherSpellingsOfAFormat) {
  expect_passes(formatted("json_answer", k12),
                {R"({"answer":12})", "{\n  \"answer\": \"12\"\n}", R"({"answer": 12.0})"});
  expect_no_pass(formatted("json_answer", k12),
                 {R"({"Answer": 12})", R"({"answer": 12, "x": 1})", R"({"answer": {"answer": 12}})",
                  R"({"answer": 12} )"
                  "x",
                  R"({"answer": 11, "answer": 12})", R"(```json\n{"answer": 12}\n```)", R"({'answer': 12})",
                  R"({"answer": null})"});
  expect_passes(formatted("yaml", kTom), {"answer: Tom", "answer: \"Tom\"", "answer: 'Tom'"});
  expect_passes(formatted("table", k12), {"| answer |\n| --- |\n| 12 |", "|answer|\n|:---:|\n|12|"});
  expect_no_pass(formatted("table", k12),
                 {"| answer |\n| 12 |", "| answer |\n|---|\n| 12 | 13 |", "| result |\n|---|\n| 12 |"});
  expect_no_pass(formatted("bold", k12), {"**12", "12", "** 12 **", "***12***", "**\\boxed{12}**", "**`12`**",
                                          "**The answer is 12** "
                                          "x"});
  expect_no_pass(formatted("boxed", k12),
                 {"\\boxed 12", "$\\boxed{12}$", "\\boxed{12", "\\boxed{\\boxed{12}}", "\\boxed{\"12\"}"});
  EXPECT_THAT(refusal(formatted("cursive", k12)), HasSubstr("cursive"));
  EXPECT_THAT(refusal(formatted("bold", R"({"verifier": "numbr"})")),
              HasSubstr("inner: no verifier is called \"numbr\""));
  EXPECT_THAT(refusal(R"({"verifier": "format", "format": "bold"})"), HasSubstr("inner"));
}

TEST(Json, EqualAsValues) {
  const std::string_view spec = R"({"verifier": "json", "value": {"a": 1, "b": [true, null, "x"], "c": {"d": 2.5}}})";
  expect_passes(spec, {R"({"a": 1, "b": [true, null, "x"], "c": {"d": 2.5}})",
                       R"({"c":{"d":2.50},"b":[true,null,"\u0078"],"a":1.0})"});
  expect_no_pass(spec, {"", "{}", R"({"a": 1})", R"({"a": "1", "b": [true, null, "x"], "c": {"d": 2.5}})",
                        R"({"a": 1, "b": [null, true, "x"], "c": {"d": 2.5}})",
                        R"({"a": 1, "b": [true, null, "x"], "c": {"d": 2.5}, "e": 0})",
                        R"(Here: {"a": 1, "b": [true, null, "x"], "c": {"d": 2.5}})",
                        R"({"a": 1, "b": [true, null, "x"], "c": {"d": 2.5}} ok)",
                        R"({"a": 2, "a": 1, "b": [true, null, "x"], "c": {"d": 2.5}})",
                        "```json\n{\"a\": 1, \"b\": [true, null, \"x\"], \"c\": {\"d\": 2.5}}\n```"});
  const std::string_view fenced = R"({"verifier": "json", "value": [1], "allow_fence": true})";
  expect_passes(fenced, {"[1]", "```json\n[1]\n```", "```\n[1]\n```"});
  expect_no_pass(fenced,
                 {"```yaml\n[1]\n```", "```json\n[1]", "```json\n[1]\n```\nDone", "```json\n[2]\n```", "```json```"});
}

TEST(Json, NumbersExactly) {
  const auto equal = [](std::string_view a, std::string_view b) {
    return json_equal(parse_json(a, "a").value(), parse_json(b, "b").value());
  };
  EXPECT_TRUE(equal("1", "1.0"));
  EXPECT_TRUE(equal("1e3", "1000"));
  EXPECT_TRUE(equal("18446744073709551615", "18446744073709551615"));
  EXPECT_TRUE(equal("0", "-0.0"));
  EXPECT_FALSE(equal("9007199254740993", "9007199254740992.0"));
  EXPECT_FALSE(equal("18446744073709551615", "-1"));
  EXPECT_FALSE(equal("18446744073709551615", "18446744073709551616.0"));
  EXPECT_FALSE(equal("1", "1.5"));
  EXPECT_FALSE(equal("-1", "-1.5"));
  EXPECT_FALSE(equal("1", "true"));
  EXPECT_FALSE(equal("0", "null"));
  EXPECT_FALSE(equal("1", "\"1\""));
  EXPECT_TRUE(json_equal(json::value(uint64_t{3}), json::value(3)));
  EXPECT_FALSE(json_equal(json::value(uint64_t{3}), json::value(-3)));
}

std::vector<std::string> violations(std::string_view schema, std::string_view value) {
  const Result<JsonSchema> parsed = JsonSchema::parse(parse_json(schema, "schema").value(), "schema");
  if (!parsed.ok()) return {parsed.error().message()};
  return parsed->violations(parse_json(value, "value").value());
}

TEST(Schema, NamesWhatIsWrong) {
  const struct {
    std::string_view schema, value, violation;  // empty: valid
  } cases[] = {
      {R"({})", "1", ""},
      {R"(true)", "1", ""},
      {R"({"type": "integer"})", "1", ""},
      {R"({"type": "integer"})", "1.0", ""},
      {R"({"type": "integer"})", "1.5", "$: must be an integer, is a number"},
      {R"({"type": "integer"})", "\"1\"", "$: must be an integer, is a string"},
      {R"({"type": "number"})", "1", ""},
      {R"({"type": "number"})", "null", "$: must be a number, is null"},
      {R"({"type": "boolean"})", "0", "$: must be a boolean, is an integer"},
      {R"({"type": "null"})", "null", ""},
      {R"({"type": ["string", "null"]})", "null", ""},
      {R"({"type": ["string", "null"]})", "[]", "$: must be a string or null, is an array"},
      {R"({"type": "object", "properties": {"age": {"type": "integer"}}})", R"({"age": "x"})",
       "$.age: must be an integer, is a string"},
      {R"({"properties": {"age": {"type": "integer"}}})", R"({"name": "x"})", ""},
      {R"({"required": ["age"]})", R"({"name": "x"})", "$: \"age\" is missing"},
      {R"({"required": ["age"]})", R"({"age": null})", ""},
      {R"({"properties": {"a": {}}, "additionalProperties": false})", R"({"a": 1, "b": 2})", "$: \"b\" is not allowed"},
      {R"({"additionalProperties": {"type": "string"}})", R"({"b": 2})", "$.b: must be a string, is an integer"},
      {R"({"enum": ["red", 2]})", "\"blue\"", "$: must be one of \"red\", 2, is \"blue\""},
      {R"({"enum": ["red", 2]})", "2.0", ""},
      {R"({"const": [1]})", "[2]", "$: must be [1], is [2]"},
      {R"({"items": {"type": "string"}})", R"(["a", 1])", "$[1]: must be a string, is an integer"},
      {R"({"minItems": 2})", "[1]", "$: must have at least 2 items, has 1"},
      {R"({"maxItems": 1})", "[1, 2]", "$: must have at most 1 items, has 2"},
      {R"({"uniqueItems": true})", "[1, 2, 1.0]", "$[2]: is there twice"},
      {R"({"minimum": 3})", "3", ""},
      {R"({"minimum": 3})", "2.5", "$: must be at least 3, is 2.5"},
      {R"({"maximum": 3})", "4", "$: must be at most 3, is 4"},
      {R"({"exclusiveMinimum": 3})", "3", "$: must be above 3, is 3"},
      {R"({"exclusiveMaximum": 3})", "3", "$: must be below 3, is 3"},
      {R"({"minLength": 2})", "\"\u00e9\"", "$: must have at least 2 characters, has 1"},
      {R"({"maxLength": 1})", "\"\u00e9\"", ""},
      {R"({"maxLength": 1})", "12345", ""},
      {R"({"properties": {"a": {"items": {"properties": {"b": {"minimum": 1}}}}}})", R"({"a": [{"b": 1}, {"b": 0}]})",
       "$.a[1].b: must be at least 1, is 0"},
  };
  for (const auto& c : cases) {
    if (c.violation.empty()) {
      EXPECT_THAT(violations(c.schema, c.value), IsEmpty()) << c.schema << " " << c.value;
    } else {
      EXPECT_THAT(violations(c.schema, c.value), ElementsAre(std::string(c.violation))) << c.schema << " " << c.value;
    }
  }
}

TEST(Schema, ListsAllViolationsButNotEndlessly) {
  EXPECT_EQ(violations(R"({"required": ["a", "b"], "properties": {"c": {"type": "null"}}})", R"({"c": 1})").size(), 3u);
  std::string many = "[0";
  for (int i = 0; i < 1000; ++i) many += ",0";
  EXPECT_EQ(violations(R"({"items": {"type": "string"}})", many + "]").size(), JsonSchema::kMostViolations);
}

TEST(Schema, RefusesWhatItDoesNotKnow) {
  for (const std::string_view schema :
       {R"({"pattern": "a"})", R"({"anyOf": []})", R"({"$ref": "#"})", R"({"properties": {"a": {"format": "date"}}})",
        R"({"type": "int"})", R"({"type": []})", R"({"required": "a"})", R"({"enum": []})", R"({"minItems": -1})",
        R"({"minLength": 1.5})", R"({"minimum": "1"})", R"({"items": 1})", R"({"properties": []})",
        R"({"uniqueItems": 1})", "3"}) {
    const Result<JsonSchema> parsed = JsonSchema::parse(parse_json(schema, "schema").value(), "here");
    ASSERT_FALSE(parsed.ok()) << schema;
    EXPECT_THAT(parsed.error().message(), HasSubstr("here"));
  }
  EXPECT_THAT(refusal(R"({"verifier": "schema", "schema": {"properties": {"a": {"pattern": "x"}}}})"),
              HasSubstr("schema: properties.a: pattern: this schema keyword is not supported"));
  EXPECT_THAT(refusal(R"({"verifier": "schema", "schema": {"type": "string"}, "value": 1})"),
              HasSubstr("breaks the schema"));
}

TEST(Schema, Judges) {
  const std::string_view spec =
      R"({"verifier": "schema", "schema": {"type": "object", "properties": {"age": {"type": "integer"}},
                                    "required": ["age"], "additionalProperties": false}})";
  expect_passes(spec, {R"({"age": 5})", "{\"age\": 0}\n"});
  expect_no_pass(spec, {"", "{}", R"({"age": "5"})", R"({"age": 5, "x": 1})", R"([{"age": 5}])", R"(It is {"age": 5})",
                        R"({"age": 5)", R"({"age": 1, "age": 5})"});
  const std::string_view valued = R"({"verifier": "schema", "schema": {"type": "object"}, "value": {"age": 5}})";
  expect_passes(valued, {R"({"age": 5})"});
  expect_no_pass(valued, {R"({"age": 6})"});
}

chat::Reply with_calls(std::string_view text) { return chat::parse_reply(text); }

Outcome calls_judged(std::string_view spec, std::string_view text) { return verdict(spec, with_calls(text)).outcome; }

TEST(ToolCalls, ExactlyThese) {
  const std::string a = R"(<tool_call>{"name": "add", "arguments": {"x": 1, "y": 2}}</tool_call>)";
  const std::string b = R"(<tool_call>{"name": "add", "arguments": {"y": 5, "x": 4.0}}</tool_call>)";
  const std::string any = R"({"verifier": "tool_calls", "calls": [{"name": "add", "arguments": {"x": 1, "y": 2}},
                                                                   {"name": "add", "arguments": {"x": 4, "y": 5}}]})";
  std::string given = any;
  given.insert(given.size() - 1, R"(, "order": "given")");
  EXPECT_EQ(calls_judged(any, a + b), Outcome::kPass);
  EXPECT_EQ(calls_judged(any, b + "\n" + a), Outcome::kPass);
  EXPECT_EQ(calls_judged(given, "I add. " + a + b), Outcome::kPass);
  EXPECT_EQ(calls_judged(given, b + a), Outcome::kFail);
  for (const std::string& spec : {any, given}) {
    EXPECT_EQ(calls_judged(spec, a), Outcome::kFail);
    EXPECT_EQ(calls_judged(spec, a + a), Outcome::kFail);
    EXPECT_EQ(calls_judged(spec, a + b + b), Outcome::kFail);
    EXPECT_EQ(calls_judged(spec, ""), Outcome::kFail);
    EXPECT_EQ(calls_judged(spec, a + b + "<tool_call>{</tool_call>"), Outcome::kFail);
    EXPECT_EQ(calls_judged(spec, a + R"(<tool_call>{"name": "add", "arguments": {"x": "4", "y": 5}}</tool_call>)"),
              Outcome::kFail);
    EXPECT_EQ(calls_judged(spec, a + R"(<tool_call>{"name": "Add", "arguments": {"x": 4, "y": 5}}</tool_call>)"),
              Outcome::kFail);
    EXPECT_EQ(
        calls_judged(spec, a + R"(<tool_call>{"name": "add", "arguments": {"x": 4, "y": 5, "z": 0}}</tool_call>)"),
        Outcome::kFail);
  }
  const std::string_view none = R"({"verifier": "tool_calls", "calls": []})";
  EXPECT_EQ(calls_judged(none, "No tool is needed."), Outcome::kPass);
  EXPECT_EQ(calls_judged(none, a), Outcome::kFail);
  EXPECT_EQ(calls_judged(none, "<tool_call>{"), Outcome::kFail);
  const std::string_view silent =
      R"({"verifier": "tool_calls", "calls": [{"name": "add", "arguments": {"x": 1, "y": 2}}], "content_empty": true})";
  EXPECT_EQ(calls_judged(silent, "<think>hm</think>" + a), Outcome::kPass);
  EXPECT_EQ(calls_judged(silent, "Well: " + a), Outcome::kFail);
  EXPECT_THAT(refusal(R"({"verifier": "tool_calls", "calls": [{"name": "add"}]})"),
              HasSubstr("\"arguments\" is missing"));
  EXPECT_THAT(refusal(R"({"verifier": "tool_calls", "calls": [{"name": "add", "arguments": {}, "id": 1}]})"),
              HasSubstr("unknown field \"id\""));
}

TEST(ReplyHasReasoning, Judges) {
  const std::string_view with = R"({"verifier": "reply_has_reasoning", "value": true})",
                         without = R"({"verifier": "reply_has_reasoning", "value": false})";
  EXPECT_EQ(calls_judged(with, "<think>a</think>b"), Outcome::kPass);
  EXPECT_EQ(calls_judged(with, "b"), Outcome::kFail);
  EXPECT_EQ(calls_judged(with, "<think> </think>b"), Outcome::kFail);
  EXPECT_EQ(calls_judged(with, "<think>a"), Outcome::kFail);
  EXPECT_EQ(calls_judged(without, "b"), Outcome::kPass);
  EXPECT_EQ(calls_judged(without, "<think>\n</think>b"), Outcome::kPass);
  EXPECT_EQ(calls_judged(without, "<think>a</think>b"), Outcome::kFail);
  EXPECT_EQ(calls_judged(without, "<think>a"), Outcome::kFail);
  EXPECT_NE(refusal(R"({"verifier": "reply_has_reasoning"})"), "");
}

}  // namespace
}  // namespace hermes::verify
