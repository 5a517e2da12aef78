// Every verifier beside every kind of garbage: no pass, no crash, and no more time than the text's length asks for.
#include <gtest/gtest.h>

#include <chrono>

#include "verify/judging_for_test.h"

namespace hermes::verify {
namespace {

constexpr size_t kBytes = 1 << 17;
// Generous to sanitizers and busy machines; what is quadratic in kBytes takes minutes.
constexpr std::chrono::seconds kAllowed{10};

const std::vector<std::string>& specifications() {
  static const std::vector<std::string> all{
      R"({"verifier": "number", "value": 12})",
      R"({"verifier": "number", "value": 12, "unit": "km"})",
      R"({"verifier": "text", "any_of": ["Tom"]})",
      R"({"verifier": "yes_no", "comparison": "1 < 2"})",
      R"({"verifier": "list", "op": "reverse", "items": [1, 2, 3]})",
      R"({"verifier": "list", "op": "reverse", "items": ["ab", "a b", "b"]})",
      R"({"verifier": "list", "op": "evens", "items": [1]})",
      R"({"verifier": "pick", "op": "first", "items": ["ab", "a", "b"]})",
      R"({"verifier": "string", "op": "reverse", "text": "stone"})",
      R"({"verifier": "clock", "start": "09:45", "add_minutes": 1})",
      R"({"verifier": "clock", "start": "09:45", "end": "10:00"})",
      R"({"verifier": "calendar", "weekday": "Monday", "add_days": 1})",
      R"({"verifier": "calendar", "date": "2024-03-05", "add_days": 1})",
      R"({"verifier": "units", "value": 1, "from": "km", "to": "m"})",
      R"({"verifier": "ordering", "facts": [["a", ">", "b"]], "question": {"kind": "top"}})",
      R"({"verifier": "ordering", "facts": [["a", ">", "b"]], "question": {"kind": "full"}})",
      R"({"verifier": "format", "format": "boxed", "inner": {"verifier": "number", "value": 12}})",
      R"({"verifier": "format", "format": "table", "inner": {"verifier": "number", "value": 12}})",
      R"({"verifier": "format", "format": "json_list", "inner": {"verifier": "number", "value": 12}})",
      R"({"verifier": "json", "value": [1], "allow_fence": true})",
      R"({"verifier": "schema", "schema": {"type": "array", "uniqueItems": true, "maxItems": 3}})",
      R"({"verifier": "tool_calls", "calls": [{"name": "a", "arguments": {}}]})",
      R"({"verifier": "reply_has_reasoning", "value": true})",
      R"({"verifier": "style", "words": 7, "sentences": 7, "contains": "ahoy"})",
      R"({"verifier": "words", "exactly": 7})",
      R"({"verifier": "sentences", "exactly": 7})",
      R"({"verifier": "trace"})",
  };
  return all;
}

void attack(const std::string& content, const std::string& reasoning, const std::string& name) {
  chat::Reply reply;
  reply.content = content;
  reply.reasoning = reasoning;
  for (const std::string& spec : specifications()) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_NE(verdict(spec, reply).outcome, Outcome::kPass) << spec << "\n  " << name;
    EXPECT_LT(std::chrono::steady_clock::now() - start, kAllowed) << spec << "\n  " << name;
  }
}

TEST(Garbage, Short) {
  using namespace std::string_literals;
  for (const std::string& text : {""s,
                                  " "s,
                                  "\n\n"s,
                                  "\0"s,
                                  "\xff\xfe"s,
                                  "\xc3"s,
                                  "\xed\xa0\x80"s,
                                  "."s,
                                  "="s,
                                  "\\boxed{"s,
                                  "}"s,
                                  "\\boxed{}}"s,
                                  "**"s,
                                  "\""s,
                                  "answer is"s,
                                  "answer:"s,
                                  "the answer is is is"s,
                                  "-"s,
                                  "--5"s,
                                  "1/0"s,
                                  "\\frac{1}{0}"s,
                                  "\\frac{"s,
                                  "\\frac{1"s,
                                  "\\frac{1}{"s,
                                  "\\"s,
                                  "NaN"s,
                                  "inf"s,
                                  "1e99999999999999999999"s,
                                  "0x12"s,
                                  "\xe2\x88\x92"s,
                                  "```"s,
                                  "``````"s,
                                  "```json\n```"s,
                                  "|"s,
                                  "||"s,
                                  "{"s,
                                  "[]"s.substr(0, 1),
                                  ":"s,
                                  "99:99"s,
                                  "9999-99-99"s,
                                  "\xef\xbb\xbf"s,
                                  "\xf0\x9f\x98\x80"s}) {
    attack(text, text, testing::PrintToString(text));
  }
}

TEST(Garbage, Long) {
  for (const std::string_view unit : {"1",
                                      "0",
                                      "9,",
                                      "123,",
                                      "1.",
                                      "1/",
                                      "12 ",
                                      "1\n",
                                      "(",
                                      ")",
                                      "[",
                                      "{",
                                      "\\boxed{",
                                      "\\boxed{1}",
                                      "\\frac{",
                                      "\"",
                                      "'",
                                      "*",
                                      "**",
                                      "`",
                                      "$",
                                      "-",
                                      "- ",
                                      "=",
                                      "1=",
                                      "1+",
                                      "1+1=",
                                      "<",
                                      "1<",
                                      "(1<",
                                      "1<1 and ",
                                      "not ",
                                      "true and ",
                                      "true=",
                                      "answer is ",
                                      "answer: ",
                                      "answer ",
                                      "result",
                                      "a",
                                      "a ",
                                      "a, ",
                                      "a is ",
                                      "ab and ",
                                      "yes ",
                                      "no, ",
                                      "or ",
                                      ".",
                                      ". ",
                                      "?",
                                      "\n",
                                      "\n- ",
                                      "1. a\n",
                                      "09:45 ",
                                      "09:45",
                                      "2024-03-05",
                                      "March 5, ",
                                      "5 of ",
                                      "am ",
                                      "Monday",
                                      "[1,",
                                      "{\"a\":",
                                      "[1],",
                                      "1,1,",
                                      "| ",
                                      "|\n",
                                      "\xc3\xa9",
                                      "\xe2\x88\x92",
                                      "\xe3\x80\x82",
                                      "\\text{",
                                      "e1",
                                      "1e1",
                                      "km ",
                                      "1 km ",
                                      "- 1 "}) {
    std::string text;
    while (text.size() < kBytes) text += unit;
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
    chat::Reply reply;
    reply.content = text;
    reply.reasoning = text;
    for (const std::string& spec : specifications()) {
      // Some of these are right by their nature: they have no wrong statement, and a reasoning.
      const bool judges_reasoning =
          spec.find("trace") != std::string::npos || spec.find("reasoning") != std::string::npos;
      const auto start = std::chrono::steady_clock::now();
      const Outcome outcome = verdict(spec, reply).outcome;
      EXPECT_LT(std::chrono::steady_clock::now() - start, kAllowed) << spec << "\n  " << unit;
      if (!judges_reasoning && unit != "yes " && unit != "a" && unit != "a ") {
        EXPECT_NE(outcome, Outcome::kPass) << spec << "\n  " << unit;
      }
    }
  }
}

TEST(Garbage, DeepJson) {
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
    std::string text;
    for (size_t i = 0; i < 100000; ++i) text += open;
    text += "1";
    for (size_t i = 0; i < 100000; ++i) text += close;
    attack(text, "", open);
  }
}

TEST(Garbage, NumbersOfAMillionDigits) {
  const std::string spec = R"({"verifier": "number", "value": 12})";
  const std::string digits(1000000, '7'), zeros(1000000, '0');
  EXPECT_NE(judged(spec, digits), Outcome::kPass);
  EXPECT_NE(judged(spec, "12." + digits), Outcome::kPass);
  EXPECT_NE(judged(spec, "0." + zeros + "12"), Outcome::kPass);
  EXPECT_NE(judged(spec, "12" + zeros), Outcome::kPass);
  EXPECT_EQ(judged(spec, zeros + "12." + zeros), Outcome::kPass);  // which is 12
  chat::Reply reply;
  reply.reasoning = digits + " + 1 = " + digits;
  EXPECT_EQ(verdict(R"({"verifier": "trace"})", reply).outcome, Outcome::kCouldNotTell);
}

}  // namespace
}  // namespace hermes::verify
